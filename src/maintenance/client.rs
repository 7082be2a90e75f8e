//! The way to a repo's maintenance.

use super::call::Call;
use crate::durable::{Failure, Wire, tell};
use crate::names::{NamespaceName, RepoName};
use crate::repo::Work;

/// A repo's maintenance, at the end of a wire.
#[derive(Debug, Clone)]
pub(crate) struct MaintenanceClient<W> {
    wire: W,
    namespace: String,
    repo: String,
}

impl<W: Wire> MaintenanceClient<W> {
    /// The maintenance of this repo, which `wire` leads to.
    pub(crate) fn new(wire: W, namespace: &NamespaceName, repo: &RepoName) -> Self {
        Self { wire, namespace: namespace.to_string(), repo: repo.to_string() }
    }

    /// Says that there is something to do; returns when that has been noted.
    pub(crate) async fn begin(&self, work: Work) -> Result<(), Failure> {
        let call = Call::Begin { namespace: self.namespace.clone(), repo: self.repo.clone(), work };
        tell(&self.wire, &call).await
    }
}
