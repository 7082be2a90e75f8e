//! The Durable Objects of this deployment, by name.

#[cfg(test)]
mod memory;

use std::rc::Rc;

use worker::Env;

use crate::account::AccountClient;
use crate::config;
use crate::durable::{Failure, ObjectWire, Wire};
use crate::events::EventsClient;
use crate::maintenance::MaintenanceClient;
use crate::meter::Meter;
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
    meter: Rc<Meter>,
}

impl<'a> DurableObjects<'a> {
    /// Those that are asked at the cost of one request.
    pub(crate) fn new(env: &'a Env, meter: &Rc<Meter>) -> Self {
        Self { env, meter: Rc::clone(meter) }
    }

    fn wire(&self, binding: &str, name: &str) -> Result<ObjectWire, Failure> {
        let stub = self.env.durable_object(binding)?.id_from_name(name)?.get_stub()?;
        Ok(ObjectWire::new(stub, &self.meter))
    }
}

impl Objects for DurableObjects<'_> {
    type Wire = ObjectWire;

    fn repo(&self, namespace: &NamespaceName, repo: &RepoName) -> Result<RepoClient<ObjectWire>, Failure> {
        self.wire(config::REPOS, &repo_object_name(namespace, repo)).map(RepoClient::new)
    }

    fn namespace(&self, namespace: &NamespaceName) -> Result<NamespaceClient<ObjectWire>, Failure> {
        self.wire(config::NAMESPACES, &namespace.key()).map(NamespaceClient::new)
    }

    fn account(&self, account_id: &str) -> Result<AccountClient<ObjectWire>, Failure> {
        self.wire(config::ACCOUNTS, account_id).map(AccountClient::new)
    }

    fn maintenance(
        &self,
        namespace: &NamespaceName,
        repo: &RepoName,
    ) -> Result<MaintenanceClient<ObjectWire>, Failure> {
        let wire = self.wire(config::MAINTENANCE, &repo_object_name(namespace, repo))?;
        Ok(MaintenanceClient::new(wire, namespace, repo))
    }

    fn events(&self, shard: u8) -> Result<EventsClient<ObjectWire>, Failure> {
        self.wire(config::EVENTS, &shard.to_string()).map(EventsClient::new)
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
