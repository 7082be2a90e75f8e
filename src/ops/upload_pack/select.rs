//! Which objects a fetch sends: from the indexes alone, but for trees whose content nothing else tells.

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::pack::catalog::{ObjectSet, Place};
use git_core::pack::select::{Plan, SendOptions, add_large_bases, plan};
use git_core::protocol::fetch::{FetchRequest, Filter};
use git_core::walk::{Boundary, reach};

use super::trees::{add_below, within};
use crate::config::OBJECT_RESIDENT_MAX;
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::repo::call::RefRow;
use crate::store::PackStore;

/// Plans the pack for a request whose wants are all here.
pub(super) async fn select<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    request: &FetchRequest,
    boundary: &Boundary,
    refs: &[RefRow],
) -> Result<(Plan, SendOptions), Failure> {
    let options = SendOptions { thin_pack: request.thin_pack, ofs_delta: request.ofs_delta };
    let places = |ids: &[ObjectId]| ids.iter().filter_map(|&id| catalog.packs.find(id)).collect::<Vec<_>>();
    let has_tree_depth = request.filter.is_some_and(|filter| filter.tree_depth_min.is_some());
    let haves = places(&request.haves);
    let mut held = if boundary.before.is_empty() {
        catalog.reach(&haves).objects
    } else {
        // A commit whose parents it is told that it gets, it has.
        let haves = haves.into_iter().chain(places(&boundary.update.unshallow));
        let mut held = reach(&catalog.packs, haves, None, Some(&boundary.before));
        if !has_tree_depth {
            add_below(catalog, held.open_trees, &mut held.objects, None).await?;
        }
        held.objects
    };
    let wants = places(&request.wants);
    let is_in_trees =
        |place: Place| matches!(catalog.packs.entry(place).map(|entry| entry.kind), Some(Kind::Tree | Kind::Blob));
    // Who asks by name for a tree or blob that the commits it has would bring has these commits without all that is in them.
    // So has a client of a filter by depth, and how deep something was in them is not known. Of its trees and blobs none can
    // be counted on then, neither to be left out nor to be the base of a delta.
    if has_tree_depth || wants.iter().any(|&want| held.contains(want) && is_in_trees(want)) {
        held.retain(|place| !is_in_trees(place));
    }
    let reached = if held.is_empty() && boundary.after.is_empty() {
        catalog.reach(&wants)
    } else {
        let tips = wants.iter().chain(&boundary.new_parents).copied();
        reach(&catalog.packs, tips, Some(&held), Some(&boundary.after))
    };
    let mut selected = reached.objects;
    let named = named(catalog, wants.iter().chain(&boundary.new_parents));
    match request.filter.and_then(|filter| filter.tree_depth_min) {
        Some(depth) => keep_near(catalog, depth, &named, reached.open_trees, &mut selected).await?,
        None => add_below(catalog, reached.open_trees, &mut selected, Some(&held)).await?,
    }
    if let Some(filter) = &request.filter {
        filter_out(catalog, filter, &named, &mut selected, &mut held);
    }
    if request.include_tag {
        add_tags(catalog, refs, &mut selected, &held);
    }
    add_large_bases(&catalog.packs, &mut selected, &held, options, OBJECT_RESIDENT_MAX);
    Ok((plan(&catalog.packs, &selected, &held, options), options))
}

/// Leaves out what is `depth` steps or more away from the trees of the commits that are sent. Of `open_trees` and of what is
/// named, all that is nearer comes in.
async fn keep_near<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    depth: u32,
    named: &[Place],
    open_trees: Vec<Place>,
    selected: &mut ObjectSet,
) -> Result<(), Failure> {
    let kind = |place: Place| catalog.packs.entry(place).map(|entry| entry.kind);
    let (roots, is_root) = roots(catalog, selected);
    let near = within(catalog, roots, depth).await?;
    selected.retain(|place| near.contains(place) || !matches!(kind(place), Some(Kind::Tree | Kind::Blob)));
    let ends = open_trees.into_iter().filter(|&tree| is_root.contains(tree)).collect();
    // As with Git, what is in a tree that is asked for by name is no steps away.
    let is_named_alone = |&place: &Place| kind(place) == Some(Kind::Tree) && !is_root.contains(place);
    let named = named.iter().copied().filter(is_named_alone).collect();
    for whole in [within(catalog, ends, depth).await?, within(catalog, named, depth.saturating_add(1)).await?] {
        selected.add_all(&whole);
    }
    Ok(())
}

/// Leaves out what the filter does not let pass wherever it is: of what is sent, and of what the client can be thought to
/// have.
fn filter_out<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    filter: &Filter,
    named: &[Place],
    selected: &mut ObjectSet,
    held: &mut ObjectSet,
) {
    let entry = |place: Place| catalog.packs.entry(place);
    let passes = |place: Place| entry(place).is_some_and(|entry| filter.lets_pass(entry.kind, entry.object_len));
    selected.retain(passes);
    held.retain(passes);
    // What is asked for by name is sent even so, and what a tag names with it: this is how a client gets what it lacks.
    for &place in named.iter().filter(|&&place| !held.contains(place)) {
        selected.insert(place);
    }
}

/// What is wanted, and what tags among it name.
fn named<'p, S: PackStore>(catalog: &LoadedCatalog<'_, S>, wants: impl Iterator<Item = &'p Place>) -> Vec<Place> {
    wants.flat_map(|&want| std::iter::successors(Some(want), |&place| catalog.packs.tag_target(place))).collect()
}

/// The trees of all commits that are sent, as a list and as a set.
fn roots<S: PackStore>(catalog: &LoadedCatalog<'_, S>, selected: &ObjectSet) -> (Vec<Place>, ObjectSet) {
    let tree = |place: Place| catalog.packs.resolve(place.pack, catalog.packs.commit(place)?.tree);
    let mut seen = catalog.packs.empty_set();
    let list = selected.iter().filter_map(tree).filter(|&root| seen.insert(root)).collect();
    (list, seen)
}

/// Adds the annotated tags of what is sent, those that are known as tags.
fn add_tags<S: PackStore>(catalog: &LoadedCatalog<'_, S>, refs: &[RefRow], selected: &mut ObjectSet, held: &ObjectSet) {
    let place_of = |hex: &str| catalog.packs.find(ObjectId::from_hex(hex.as_bytes()).ok()?);
    for row in refs.iter().filter(|row| row.name.starts_with("refs/tags/")) {
        let Some(peeled) = row.peeled.as_deref().and_then(place_of) else { continue };
        if !selected.contains(peeled) {
            continue;
        }
        let mut tag = place_of(&row.id);
        while let Some(place) = tag.filter(|&place| place != peeled && !held.contains(place)) {
            selected.insert(place);
            tag = catalog.packs.tag_target(place);
        }
    }
}
