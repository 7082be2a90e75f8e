//! Which objects of the packs that are lent a fork has: what its refs reach, and nothing that only others do.
//!
//! As a rule that is all of them, and nothing is looked at. Else the history is walked, over the indexes, and the fork notes
//! which objects of a pack it has. The rest of it is never found again, though deltas build on some of that, which are noted
//! as bases.

use git_core::ObjectId;
use git_core::pack::catalog::{Catalog, CatalogPack, ObjectSet};
use git_core::pack::visible::Visible;

use crate::config::OBJECT_RESIDENT_MAX;
use crate::durable::Failure;
use crate::error::Error;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::upload_pack::add_below;
use crate::repo::Lent;
use crate::repo::call::PackRow;
use crate::store::PackStore;

/// What a fork gets.
pub(super) struct Fit {
    pub(super) packs: Vec<FitPack>,
    /// Commits at which its history ends.
    pub(super) shallow: Vec<String>,
    /// Objects that it has. What several packs hold counts as often, unless the packs were looked at.
    pub(super) n_objects: u64,
}

/// A pack, and which objects of it the fork has if not all.
pub(super) struct FitPack {
    pub(super) row: PackRow,
    pub(super) visible: Option<Visible>,
}

/// Works out what a fork gets of what is lent to it.
pub(super) async fn narrow(lent: &Lent, store: &impl PackStore) -> Result<Fit, Error> {
    let snapshot = &lent.opened.snapshot;
    if !lent.is_exact && !snapshot.packs.is_empty() {
        let catalog = LoadedCatalog::load(&lent.opened, store).await?;
        return narrow_to(lent, &catalog, &reached(lent, &catalog).await?);
    }
    let packs = snapshot.packs.iter().map(|row| {
        let bits = row.visible.map(|visible| lent.opened.strings.string(visible)).transpose()?;
        let n_objects = u32::try_from(row.pack.n_objects).unwrap_or(u32::MAX);
        let visible = bits.map(|bits| Visible::parse(bits, n_objects)).transpose();
        let visible = visible.map_err(|error| Failure::shape("a part of a pack's objects", error))?;
        Ok(FitPack { row: row.clone(), visible })
    });
    let packs = packs.collect::<Result<Vec<_>, Failure>>()?;
    let n_objects = packs.iter().map(FitPack::n_objects).sum();
    Ok(Fit { packs, shallow: snapshot.shallow.clone(), n_objects })
}

/// Everything that the fork's refs reach.
async fn reached<S: PackStore>(lent: &Lent, catalog: &LoadedCatalog<'_, S>) -> Result<ObjectSet, Failure> {
    let place = |hex: &String| {
        let id = ObjectId::from_hex(hex.as_bytes()).ok();
        id.and_then(|id| catalog.packs.find(id)).ok_or_else(|| Failure::shape("the object of a ref", hex))
    };
    let tips = lent.opened.snapshot.refs.iter().map(|row| place(&row.id)).collect::<Result<Vec<_>, _>>()?;
    let mut reached = catalog.reach(&tips);
    if !reached.is_whole {
        return Err(Failure::shape("a closed catalog", "a reference to nothing"));
    }
    add_below(catalog, reached.open_trees, &mut reached.objects, None).await?;
    Ok(reached.objects)
}

fn narrow_to<S: PackStore>(lent: &Lent, catalog: &LoadedCatalog<'_, S>, reached: &ObjectSet) -> Result<Fit, Error> {
    let snapshot = &lent.opened.snapshot;
    let source = &catalog.packs;
    let bases = hidden_bases(source, reached);
    let part = |pack: usize, n_objects: u32| Visible::of(reached.numbers(pack), bases.numbers(pack), n_objects);
    let packs = source.packs().iter().enumerate().map(|(pack, stored)| {
        let visible = Some(part(pack, stored.index.n_objects()));
        let visible = visible.filter(|visible| visible.n_objects() < u64::from(stored.index.n_objects()));
        CatalogPack { visible, ..stored.clone() }
    });
    let shallow = snapshot.shallow_ids()?;
    let narrowed = Catalog::new(packs.collect()).ending_at(&shallow);
    refuse_entangled(&narrowed, reached)?;
    let is_needed = |pack: usize| reached.numbers(pack).next().is_some() || bases.numbers(pack).next().is_some();
    let packs = snapshot.packs.iter().zip(narrowed.packs()).enumerate().filter(|(pack, _)| is_needed(*pack));
    Ok(Fit {
        packs: packs.map(|(_, (row, pack))| FitPack { row: row.clone(), visible: pack.visible.clone() }).collect(),
        shallow: narrowed.roots().filter_map(|root| narrowed.id(root)).map(|id| id.to_hex()).collect(),
        n_objects: reached.len() as u64,
    })
}

/// What these objects are stored as deltas of, down to whole ones, and is not among them.
fn hidden_bases(catalog: &Catalog, objects: &ObjectSet) -> ObjectSet {
    let (mut seen, mut bases) = (catalog.empty_set(), catalog.empty_set());
    for place in objects.iter() {
        let mut top = Some(place);
        while let Some(link) = top.filter(|&link| seen.insert(link)) {
            if !objects.contains(link) {
                bases.insert(link);
            }
            top = catalog.base(link);
        }
    }
    bases
}

/// Refuses what could not be fetched: an object that is too large to be made anew is sent with what it builds on, to whoever does
/// not have that.
fn refuse_entangled(catalog: &Catalog, objects: &ObjectSet) -> Result<(), Error> {
    // What has been looked at, and what of it builds on something hidden somewhere down its chain.
    let (mut seen, mut entangled) = (catalog.empty_set(), catalog.empty_set());
    for place in objects.iter() {
        let mut chain = Vec::new();
        let mut top = Some(place);
        while let Some(link) = top.filter(|&link| seen.insert(link)) {
            chain.push(link);
            top = catalog.base(link);
            if top.is_none() && catalog.entry(link).is_none_or(|entry| entry.base.is_some()) {
                return Err(Failure::shape("a base in a narrowed catalog", format_args!("{link:?}")).into());
            }
        }
        let mut is_entangled = top.is_some_and(|below| entangled.contains(below) || !objects.contains(below));
        for link in chain.into_iter().rev() {
            if is_entangled {
                entangled.insert(link);
                if objects.contains(link) && !catalog.can_hold(link, OBJECT_RESIDENT_MAX) {
                    let id = catalog.id(link).ok_or_else(|| Failure::shape("an object", format_args!("{link:?}")))?;
                    return Err(Error::Entangled(id));
                }
            }
            is_entangled |= !objects.contains(link);
        }
    }
    Ok(())
}

impl FitPack {
    fn n_objects(&self) -> u64 {
        self.visible.as_ref().map_or(self.row.pack.n_objects, Visible::n_objects)
    }
}
