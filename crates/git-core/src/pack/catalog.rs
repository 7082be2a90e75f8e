//! Several packs seen as one: where each object is, and sets of objects.

use std::collections::BTreeSet;
use std::rc::Rc;

use super::index::{CommitRow, Entry, PackIndex, Ref};
use super::visible::Visible;
use crate::ObjectId;

/// Where an object is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Place {
    /// Position of the pack in the catalog.
    pub pack: usize,
    /// The object's number in the pack.
    pub number: u32,
}

/// A pack of the catalog.
#[derive(Clone)]
pub struct CatalogPack {
    /// Its index.
    pub index: Rc<PackIndex>,
    /// Its length in bytes, header and trailer included.
    pub pack_len: u64,
    /// The objects of it that the repository has, if it is not all of them.
    pub visible: Option<Visible>,
}

impl CatalogPack {
    fn shows(&self, number: u32) -> bool {
        self.visible.as_ref().is_none_or(|visible| visible.contains(number))
    }

    fn is_base(&self, number: u32) -> bool {
        self.visible.as_ref().is_some_and(|visible| visible.is_base(number))
    }
}

/// Packs in the order in which they were committed. The lowest copy of an object is the object.
///
/// What of a pack the repository does not have is never found, but a delta may build on it.
#[derive(Clone, Default)]
pub struct Catalog {
    packs: Vec<CatalogPack>,
    /// Commits whose parents the repository does not have.
    roots: BTreeSet<Place>,
}

impl Catalog {
    /// A catalog of these packs, the first committed first.
    pub fn new(packs: Vec<CatalogPack>) -> Self {
        Self { packs, roots: BTreeSet::new() }
    }

    /// The same for a repository that is shallow: its history ends at these commits, whatever of their parents is here.
    #[must_use]
    pub fn ending_at(mut self, roots: &[ObjectId]) -> Self {
        self.roots = roots.iter().filter_map(|&id| self.find(id)).collect();
        self
    }

    /// The commits at which the history ends.
    pub fn roots(&self) -> impl Iterator<Item = Place> {
        self.roots.iter().copied()
    }

    /// Whether the history ends at a commit.
    pub fn is_root(&self, place: Place) -> bool {
        self.roots.contains(&place)
    }

    /// Whether the history ends anywhere before its beginning.
    pub fn is_shallow(&self) -> bool {
        !self.roots.is_empty()
    }

    /// The packs.
    pub fn packs(&self) -> &[CatalogPack] {
        &self.packs
    }

    /// The index of a pack.
    pub fn index(&self, pack: usize) -> Option<&PackIndex> {
        self.packs.get(pack).map(|pack| &*pack.index)
    }

    /// Where an object is.
    pub fn find(&self, id: ObjectId) -> Option<Place> {
        self.find_below(id, self.packs.len())
    }

    fn find_below(&self, id: ObjectId, n_packs: usize) -> Option<Place> {
        self.find_stored(id, n_packs, CatalogPack::shows)
    }

    fn find_stored(&self, id: ObjectId, n_packs: usize, admits: impl Fn(&CatalogPack, u32) -> bool) -> Option<Place> {
        let mut packs = self.packs.iter().take(n_packs).enumerate();
        packs.find_map(|(pack, stored)| {
            let number = stored.index.find(id)?;
            admits(stored, number).then_some(Place { pack, number })
        })
    }

    /// Whether the object is this copy of it: the repository has it, and no lower one.
    pub fn is_object(&self, place: Place) -> bool {
        self.shows(place) && self.lowest(place) == place
    }

    fn shows(&self, place: Place) -> bool {
        self.packs.get(place.pack).is_some_and(|pack| pack.shows(place.number))
    }

    /// The lowest copy of an object.
    pub fn lowest(&self, place: Place) -> Place {
        let id = if place.pack == 0 { None } else { self.id(place) };
        id.and_then(|id| self.find_below(id, place.pack)).unwrap_or(place)
    }

    /// Where the object is that an index of the catalog refers to.
    pub fn resolve(&self, pack: usize, reference: Ref) -> Option<Place> {
        match reference {
            Ref::Here(number) => Some(self.lowest(Place { pack, number })),
            Ref::Outside(id) => self.find(id),
        }
    }

    /// What an entry builds on. It may be something that the repository does not have as an object, but as a base.
    pub fn base(&self, place: Place) -> Option<Place> {
        let pack = place.pack;
        let (id, own) = match self.entry(place)?.base? {
            Ref::Here(number) => {
                let own = Place { pack, number };
                if self.shows(own) {
                    return Some(self.lowest(own));
                }
                (self.id(own)?, Some(own))
            }
            Ref::Outside(id) => (id, None),
        };
        // Of hidden copies one that is known as a base: what another builds on need not be here. And never a copy above: what
        // that builds on may build on this entry. In the same pack it may be, though the delta names it by its id.
        let known = || self.find_stored(id, pack + 1, CatalogPack::is_base);
        self.find_below(id, pack).or_else(known).or(own).or_else(|| self.find(id))
    }

    /// Where the parents of a commit are: none when the history ends at it, and `None` for one that is not here.
    pub fn parents(&self, place: Place, commit: &CommitRow) -> impl Iterator<Item = Option<Place>> {
        let index = self.index(place.pack).filter(|_| !self.is_root(place));
        let parents = index.into_iter().flat_map(|index| index.parents(commit));
        parents.map(move |parent| self.resolve(place.pack, parent))
    }

