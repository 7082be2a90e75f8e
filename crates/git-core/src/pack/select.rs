//! How to send a set of objects: which stored bytes can go out as they are, and what has to be changed for that.

use std::collections::BTreeMap;

use super::catalog::{Catalog, ObjectSet, Place};
use super::delta::DeltaBase;
use super::entry::{Content, Decoded, EntryError, EntryHeader, decode_entry_header, encode_entry_header};
use super::index::Ref;

/// What the client can take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SendOptions {
    /// A delta may be against an object that the client holds.
    pub thin_pack: bool,
    /// A delta may name its base by distance.
    pub ofs_delta: bool,
}

/// A part of the pack to send.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Item {
    /// The stored bytes of neighbouring entries, as they are.
    Run {
        /// Position of the pack in the catalog.
        pack: usize,
        /// Number of the first entry.
        first: u32,
        /// Number of the last entry.
        last: u32,
    },
    /// The stored data of an entry under a header that names its base anew.
    Rewritten {
        /// The entry.
        place: Place,
        /// Its base.
        base: Place,
    },
    /// An object whose stored delta is of no use to the client: a delta is made against something that is of use, for its
    /// chain leads there or because it builds on the same.
    Bridged {
        /// The entry.
        place: Place,
        /// What its chain leads to and the client has or is sent; else an object that is sent before it, [rebuilt], whose
        /// chain meets its own.
        ///
        /// [rebuilt]: Self::Rebuilt
        base: Place,
    },
    /// An object whose stored delta is of no use to the client, nor anything that it builds on: rebuilt and deflated whole.
    Rebuilt(Place),
}

/// The items in the order in which they are to be sent: bases before what builds on them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Plan {
    /// What to send.
    pub items: Vec<Item>,
    /// Number of objects in all.
    pub n_objects: u32,
}

impl Plan {
    /// The objects in the order in which they are sent.
    pub fn places(&self) -> impl Iterator<Item = Place> {
        self.items.iter().flat_map(|item| {
            let (pack, first, last) = match *item {
                Item::Run { pack, first, last } => (pack, first, last),
                Item::Rewritten { place, .. } | Item::Bridged { place, .. } | Item::Rebuilt(place) => {
                    (place.pack, place.number, place.number)
                }
            };
            (first..=last).map(move |number| Place { pack, number })
        })
    }
}

/// Plans how to send `selected` to a client that holds `held`.
pub fn plan(catalog: &Catalog, selected: &ObjectSet, held: &ObjectSet, options: SendOptions) -> Plan {
    plan_in_order(catalog, selected.iter(), selected, held, options)
}

/// Plans how to send `selected`, which is what `order` yields: as it does, but that a base comes before what builds on it.
pub fn plan_in_order(
    catalog: &Catalog,
    order: impl Iterator<Item = Place>,
    selected: &ObjectSet,
    held: &ObjectSet,
    options: SendOptions,
) -> Plan {
    let (items, sent, families) = (Vec::new(), catalog.empty_set(), BTreeMap::new());
    let mut planner = Planner { catalog, selected, held, options, items, sent, families };
    for place in order {
        planner.add(place);
    }
    Plan { items: planner.items, n_objects: u32::try_from(selected.len()).unwrap_or(u32::MAX) }
}

/// Adds to `selected` what it takes so that no delta with an object above `object_resident_max` bytes has to be rebuilt:
/// a base that the client could not have otherwise travels too.
pub fn add_large_bases(
    catalog: &Catalog,
    selected: &mut ObjectSet,
    held: &ObjectSet,
    options: SendOptions,
    object_resident_max: u64,
) {
    let base_of = |place: Place| catalog.base(place);
    let is_usable = |base, selected: &ObjectSet| selected.contains(base) || options.thin_pack && held.contains(base);
    let lacks_base = |place: &Place| base_of(*place).is_some_and(|base| !is_usable(base, selected));
    let places: Vec<_> = selected.iter().filter(lacks_base).collect();
    for place in places {
        let mut chain = vec![place];
        let mut top = place;
        while let Some(base) = base_of(top).filter(|&base| !is_usable(base, selected)) {
            chain.push(base);
            top = base;
        }
        if chain.len() > 1 && !catalog.can_hold(place, object_resident_max) {
            for link in chain {
                selected.insert(link);
            }
        }
    }
}

