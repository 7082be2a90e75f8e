//! The Worker's side of a namespace's Durable Object: one typed method for each call.

use super::call::{Call, Listing, MappedToken, Refusal, Reply, RepoPage, Reservation, TokenRepo};
use crate::durable::{Failure, Wire, ask};
use crate::repo::call::RepoInfo;

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

    /// Keeps a name, and returns whether the account knows the namespace.
    pub(crate) async fn reserve(&self, new: Reservation) -> Result<Result<bool, Refusal>, Failure> {
        match ask(&self.wire, &Call::Reserve(new), &[]).await?.result {
            Ok(Reply::Reserved { registered }) => Ok(Ok(registered)),
            Ok(_) => Err(unexpected()),
            Err(refusal) => Ok(Err(refusal)),
        }
    }

    /// Says that the account knows the namespace.
    pub(crate) async fn registered(&self) -> Result<(), Failure> {
        self.tell(&Call::Registered).await
    }

    /// Says how a repo stands.
    pub(crate) async fn report(&self, info: RepoInfo) -> Result<(), Failure> {
        self.tell(&Call::Report(info)).await
    }

    /// Says that an incarnation is gone.
    pub(crate) async fn remove(&self, repo_id: String) -> Result<(), Failure> {
        self.tell(&Call::Remove { repo_id }).await
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

    /// Whether a name is kept for a repo that is being made.
    pub(crate) async fn is_reserved(&self, name: String) -> Result<bool, Failure> {
        match self.ask(&Call::IsReserved { name }).await? {
            Reply::IsReserved(reserved) => Ok(reserved),
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
