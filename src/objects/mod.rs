//! The Durable Objects of this deployment, by name.

#[cfg(test)]
mod memory;

use worker::{Env, Stub};

use crate::account::AccountClient;
use crate::config;
use crate::durable::{Failure, Wire};
use crate::events::EventsClient;
use crate::maintenance::MaintenanceClient;
use crate::names::{NamespaceName, RepoName};
use crate::namespace::NamespaceClient;
use crate::repo::RepoClient;

#[cfg(test)]
pub(crate) use memory::{MemoryObjects, REPO_STORAGE_MAX, UNREACHABLE_GRACE_MS, UPLOAD_GRACE_MS};

/// The way to every Durable Object.
pub(crate) trait Objects {
    /// What leads to one of them.
    type Wire: Wire;

    /// The object of a repo, whether or not there is one.
    fn repo(&self, namespace: &NamespaceName, repo: &RepoName) -> Result<RepoClient<Self::Wire>, Failure>;

    /// The directory of a namespace's repos.
    fn namespace(&self, namespace: &NamespaceName) -> Result<NamespaceClient<Self::Wire>, Failure>;

    /// The directory of an account's namespaces.
    fn account(&self, account_id: &str) -> Result<AccountClient<Self::Wire>, Failure>;

    /// What merges and collects the packs of a repo.
    fn maintenance(&self, namespace: &NamespaceName, repo: &RepoName)
    -> Result<MaintenanceClient<Self::Wire>, Failure>;

    /// One of the stores of metrics events: that of a namespace is [`crate::events::shard_of`].
    fn events(&self, shard: u8) -> Result<EventsClient<Self::Wire>, Failure>;
}

/// The Durable Objects that this Worker is bound to.
#[derive(Debug)]
pub(crate) struct DurableObjects<'a> {
    env: &'a Env,
}

impl<'a> DurableObjects<'a> {
    pub(crate) fn new(env: &'a Env) -> Self {
        Self { env }
    }

    fn stub(&self, binding: &str, name: &str) -> Result<Stub, Failure> {
        Ok(self.env.durable_object(binding)?.id_from_name(name)?.get_stub()?)
    }
}

impl Objects for DurableObjects<'_> {
    type Wire = Stub;

    fn repo(&self, namespace: &NamespaceName, repo: &RepoName) -> Result<RepoClient<Stub>, Failure> {
        self.stub(config::REPOS, &repo_object_name(namespace, repo)).map(RepoClient::new)
    }

    fn namespace(&self, namespace: &NamespaceName) -> Result<NamespaceClient<Stub>, Failure> {
        self.stub(config::NAMESPACES, &namespace.key()).map(NamespaceClient::new)
    }

    fn account(&self, account_id: &str) -> Result<AccountClient<Stub>, Failure> {
        self.stub(config::ACCOUNTS, account_id).map(AccountClient::new)
    }

    fn maintenance(&self, namespace: &NamespaceName, repo: &RepoName) -> Result<MaintenanceClient<Stub>, Failure> {
        let stub = self.stub(config::MAINTENANCE, &repo_object_name(namespace, repo))?;
        Ok(MaintenanceClient::new(stub, namespace, repo))
    }

    fn events(&self, shard: u8) -> Result<EventsClient<Stub>, Failure> {
        self.stub(config::EVENTS, &shard.to_string()).map(EventsClient::new)
    }
}

/// The name of a repo's object. No name has a slash, so no two repos share one.
fn repo_object_name(namespace: &NamespaceName, repo: &RepoName) -> String {
    format!("{}/{}", namespace.key(), repo.key())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repo_is_addressed_without_regard_to_case() {
        let (namespace, repo) = (NamespaceName::parse("Default").unwrap(), RepoName::parse("Starter-Repo").unwrap());
        assert_eq!(repo_object_name(&namespace, &repo), "default/starter-repo");
    }
}
