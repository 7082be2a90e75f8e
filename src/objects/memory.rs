//! Every Durable Object in memory, with a clock that stands still and a wire that fails on demand.

use std::cell::{Cell, RefCell};
use std::collections::HashMap;
use std::rc::Rc;

use super::{Objects, repo_object_name};
use crate::account::{self, AccountClient};
use crate::config::EVENTS_STORED_MAX;
use crate::durable::{Failure, Fault, MemoryDatabase, MemoryWire, Serve, ready};
use crate::events::{self, EventsClient};
use crate::maintenance::{self, MaintenanceClient};
use crate::names::{NamespaceName, RepoName};
use crate::namespace::{self, NamespaceClient};
use crate::repo::{self, Moment, RepoClient};
use crate::store::reclaim::MemoryReclaim;

/// Graces of the objects in memory.
pub(crate) const UPLOAD_GRACE_MS: u64 = 60_000;
pub(crate) const UNREACHABLE_GRACE_MS: u64 = 1_000_000;
/// What a repo in memory may hold, in bytes.
pub(crate) const REPO_STORAGE_MAX: u64 = 1_000_000_000;

/// A deployment's Durable Objects, made when they are first asked for, as the platform's are.
#[derive(Default)]
pub(crate) struct MemoryObjects {
    databases: RefCell<HashMap<String, Rc<MemoryDatabase>>>,
    clock: Rc<Cell<u64>>,
    fault: Rc<RefCell<Option<(u32, Fault)>>>,
}

impl MemoryObjects {
    /// Now, for all of them.
    pub(crate) fn now(&self) -> u64 {
        self.clock.get()
    }

    /// The same with what a deployment says of time and room.
    pub(crate) fn moment(&self) -> Moment {
        moment(self.now())
    }

    /// Moves the clock on.
    pub(crate) fn wait(&self, ms: u64) {
        self.clock.set(self.clock.get() + ms);
    }

    /// After this many more calls, one goes wrong.
    pub(crate) fn fail_after(&self, calls: u32, fault: Fault) {
        *self.fault.borrow_mut() = Some((calls, fault));
    }

    /// Whether the fault that was asked for has struck.
    pub(crate) fn has_failed(&self) -> bool {
        self.fault.borrow().is_none()
    }

    /// Nothing goes wrong from here on.
    pub(crate) fn heal(&self) {
        *self.fault.borrow_mut() = None;
    }

    /// Lets the alarm of a repo's object go off, if it is set.
    pub(crate) fn ring_repo(&self, namespace: &NamespaceName, repo: &RepoName) {
        let db = self.repo_database(namespace, repo);
        if db.take_alarm().is_some() {
            ready(repo::perform(&*db, self, &MemoryReclaim::default(), || self.moment())).unwrap();
        }
    }

    /// Lets the alarm of a namespace's object go off, if it is set.
    pub(crate) fn ring_namespace(&self, namespace: &NamespaceName, account_id: &str) {
        let db = self.namespace_database(namespace);
        if db.take_alarm().is_some() {
            ready(namespace::perform(&*db, self, account_id, || self.now())).unwrap();
        }
    }

    /// Lets the alarm of a store of events go off, if it is set.
    pub(crate) fn ring_events(&self, shard: u8) {
        let db = self.events_database(shard);
        if db.take_alarm().is_some() {
            events::perform(&*db, self.now(), EVENTS_STORED_MAX).unwrap();
        }
    }

    /// The database of a repo's object.
    pub(crate) fn repo_database(&self, namespace: &NamespaceName, repo: &RepoName) -> Rc<MemoryDatabase> {
        self.database(&format!("repo {}", repo_object_name(namespace, repo)))
    }

    /// The database of a namespace's object.
    pub(crate) fn namespace_database(&self, namespace: &NamespaceName) -> Rc<MemoryDatabase> {
        self.database(&format!("namespace {}", namespace.key()))
    }

    /// The database of a repo's maintenance.
    pub(crate) fn maintenance_database(&self, namespace: &NamespaceName, repo: &RepoName) -> Rc<MemoryDatabase> {
        self.database(&format!("maintenance {}", repo_object_name(namespace, repo)))
    }

    /// The database of a store of events.
    pub(crate) fn events_database(&self, shard: u8) -> Rc<MemoryDatabase> {
        self.database(&format!("events {shard}"))
    }

    fn database(&self, name: &str) -> Rc<MemoryDatabase> {
        Rc::clone(self.databases.borrow_mut().entry(name.to_owned()).or_default())
    }

    fn wire(&self, serve: Serve) -> MemoryWire {
        MemoryWire::new(serve, Rc::clone(&self.fault))
    }
}

fn moment(now: u64) -> Moment {
    Moment {
        now,
        upload_grace_ms: UPLOAD_GRACE_MS,
        unreachable_grace_ms: UNREACHABLE_GRACE_MS,
        storage_max: REPO_STORAGE_MAX,
    }
}

impl Objects for MemoryObjects {
    type Wire = MemoryWire;

    fn repo(&self, namespace: &NamespaceName, repo: &RepoName) -> Result<RepoClient<MemoryWire>, Failure> {
        let (db, clock) = (self.repo_database(namespace, repo), Rc::clone(&self.clock));
        let serve = move |frame| repo::answer_frame(&*db, &moment(clock.get()), frame);
        Ok(RepoClient::new(self.wire(Rc::new(serve))))
    }

    fn namespace(&self, namespace: &NamespaceName) -> Result<NamespaceClient<MemoryWire>, Failure> {
        let (db, clock) = (self.namespace_database(namespace), Rc::clone(&self.clock));
        let serve = move |frame| namespace::answer_frame(&*db, clock.get(), frame);
        Ok(NamespaceClient::new(self.wire(Rc::new(serve))))
    }

    fn account(&self, account_id: &str) -> Result<AccountClient<MemoryWire>, Failure> {
        let db = self.database(&format!("account {account_id}"));
        let serve = move |frame| account::answer_frame(&*db, frame);
        Ok(AccountClient::new(self.wire(Rc::new(serve))))
    }

    fn maintenance(
        &self,
        namespace: &NamespaceName,
        repo: &RepoName,
    ) -> Result<MaintenanceClient<MemoryWire>, Failure> {
        let (db, clock) = (self.maintenance_database(namespace, repo), Rc::clone(&self.clock));
        let serve = move |frame| maintenance::answer_frame(&*db, clock.get(), frame);
        Ok(MaintenanceClient::new(self.wire(Rc::new(serve)), namespace, repo))
    }

    fn events(&self, shard: u8) -> Result<EventsClient<MemoryWire>, Failure> {
        let (db, clock) = (self.events_database(shard), Rc::clone(&self.clock));
        let serve = move |frame| events::answer_frame(&*db, clock.get(), frame);
        Ok(EventsClient::new(self.wire(Rc::new(serve))))
    }
}
