//! The Worker's side of a namespace's Durable Object: one typed method for each call.

use super::call::{Call, Listing, MappedToken, NamespaceInfo, Refusal, Reply, RepoPage, Reservation, TokenRepo};
use crate::account::call::NamespaceReport;
use crate::durable::{Failure, Wire, ask};
use crate::repo::call::{RepoInfo, Status};

/// One namespace's object, at the end of a wire.
#[derive(Debug, Clone)]
pub(crate) struct NamespaceClient<W> {
    wire: W,
}

impl<W: Wire> NamespaceClient<W> {
    /// The namespace whose object `wire` leads to.
    pub(crate) fn new(wire: W) -> Self {
        Self { wire }
    }

    /// Makes the namespace, and returns what the account is to hear.
    pub(crate) async fn create(&self, namespace: String) -> Result<Result<NamespaceReport, Refusal>, Failure> {
        self.change(&Call::Create { namespace }).await
    }

    /// How the namespace stands, if there is one.
    pub(crate) async fn info(&self) -> Result<Option<NamespaceInfo>, Failure> {
        match self.ask(&Call::Info).await? {
            Reply::Namespace(info) => Ok(info),
            _ => Err(unexpected()),
        }
    }

    /// Ends the namespace, and returns what the account is to hear.
    pub(crate) async fn delete(&self) -> Result<Result<NamespaceReport, Refusal>, Failure> {
        self.change(&Call::Delete).await
    }

    /// Says that the account has heard of that version.
    pub(crate) async fn heard(&self, version: u64) -> Result<(), Failure> {
        self.tell(&Call::Heard { version }).await
    }

    /// Keeps a name, and returns what the account is to hear before a repo has it.
    pub(crate) async fn reserve(&self, new: Reservation) -> Result<Result<Option<NamespaceReport>, Refusal>, Failure> {
        match ask(&self.wire, &Call::Reserve(new), &[]).await?.result {
            Ok(Reply::Reserved { unregistered }) => Ok(Ok(unregistered)),
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Says how a repo stands.
    pub(crate) async fn report(&self, info: RepoInfo) -> Result<(), Failure> {
        self.tell(&Call::Report(info)).await
    }

    /// Says that an incarnation is gone.
    pub(crate) async fn remove(&self, repo_id: String) -> Result<(), Failure> {
        self.remove_with(repo_id, 0).await
    }

    /// The same of one that has brought bytes which others still hold.
    pub(crate) async fn remove_with(&self, repo_id: String, held_size: u64) -> Result<(), Failure> {
        self.tell(&Call::Remove { repo_id, held_size }).await
    }

    /// Enters a token.
    pub(crate) async fn map_token(&self, token: MappedToken) -> Result<(), Failure> {
        self.tell(&Call::MapToken(token)).await
    }

    /// The repo that a token belongs to.
    pub(crate) async fn find_token(&self, token_id: String) -> Result<Option<TokenRepo>, Failure> {
        match self.ask(&Call::FindToken { token_id }).await? {
            Reply::TokenRepo(repo) => Ok(repo),
            _ => Err(unexpected()),
        }
    }

    /// What is under way for which a name is kept.
    pub(crate) async fn reserved_for(&self, name: String) -> Result<Option<Status>, Failure> {
        match self.ask(&Call::IsReserved { name }).await? {
            Reply::ReservedFor(status) => Ok(status),
            _ => Err(unexpected()),
        }
    }

    /// One page of repos.
    pub(crate) async fn list(&self, listing: Listing) -> Result<RepoPage, Failure> {
        match self.ask(&Call::List(listing)).await? {
            Reply::Repos(page) => Ok(page),
            _ => Err(unexpected()),
        }
    }

    async fn change(&self, call: &Call) -> Result<Result<NamespaceReport, Refusal>, Failure> {
        match ask(&self.wire, call, &[]).await?.result {
            Ok(Reply::Changed(report)) => Ok(Ok(report)),
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    async fn tell(&self, call: &Call) -> Result<(), Failure> {
        match self.ask(call).await? {
            Reply::Done => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// For calls that are never refused.
    async fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        let result: Result<Reply, Refusal> = ask(&self.wire, call, &[]).await?.result;
        result.map_err(|refusal| Failure::shape("a call that is never refused", format_args!("{refusal:?}")))
    }
}

fn unexpected() -> Failure {
    Failure::shape("the reply to this call", "another")
}
