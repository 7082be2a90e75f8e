//! Deltas for what came without: objects that were pushed apart, or by a client that makes none.
//!
//! They are put below the packs that are merged, as a pack of their own that is never stored: the lowest copy of an object is
//! the object, and so the merge takes them instead.

use std::collections::HashMap;
use std::ops::Range;

use git_core::pack::Kind;
use git_core::pack::catalog::Place;
use git_core::pack::deltify::{self, Candidate, Found, Stored};
use git_core::pack::entry::{Content, EntryHeader, PACK_TRAILER_LEN, encode_entry_header, encode_pack_header};
use git_core::pack::index::{self, DeltaEntry, PackIndex};

use crate::config::{DELTA_DEPTH_MAX, DELTIFIED_LEN_MAX, DELTIFIED_OBJECT_LEN_MAX, DELTIFIED_OBJECTS_MAX};
use crate::durable::Failure;
use crate::log;
use crate::ops::catalog::LoadedCatalog;
use crate::store::PackStore;

/// The catalog with deltas below the packs `run`, and the run with these.
pub(super) async fn with_deltas<'a, S: PackStore>(
    catalog: LoadedCatalog<'a, S>,
    run: &Range<usize>,
) -> (LoadedCatalog<'a, S>, Range<usize>) {
    match found(&catalog, run).await {
        Ok(Some((pack, index))) => (catalog.with_pack(run.start, pack, index), run.start..run.end + 1),
        Ok(None) => (catalog, run.clone()),
        Err(failure) => {
            // The packs can be merged as they are.
            log::warn(failure);
            (catalog, run.clone())
        }
    }
}

/// A pack of deltas, and its index.
async fn found<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    run: &Range<usize>,
) -> Result<Option<(Vec<u8>, PackIndex)>, Failure> {
    let places = comparable(catalog, run);
    let is_whole = |&place: &Place| catalog.packs.entry(place).is_some_and(|entry| entry.base.is_none());
    if !places.iter().any(is_whole) {
        return Ok(None);
    }
    let candidates = candidates(catalog, &places).await?;
    let found = deltify::find(&candidates, DELTA_DEPTH_MAX);
    if found.is_empty() {
        return Ok(None);
    }
    let (pack, index) = pack_of(catalog, &places, &candidates, &found)?;
    let index = PackIndex::parse(index).map_err(|error| Failure::shape("an index", error))?;
    Ok(Some((pack, index)))
}

/// Trees and blobs of the packs that are not large, as they stand there: those that came last, if there are too many.
fn comparable<S: PackStore>(catalog: &LoadedCatalog<'_, S>, run: &Range<usize>) -> Vec<Place> {
    let (mut places, mut len) = (Vec::new(), 0);
    for pack in run.clone().rev() {
        let n_objects = catalog.packs.index(pack).map_or(0, PackIndex::n_objects);
        for place in (0..n_objects).rev().map(|number| Place { pack, number }) {
            let Some(entry) = catalog.packs.entry(place) else { continue };
            if !matches!(entry.kind, Kind::Tree | Kind::Blob)
                || !catalog.packs.can_hold(place, DELTIFIED_OBJECT_LEN_MAX)
                || !catalog.packs.is_object(place)
            {
                continue;
            }
            len += entry.object_len;
            if len > DELTIFIED_LEN_MAX || places.len() >= DELTIFIED_OBJECTS_MAX {
                places.sort_unstable();
                return places;
            }
            places.push(place);
        }
    }
    places.sort_unstable();
    places
}

