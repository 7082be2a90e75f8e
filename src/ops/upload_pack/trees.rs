//! What only the content of trees tells: all that is below one, and how deep.

use git_core::object::tree::TreeEntries;
use git_core::pack::Kind;
use git_core::pack::catalog::{ObjectSet, Place};

use crate::config::FETCH_TREE_BYTES_MAX;
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::store::PackStore;

/// Adds trees and all that is below them, except what is in `held`. What is in `objects` already may not be complete, so
/// it is gone into all the same.
pub(crate) async fn add_below<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    trees: Vec<Place>,
    objects: &mut ObjectSet,
    held: Option<&ObjectSet>,
) -> Result<(), Failure> {
    let is_held = |place: Place| held.is_some_and(|held| held.contains(place));
    let (mut seen, mut level) = (catalog.packs.empty_set(), trees);
    let mut budget = FETCH_TREE_BYTES_MAX;
    level.retain(|&tree| !is_held(tree) && seen.insert(tree));
    while !level.is_empty() {
        for &tree in &level {
            objects.insert(tree);
        }
        let mut next = Vec::new();
        each_entry(catalog, level, &mut budget, |kind, place| {
            if !is_held(place) {
                match kind {
                    Kind::Tree if seen.insert(place) => next.push(place),
                    Kind::Tree => {}
                    _ => drop(objects.insert(place)),
                }
            }
        })
        .await?;
        level = next;
    }
    Ok(())
}

/// What is fewer than `depth` steps away from one of these trees, they themselves being none away.
pub(super) async fn within<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    roots: Vec<Place>,
    depth: u32,
) -> Result<ObjectSet, Failure> {
    let (mut within, mut level, mut budget) = (catalog.packs.empty_set(), roots, FETCH_TREE_BYTES_MAX);
    level.retain(|&root| depth > 0 && within.insert(root));
    for _ in 1..depth {
        let mut next = Vec::new();
        each_entry(catalog, level, &mut budget, |kind, place| {
            if within.insert(place) && kind == Kind::Tree {
                next.push(place);
            }
        })
        .await?;
        if next.is_empty() {
            break;
        }
        level = next;
    }
    Ok(within)
}

/// Names what these trees name, submodules left out. Their bytes are taken off `budget`.
async fn each_entry<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    mut trees: Vec<Place>,
    budget: &mut u64,
    mut found: impl FnMut(Kind, Place),
) -> Result<(), Failure> {
    // In the order in which they are stored: neighbours are read together.
    trees.sort_unstable();
    let mut rest = &trees[..];
    while !rest.is_empty() {
        let (ready, later) = rest.split_at(catalog.read_ahead(rest).await?);
        for &tree in ready {
            for (kind, place) in entries(catalog, tree, budget).await? {
                found(kind, place);
            }
        }
        rest = later;
    }
    Ok(())
}

/// What a tree names, submodules left out. Its bytes are taken off `budget`.
async fn entries<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    tree: Place,
    budget: &mut u64,
) -> Result<Vec<(Kind, Place)>, Failure> {
    let object = catalog.object(tree).await?;
    let (_, content) = object.ok_or_else(|| Failure::shape("a tree that can be held", format_args!("{tree:?}")))?;
    let too_many = || Failure::Range {
        what: "bytes of trees for one fetch",
        value: FETCH_TREE_BYTES_MAX + 1,
        max: FETCH_TREE_BYTES_MAX,
    };
    *budget = budget.checked_sub(content.len() as u64).ok_or_else(too_many)?;
    let mut named = Vec::new();
    for entry in TreeEntries::new(&content) {
        let entry = entry.map_err(|error| Failure::shape("a stored tree", error))?;
        let Some(kind) = entry.kind() else { continue };
        let place = catalog.packs.find(entry.id).ok_or_else(|| Failure::shape("a closed catalog", entry.id))?;
        named.push((kind, place));
    }
    Ok(named)
}
