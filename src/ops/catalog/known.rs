//! What commits reach, kept by this isolate where finding out took a long walk.

use std::cell::RefCell;
use std::rc::Rc;

use git_core::pack::catalog::{ObjectSet, Place};
use git_core::walk::{Reached, reach, reach_whole};

use super::LoadedCatalog;
use crate::config::{LONG_WALK, REACH_CACHE_MAX};
use crate::store::PackStore;
use crate::store::cache::Cache;

thread_local! {
    /// By the upload and the number of a commit in its pack.
    static REACHED: RefCell<Cache<(String, u32), Rc<Known>>> = RefCell::new(Cache::new(REACH_CACHE_MAX));
}

/// What a commit reaches, in a catalog that began with the packs of these uploads.
struct Known {
    upload_ids: Vec<String>,
    objects: Rc<ObjectSet>,
}

impl<S: PackStore> LoadedCatalog<'_, S> {
    /// Everything that `tips` reach. What took a long walk is kept by this isolate: packs that come later change nothing
    /// of it, and clients ask for the same commits again and again.
    pub(crate) fn reach(&self, tips: &[Place]) -> Reached {
        if self.packs.is_shallow() {
            // Where its history ends may change.
            return reach(&self.packs, tips.iter().copied(), None, None);
        }
        let key = |place: Place| Some((self.upload_id(place.pack)?.to_owned(), place.number));
        let upload_ids = || self.rows.iter().map(|row| &row.upload_id);
        let known = |place: Place| {
            self.packs.commit(place)?;
            let known = REACHED.with_borrow_mut(|reached| reached.get(&key(place)?))?;
            let is_same = known.upload_ids.iter().eq(upload_ids().take(known.upload_ids.len()));
            is_same.then(|| Rc::clone(&known.objects))
        };
        let learn = |place: Place, objects: &ObjectSet| {
            let Some(key) = key(place) else { return };
            let upload_ids: Vec<_> = upload_ids().cloned().collect();
            let weight = objects.byte_len() + upload_ids.iter().map(String::len).sum::<usize>();
            let known = Known { upload_ids, objects: Rc::new(objects.clone()) };
            REACHED.with_borrow_mut(|reached| reached.insert(key, Rc::new(known), weight));
        };
        reach_whole(&self.packs, tips, known, learn, LONG_WALK)
    }
}