async fn candidates<S: PackStore>(catalog: &LoadedCatalog<'_, S>, places: &[Place]) -> Result<Vec<Candidate>, Failure> {
    let at: HashMap<Place, usize> = places.iter().copied().zip(0..).collect();
    let (mut candidates, mut n_ready): (Vec<Candidate>, _) = (Vec::new(), 0);
    for &place in places {
        if candidates.len() == n_ready {
            n_ready += catalog.read_ahead(places.get(n_ready..).unwrap_or_default()).await?;
        }
        let unknown = || Failure::shape("an object that can be held", format_args!("{place:?}"));
        let kind = catalog.packs.entry(place).ok_or_else(unknown)?.kind;
        let chain = catalog.chain(place)?;
        let base = stored(&chain, &at);
        // What it builds on stands before it for the most part, and has been rebuilt.
        let below = if let Stored::On(base) = base { candidates.get(base) } else { None };
        let content = match below {
            Some(below) => catalog.object_upon(place, &below.content).await?,
            None => catalog.object(place).await?.ok_or_else(unknown)?.1,
        };
        let range = catalog.entry_range(place)?;
        let stored_len = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        candidates.push(Candidate { kind, content, stored_len, base });
    }
    Ok(candidates)
}

/// What an object builds on, given its chain and which objects are candidates.
fn stored(chain: &[Place], candidates: &HashMap<Place, usize>) -> Stored {
    let Some((base, below)) = chain.get(1..).and_then(<[Place]>::split_first) else { return Stored::Whole };
    match candidates.get(base) {
        Some(&base) => Stored::On(base),
        // By way of something that is no candidate it builds on one: nothing may build on it, or that could close a circle.
        None if below.iter().any(|link| candidates.contains_key(link)) => Stored::Elsewhere(usize::MAX),
        None => Stored::Elsewhere(chain.len() - 1),
    }
}

/// A pack of the deltas, and its index.
fn pack_of<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    places: &[Place],
    candidates: &[Candidate],
    found: &[Found],
) -> Result<(Vec<u8>, Vec<u8>), Failure> {
    let id = |at: usize| {
        let id = places.get(at).and_then(|&place| catalog.packs.id(place));
        id.ok_or_else(|| Failure::shape("an object of the catalog", at))
    };
    let mut pack = encode_pack_header(u32::try_from(found.len()).unwrap_or(u32::MAX)).to_vec();
    let mut entries = Vec::new();
    for Found { target, base, deflated, delta_len } in found {
        let Some(Candidate { kind, content, .. }) = candidates.get(*target) else { continue };
        let (id, base_id, offset) = (id(*target)?, id(*base)?, pack.len() as u64);
        entries.push(DeltaEntry { id, kind: *kind, object_len: content.len() as u64, offset, base_id });
        let header = EntryHeader { content: Content::RefDelta { base_id }, inflated_len: *delta_len as u64 };
        encode_entry_header(header, &mut pack);
        pack.extend(deflated);
    }
    // Where entries end is told by the trailer's place. Nobody reads it.
    pack.extend([0; PACK_TRAILER_LEN]);
    Ok((pack, index::of_deltas(&entries)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_is_to_build_on_what_leads_back_to_a_candidate() {
        let place = |number| Place { pack: 0, number };
        let candidates = HashMap::from([(place(1), 0), (place(2), 1)]);
        let stored = |chain: &[u32]| stored(&chain.iter().copied().map(place).collect::<Vec<_>>(), &candidates);
        assert_eq!(stored(&[1]), Stored::Whole);
        assert_eq!(stored(&[2, 1]), Stored::On(0));
        assert_eq!(stored(&[2, 7, 8]), Stored::Elsewhere(2));
        assert_eq!(stored(&[2, 7, 1]), Stored::Elsewhere(usize::MAX));
        let content = b"alike in every one of its bytes ".repeat(8);
        let candidate = |base| Candidate { kind: Kind::Blob, content: content.clone(), stored_len: 100, base };
        let found = deltify::find(&[candidate(stored(&[2, 7, 1])), candidate(Stored::Whole)], DELTA_DEPTH_MAX);
        assert_eq!(found, []);
        assert_eq!(
            deltify::find(&[candidate(Stored::Elsewhere(2)), candidate(Stored::Whole)], DELTA_DEPTH_MAX).len(),
            1
        );
    }
}
