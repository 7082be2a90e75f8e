//! The Worker's side of the account's Durable Object: one typed method for each call.

use super::call::{Call, NamespaceListing, NamespacePage, NamespaceReport, Reply};
use crate::durable::{Failure, Never, Wire, ask};

/// The account's object, at the end of a wire.
#[derive(Debug, Clone)]
pub(crate) struct AccountClient<W> {
    wire: W,
}

impl<W: Wire> AccountClient<W> {
    /// The account whose object `wire` leads to.
    pub(crate) fn new(wire: W) -> Self {
        Self { wire }
    }

    /// Says how a namespace stands.
    pub(crate) async fn report(&self, report: NamespaceReport) -> Result<(), Failure> {
        match self.ask(&Call::Report(report)).await? {
            Reply::Done => Ok(()),
            _ => Err(unexpected()),
        }
    }

    /// One page of namespaces.
    pub(crate) async fn list(&self, listing: NamespaceListing) -> Result<NamespacePage, Failure> {
        match self.ask(&Call::List(listing)).await? {
            Reply::Namespaces(page) => Ok(page),
            _ => Err(unexpected()),
        }
    }

    /// How many bytes are stored, by what the namespaces have reported.
    pub(crate) async fn usage(&self) -> Result<u64, Failure> {
        match self.ask(&Call::Usage).await? {
            Reply::Usage { size } => Ok(size),
            _ => Err(unexpected()),
        }
    }

    async fn ask(&self, call: &Call) -> Result<Reply, Failure> {
        let result: Result<Reply, Never> = ask(&self.wire, call, &[]).await?.result;
        match result {
            Ok(reply) => Ok(reply),
            Err(never) => match never {},
        }
    }
}

fn unexpected() -> Failure {
    Failure::shape("the reply to this call", "another")
}
