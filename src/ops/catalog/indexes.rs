//! Indexes of packs, which requests of an isolate share.

use std::cell::RefCell;
use std::collections::HashMap;
use std::rc::{Rc, Weak};

use git_core::pack::index::PackIndex;

use super::to_usize;
use crate::config::{INDEX_CACHE_MAX, INDEX_STRETCH_LEN};
use crate::durable::Failure;
use crate::repo::Opened;
use crate::repo::call::PackRow;
use crate::store::PackStore;
use crate::store::cache::Cache;
use crate::store::keys;
use crate::store::underway::read_once;
use crate::time;

thread_local! {
    /// By their keys: those that were used last.
    static KEPT: RefCell<Cache<String, Rc<PackIndex>>> = RefCell::new(Cache::new(INDEX_CACHE_MAX));
    /// Those that requests have now, one that is too large to be kept among them.
    static IN_USE: RefCell<HashMap<String, Weak<PackIndex>>> = RefCell::new(HashMap::new());
}

/// The index of a pack of a repo that was opened.
pub(super) async fn load_index(
    opened: &Opened,
    row: &PackRow,
    store: &impl PackStore,
) -> Result<Rc<PackIndex>, Failure> {
    if let Some((_, index)) = row.inline {
        return parse(opened.strings.string(index)?.to_vec());
    }
    let key = keys::index(&row.owner_repo_id, &row.upload_id);
    let read = async || {
        let index = parse(read(&key, row.pack.index_len, store).await?)?;
        keep(&key, &index);
        Ok(index)
    };
    read_once(&[(key.clone(), 0)], || find(&key), read, time::sleep).await
}

fn parse(bytes: Vec<u8>) -> Result<Rc<PackIndex>, Failure> {
    PackIndex::parse(bytes).map(Rc::new).map_err(|error| Failure::shape("a pack index", error))
}

fn find(key: &String) -> Option<Rc<PackIndex>> {
    let kept = KEPT.with_borrow_mut(|kept| kept.get(key));
    kept.or_else(|| IN_USE.with_borrow(|in_use| in_use.get(key)?.upgrade()))
}

fn keep(key: &str, index: &Rc<PackIndex>) {
    IN_USE.with_borrow_mut(|in_use| {
        in_use.retain(|_, index| index.strong_count() > 0);
        in_use.insert(key.to_owned(), Rc::downgrade(index));
    });
    KEPT.with_borrow_mut(|kept| kept.insert(key.to_owned(), Rc::clone(index), index.byte_len()));
}

/// In stretches, so that of a long index no second copy is in JavaScript's memory.
async fn read(key: &str, len: u64, store: &impl PackStore) -> Result<Vec<u8>, Failure> {
    let mut bytes = Vec::with_capacity(to_usize(len)?);
    while (bytes.len() as u64) < len {
        let at = bytes.len() as u64;
        bytes.extend(store.get(key, at..len.min(at + INDEX_STRETCH_LEN)).await?.to_vec());
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use git_core::pack::index;

    use super::*;

    #[test]
    fn an_index_that_is_too_large_to_be_kept_is_shared_while_it_is_used() {
        KEPT.set(Cache::new(0));
        let key = "index".to_owned();
        let index = parse(index::of_deltas(&[])).unwrap();
        keep(&key, &index);
        assert!(find(&key).is_some_and(|found| Rc::ptr_eq(&found, &index)));
        drop(index);
        assert!(find(&key).is_none());
    }
}