struct Planner<'a> {
    catalog: &'a Catalog,
    selected: &'a ObjectSet,
    held: &'a ObjectSet,
    options: SendOptions,
    items: Vec<Item>,
    /// Objects that have their place in the plan, some of them before their turn because something builds on them.
    sent: ObjectSet,
    /// By what the first object of them was stored as a delta of, and by the whole object at the end of its chain: the
    /// objects that are rebuilt.
    families: BTreeMap<Place, Place>,
}

/// What can be done with an entry.
enum Sending {
    /// Its bytes go out as they are.
    Verbatim,
    /// So they do if the bytes from its base on go out without a gap.
    WithBase(u32),
    Rewritten(Place),
    Bridged(Place),
    Rebuilt,
}

/// What an entry builds on.
#[derive(Clone, Copy)]
struct Below {
    /// As its index says.
    reference: Ref,
    base: Option<Place>,
    /// The first of its chain that the client has or is sent.
    usable: Option<Place>,
}

impl Planner<'_> {
    fn add(&mut self, place: Place) {
        if self.sent.contains(place) {
            return;
        }
        let below = self.below(place);
        let Some(mut top) = self.later(below) else {
            self.sent.insert(place);
            return self.add_next(place, below);
        };
        // A base whose turn comes later: it and what it builds on come first. Such chains end, for no object is its own
        // base.
        let mut chain = vec![place, top];
        while let Some(later) = self.later(self.below(top)) {
            chain.push(later);
            top = later;
        }
        while let Some(next) = chain.pop() {
            self.sent.insert(next);
            self.add_next(next, self.below(next));
        }
    }

    fn below(&self, place: Place) -> Option<Below> {
        let reference = self.catalog.entry(place)?.base?;
        let base = self.catalog.base(place);
        let usable = self.chain(base).find(|&at| self.is_usable(at));
        Some(Below { reference, base, usable })
    }

    /// `from`, and what that builds on.
    fn chain(&self, from: Option<Place>) -> impl Iterator<Item = Place> {
        std::iter::successors(from, |&at| self.catalog.base(at))
    }

    fn is_usable(&self, base: Place) -> bool {
        self.selected.contains(base) || self.options.thin_pack && self.held.contains(base)
    }

    /// What is used of that, if it is to be sent and its turn comes later.
    fn later(&self, below: Option<Below>) -> Option<Place> {
        let base = below?.usable?;
        let is_later = self.selected.contains(base) && !self.sent.contains(base);
        is_later.then_some(base)
    }

    fn add_next(&mut self, place: Place, below: Option<Below>) {
        let Place { pack, number } = place;
        let sending = match self.sending(place, below) {
            Sending::Rebuilt => self.rebuilt(place, below),
            sending => sending,
        };
        let item = match sending {
            Sending::Rewritten(base) => Item::Rewritten { place, base },
            Sending::Bridged(base) => Item::Bridged { place, base },
            Sending::Rebuilt => Item::Rebuilt(place),
            Sending::Verbatim => {
                if let Some(Item::Run { last, .. }) = self.run_before(place) {
                    *last = number;
                    return;
                }
                Item::Run { pack, first: number, last: number }
            }
            Sending::WithBase(base) => {
                if let Some(Item::Run { first, last, .. }) = self.run_before(place)
                    && *first <= base
                {
                    *last = number;
                    return;
                }
                Item::Rewritten { place, base: Place { pack, number: base } }
            }
        };
        self.items.push(item);
    }

    /// Several versions of a file may build on one that is not sent: the first goes out whole, the others as deltas of it.
    fn rebuilt(&mut self, place: Place, below: Option<Below>) -> Sending {
        let base = below.and_then(|below| below.base);
        if self.is_empty(place) {
            return Sending::Rebuilt;
        }
        let kin = self.chain(base).find_map(|at| self.families.get(&at));
        if let Some(&kin) = kin {
            return Sending::Bridged(kin);
        }
        for at in [base, self.chain(base).last()].into_iter().flatten() {
            self.families.insert(at, place);
        }
        Sending::Rebuilt
    }

    /// Git takes no delta of less than four bytes, which one that makes nothing has.
    fn is_empty(&self, place: Place) -> bool {
        self.catalog.entry(place).is_none_or(|entry| entry.object_len == 0)
    }

    /// The run that `place` continues.
    fn run_before(&mut self, place: Place) -> Option<&mut Item> {
        self.items.last_mut().filter(|item| match item {
            Item::Run { pack, last, .. } => *pack == place.pack && *last + 1 == place.number,
            _ => false,
        })
    }

    fn sending(&self, place: Place, below: Option<Below>) -> Sending {
        let Some(Below { reference, base, usable }) = below else { return Sending::Verbatim };
        let (Some(base), Some(usable)) = (base, usable) else { return Sending::Rebuilt };
        if usable != base {
            return if self.is_empty(place) { Sending::Rebuilt } else { Sending::Bridged(usable) };
        }
        let is_sent = self.selected.contains(base);
        match reference {
            // Stored with the id of its base. That is right wherever this comes from, but some clients look for such a base
            // in what they had before, and not in what is sent.
            Ref::Outside(_) if is_sent && self.options.ofs_delta => Sending::Rewritten(base),
            Ref::Outside(_) => Sending::Verbatim,
            Ref::Here(number) if base == (Place { number, ..place }) && is_sent && number < place.number => {
                if self.options.ofs_delta { Sending::WithBase(number) } else { Sending::Rewritten(base) }
            }
            Ref::Here(_) => Sending::Rewritten(base),
        }
    }
}