    /// What a tag names; `None` when the object is no tag, or what it names is not here.
    pub fn tag_target(&self, tag: Place) -> Option<Place> {
        self.resolve(tag.pack, self.index(tag.pack)?.tag_target(tag.number)?)
    }

    /// The object at the end of a chain of tags: the object itself when it is none.
    pub fn peel(&self, mut place: Place) -> Place {
        while let Some(target) = self.tag_target(place) {
            place = target;
        }
        place
    }

    /// The ids of the parents of a commit, whether or not they are here.
    pub fn parent_ids(&self, place: Place) -> Vec<ObjectId> {
        let (Some(index), Some(commit)) = (self.index(place.pack), self.commit(place)) else { return Vec::new() };
        index.parents(&commit).filter_map(|parent| self.id_of(place.pack, parent)).collect()
    }

    /// The id of what an index of the catalog refers to.
    pub fn id_of(&self, pack: usize, reference: Ref) -> Option<ObjectId> {
        match reference {
            Ref::Here(number) => self.id(Place { pack, number }),
            Ref::Outside(id) => Some(id),
        }
    }

    /// The id of an object.
    pub fn id(&self, place: Place) -> Option<ObjectId> {
        self.index(place.pack)?.id(place.number)
    }

    /// The entry of an object.
    pub fn entry(&self, place: Place) -> Option<Entry> {
        self.index(place.pack)?.entry(place.number)
    }

    /// What an index says of a commit; `None` when the object is none.
    pub fn commit(&self, place: Place) -> Option<CommitRow> {
        let index = self.index(place.pack)?;
        index.commit(index.commit_at(place.number)?)
    }

    /// Where an entry's bytes end in its pack.
    pub fn entry_end(&self, place: Place) -> Option<u64> {
        let pack = self.packs.get(place.pack)?;
        Some(pack.index.offset(place.number + 1).unwrap_or(pack.pack_len - super::entry::PACK_TRAILER_LEN as u64))
    }

    /// Whether an object can be rebuilt without holding anything above `len_max` bytes: neither it nor, down to the whole
    /// object at the end of the chain, anything that it builds on.
    pub fn can_hold(&self, place: Place, len_max: u64) -> bool {
        let mut top = Some(place);
        while let Some(link) = top {
            if self.entry(link).is_none_or(|entry| entry.object_len > len_max) {
                return false;
            }
            top = self.base(link);
        }
        true
    }

    /// A set without objects.
    pub fn empty_set(&self) -> ObjectSet {
        let words = |pack: &CatalogPack| vec![0; (pack.index.n_objects() as usize).div_ceil(64)];
        ObjectSet { words: self.packs.iter().map(words).collect(), n_objects: 0 }
    }
}

/// A set of objects of a catalog, a bit for each.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectSet {
    words: Vec<Vec<u64>>,
    n_objects: usize,
}

impl ObjectSet {
    /// Adds an object; whether it is new.
    pub fn insert(&mut self, place: Place) -> bool {
        let Some(word) = self.words.get_mut(place.pack).and_then(|words| words.get_mut(place.number as usize / 64))
        else {
            return false;
        };
        let bit = 1 << (place.number % 64);
        let is_new = *word & bit == 0;
        *word |= bit;
        self.n_objects += usize::from(is_new);
        is_new
    }

    /// Adds all that is in another set, of this catalog or of one whose packs were the first of this one.
    pub fn add_all(&mut self, other: &Self) {
        for (words, others) in self.words.iter_mut().zip(&other.words) {
            for (word, &more) in words.iter_mut().zip(others) {
                self.n_objects += (more & !*word).count_ones() as usize;
                *word |= more;
            }
        }
    }

    /// Length in memory, in bytes.
    pub fn byte_len(&self) -> usize {
        self.words.iter().map(|words| size_of_val(words.as_slice())).sum()
    }

    /// Whether an object is in it.
    pub fn contains(&self, place: Place) -> bool {
        let word = self.words.get(place.pack).and_then(|words| words.get(place.number as usize / 64));
        word.is_some_and(|word| word & (1 << (place.number % 64)) != 0)
    }

    /// Takes out what does not pass.
    pub fn retain(&mut self, mut passes: impl FnMut(Place) -> bool) {
        for place in self.iter().collect::<Vec<_>>() {
            if !passes(place)
                && let Some(word) =
                    self.words.get_mut(place.pack).and_then(|words| words.get_mut(place.number as usize / 64))
            {
                *word &= !(1 << (place.number % 64));
                self.n_objects -= 1;
            }
        }
    }

    /// Number of objects.
    pub fn len(&self) -> usize {
        self.n_objects
    }

    /// Whether it has none.
    pub fn is_empty(&self) -> bool {
        self.n_objects == 0
    }

    /// The objects in the order of packs and places.
    pub fn iter(&self) -> impl Iterator<Item = Place> {
        (0..self.words.len()).flat_map(|pack| self.numbers(pack).map(move |number| Place { pack, number }))
    }

    /// The numbers of those of one pack.
    pub fn numbers(&self, pack: usize) -> impl Iterator<Item = u32> {
        let words = self.words.get(pack).map_or(&[][..], Vec::as_slice);
        words
            .iter()
            .zip((0u32..).step_by(64))
            .flat_map(|(&word, first)| (0..64).filter(move |bit| word & (1 << bit) != 0).map(move |bit| first + bit))
    }
}
