//! How much may still be stored.
//!
//! The account knows what its namespaces have reported, some seconds after pushes, and is asked by each isolate now and
//! then: a push waits for it seldom, and tells it nothing. So pushes that come at once may go beyond the account's limit
//! by what they bring together. A repo's limit is exact: its object has the last word.

use std::cell::Cell;
use std::fmt;

use futures_util::future::pending;

use crate::config::{ACCOUNT_USAGE_KEPT_MS, StorageLimits};
use crate::durable::Failure;
use crate::error::Error;
use crate::log;
use crate::objects::Objects;
use crate::time;

thread_local! {
    /// When the account was last asked, and what it said.
    static USAGE: Cell<Option<(u64, u64)>> = const { Cell::new(None) };
}

/// A limit that stands in the way, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum StorageLimit {
    Repo { max: u64 },
    Account { max: u64 },
}

impl fmt::Display for StorageLimit {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Repo { max } => write!(f, "storage limit reached: a repository may hold {max} bytes"),
            Self::Account { max } => write!(f, "storage limit reached: all repositories together may hold {max} bytes"),
        }
    }
}

/// How many bytes may still be added, and what stands in the way of more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Room {
    pub(crate) left: u64,
    pub(crate) limit: StorageLimit,
}

impl Room {
    /// The room in a repo of that size, in an account that holds so much.
    pub(crate) fn of(limits: StorageLimits, repo_size: u64, account_size: u64) -> Self {
        let StorageLimits { repo_max, account_max } = limits;
        let repo = Self { left: repo_max.saturating_sub(repo_size), limit: StorageLimit::Repo { max: repo_max } };
        let account =
            Self { left: account_max.saturating_sub(account_size), limit: StorageLimit::Account { max: account_max } };
        if account.left < repo.left { account } else { repo }
    }

    /// Whether so many bytes more may be stored.
    pub(crate) fn admit(self, len: u64) -> Result<(), StorageLimit> {
        if len <= self.left { Ok(()) } else { Err(self.limit) }
    }
}

/// What the account holds, by what it said a short while ago. While it cannot be asked, or does not answer before `patience`
/// is over, that is what it said last, or nothing: it is in nobody's way.
pub(crate) async fn account_size(
    objects: &impl Objects,
    account_id: &str,
    now: u64,
    patience: impl Future<Output = ()>,
) -> u64 {
    let known = USAGE.get();
    if let Some((asked_at, size)) = known
        && (asked_at..asked_at + ACCOUNT_USAGE_KEPT_MS).contains(&now)
    {
        return size;
    }
    let last = known.map_or(0, |(_, size)| size);
    // Before the answer, so that those who come meanwhile do not ask as well.
    USAGE.set(Some((now, last)));
    match in_time(usage(objects, account_id), patience).await {
        Ok(size) => {
            USAGE.set(Some((now, size)));
            size
        }
        Err(failure) => {
            log::warn(format_args!("what the account holds: {failure}"));
            last
        }
    }
}

async fn usage(objects: &impl Objects, account_id: &str) -> Result<u64, Failure> {
    objects.account(account_id)?.usage().await
}

/// What is answered before `patience` is over.
async fn in_time<T>(
    asked: impl Future<Output = Result<T, Failure>>,
    patience: impl Future<Output = ()>,
) -> Result<T, Failure> {
    let answered = time::in_time(asked, patience).await;
    answered.unwrap_or_else(|| Err(Failure::Platform("no answer in time".into())))
}

/// Refuses what adds to an account that is full.
pub(crate) async fn require_account_room(
    objects: &impl Objects,
    account_id: &str,
    limits: StorageLimits,
    now: u64,
) -> Result<(), Error> {
    let size = account_size(objects, account_id, now, pending()).await;
    if size < limits.account_max {
        Ok(())
    } else {
        Err(Error::Storage(StorageLimit::Account { max: limits.account_max }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::account::call::NamespaceReport;
    use crate::durable::{Fault, ready};
    use crate::namespace::call::NamespaceInfo;
    use crate::objects::MemoryObjects;

    const LIMITS: StorageLimits = StorageLimits { repo_max: 100, account_max: 1000 };

    #[test]
    fn the_nearer_limit_stands_in_the_way() {
        assert_eq!(Room::of(LIMITS, 40, 900), Room { left: 60, limit: StorageLimit::Repo { max: 100 } });
        assert_eq!(Room::of(LIMITS, 40, 950), Room { left: 50, limit: StorageLimit::Account { max: 1000 } });
        assert_eq!(Room::of(LIMITS, 400, 0).left, 0);
        assert_eq!(Room::of(LIMITS, 40, 0).admit(60), Ok(()));
        assert_eq!(Room::of(LIMITS, 40, 0).admit(61), Err(StorageLimit::Repo { max: 100 }));
    }

    #[test]
    fn the_account_is_asked_again_after_a_while_and_is_in_nobodys_way_when_it_fails() {
        USAGE.set(None);
        let objects = MemoryObjects::default();
        let store = |version, size| {
            let info = NamespaceInfo { namespace: "ns".into(), created_at: 1, updated_at: 1, repo_count: 1, size };
            ready(objects.account("a").unwrap().report(NamespaceReport { version, info, is_deleted: false })).unwrap();
        };
        let size = |now| ready(account_size(&objects, "a", now, pending()));
        store(1, 10);
        assert_eq!(size(1_000), 10);
        store(2, 20);
        assert_eq!((size(10_999), size(11_000)), (10, 20));
        store(3, 30);
        objects.fail_after(0, Fault::Lost);
        assert_eq!((size(30_000), size(30_001), size(40_000)), (20, 20, 30));
        USAGE.set(None);
    }

    #[test]
    fn one_that_does_not_answer_is_waited_for_so_long_and_no_longer() {
        assert_eq!(ready(in_time(async { Ok(7) }, pending())), Ok(7));
        let late = Failure::Platform("no answer in time".into());
        assert_eq!(ready(in_time::<u64>(pending(), async {})), Err(late));
    }

    #[test]
    fn a_full_account_takes_nothing_more() {
        for (size, refused) in [(999, None), (1000, Some(StorageLimit::Account { max: 1000 }))] {
            USAGE.set(Some((5, size)));
            let room = ready(require_account_room(&MemoryObjects::default(), "a", LIMITS, 5));
            assert_eq!(room.err(), refused.map(Error::Storage));
        }
        USAGE.set(None);
    }
}