/// Where in the pack being sent each entry begins.
#[derive(Debug, Default)]
pub struct Layout {
    /// By pack and first number: last number, and by how much the place in the pack being sent is higher than the stored
    /// one, modulo 2^64.
    items: BTreeMap<(usize, u32), (u32, u64)>,
}

impl Layout {
    /// Notes that the entries `first..=last` of a pack, stored from `stored_offset` on, are sent from `sent_offset` on.
    pub fn note(&mut self, pack: usize, first: u32, last: u32, stored_offset: u64, sent_offset: u64) {
        self.items.insert((pack, first), (last, sent_offset.wrapping_sub(stored_offset)));
    }

    /// Where an entry stored at `stored_offset` was sent.
    pub(super) fn sent_offset(&self, place: Place, stored_offset: u64) -> Option<u64> {
        let (&(pack, _), &(last, shift)) = self.items.range(..=(place.pack, place.number)).next_back()?;
        (pack == place.pack && place.number <= last).then(|| stored_offset.wrapping_add(shift))
    }

    /// The header under which an entry that is about to be sent at `sent_offset` names its base: by distance if the base
    /// has been sent and the client knows distances, else by id.
    pub fn base_content(
        &self,
        catalog: &Catalog,
        base: Place,
        sent_offset: u64,
        options: SendOptions,
    ) -> Option<Content> {
        let stored = catalog.index(base.pack)?.offset(base.number)?;
        let base_sent = self.sent_offset(base, stored).filter(|_| options.ofs_delta);
        Some(match base_sent.and_then(|at| sent_offset.checked_sub(at)).filter(|&distance| distance > 0) {
            Some(distance) => Content::OfsDelta { distance },
            None => Content::RefDelta { base_id: catalog.id(base)? },
        })
    }
}

/// A stored entry's header replaced: the new header, and how many of `stored`'s bytes it stands for. `stored` begins with
/// the entry and has at least the longest header's length, or all of the entry.
pub fn rewrite_header(stored: &[u8], content: Content) -> Result<Option<(Vec<u8>, usize)>, EntryError> {
    Ok(match decode_entry_header(stored)? {
        Decoded::Value(EntryHeader { inflated_len, .. }, used) => {
            let mut header = Vec::new();
            encode_entry_header(EntryHeader { content, inflated_len }, &mut header);
            Some((header, used))
        }
        Decoded::NeedMore(_) => None,
    })
}

/// A whole object, deflated, as an entry.
pub fn whole_entry(kind: super::Kind, object: &[u8]) -> Vec<u8> {
    let mut entry = Vec::new();
    let header = EntryHeader { content: Content::Whole(kind), inflated_len: object.len() as u64 };
    encode_entry_header(header, &mut entry);
    entry.extend(crate::zlib::deflate(object));
    entry
}

/// An object as an entry that is a delta against `base`, which `content` names.
pub fn delta_entry(content: Content, base: &[u8], object: &[u8]) -> Vec<u8> {
    let delta = DeltaBase::new(base).delta(object);
    let mut entry = Vec::new();
    encode_entry_header(EntryHeader { content, inflated_len: delta.len() as u64 }, &mut entry);
    entry.extend(crate::zlib::deflate(&delta));
    entry
}

/// Whether the plan is one stored pack, as it is.
pub fn is_whole_pack(plan: &Plan, catalog: &Catalog) -> Option<usize> {
    let [Item::Run { pack, first: 0, last }] = plan.items[..] else { return None };
    (catalog.index(pack)?.n_objects() == last + 1).then_some(pack)
}
