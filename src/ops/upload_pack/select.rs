//! Which objects a fetch sends: from the indexes alone, but for trees that are wanted without a commit.

use git_core::ObjectId;
use git_core::object::tree::TreeEntries;
use git_core::pack::Kind;
use git_core::pack::catalog::{ObjectSet, Place};
use git_core::pack::select::{Plan, SendOptions, add_large_bases, plan};
use git_core::protocol::fetch::FetchRequest;
use git_core::walk::reach;

use crate::config::OBJECT_RESIDENT_MAX;
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::repo::call::RefRow;
use crate::store::PackStore;

/// Plans the pack for a request whose wants are all here.
pub(super) async fn select<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    request: &FetchRequest,
    refs: &[RefRow],
) -> Result<(Plan, SendOptions), Failure> {
    let options = SendOptions { thin_pack: request.thin_pack, ofs_delta: request.ofs_delta };
    let held = reach(&catalog.packs, &request.haves, None).objects;
    let reached = reach(&catalog.packs, &request.wants, Some(&held));
    let mut selected = reached.objects;
    add_below(catalog, reached.open_trees, &mut selected, &held).await?;
    if request.include_tag {
        add_tags(catalog, refs, &mut selected, &held);
    }
    add_large_bases(&catalog.packs, &mut selected, &held, options, OBJECT_RESIDENT_MAX);
    Ok((plan(&catalog.packs, &selected, &held, options), options))
}

/// Adds what is below trees that no commit among the wanted ones reaches.
pub(crate) async fn add_below<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    mut trees: Vec<Place>,
    selected: &mut ObjectSet,
    held: &ObjectSet,
) -> Result<(), Failure> {
    while let Some(tree) = trees.pop() {
        let object = catalog.object(tree).await?;
        let (_, content) = object.ok_or_else(|| Failure::shape("a tree that can be held", format_args!("{tree:?}")))?;
        for entry in TreeEntries::new(&content) {
            let entry = entry.map_err(|error| Failure::shape("a stored tree", error))?;
            let Some(kind) = entry.kind() else { continue };
            let place = catalog.packs.find(entry.id).ok_or_else(|| Failure::shape("a closed catalog", entry.id))?;
            if !held.contains(place) && selected.insert(place) && kind == Kind::Tree {
                trees.push(place);
            }
        }
    }
    Ok(())
}

/// Adds the annotated tags of what is sent.
fn add_tags<S: PackStore>(catalog: &LoadedCatalog<'_, S>, refs: &[RefRow], selected: &mut ObjectSet, held: &ObjectSet) {
    let place_of = |hex: &str| catalog.packs.find(ObjectId::from_hex(hex.as_bytes()).ok()?);
    for row in refs {
        let Some(peeled) = row.peeled.as_deref().and_then(place_of) else { continue };
        if !selected.contains(peeled) {
            continue;
        }
        let mut tag = place_of(&row.id);
        while let Some(place) = tag.filter(|&place| place != peeled && !held.contains(place)) {
            selected.insert(place);
            let target = catalog.packs.index(place.pack).and_then(|index| index.tag_target(place.number));
            tag = target.and_then(|target| catalog.packs.resolve(place.pack, target));
        }
    }
}
