//! Which of another server's refs a repo gets.

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::pack::catalog::{Catalog, Place};
use git_core::protocol::client::{RemoteHead, RemoteRef, RemoteRefs};
use git_core::refs::{BranchName, RefName};

use super::fault::ImportFault;
use crate::config::{REF_NAME_LEN_MAX, REF_OVERHEAD_LEN, REFS_LEN_MAX};
use crate::durable::Failure;
use crate::repo::call::{ImportPlan, RefRow, Update};

const HEADS: &str = "refs/heads/";
const TAGS: &str = "refs/tags/";
const ALL: [&str; 3] = [HEADS, TAGS, "refs/notes/"];
/// What a repo without branches, or without a say, is taken to begin with.
const USUAL: [&str; 2] = ["main", "master"];

/// The branch that is asked for, or the server's default: without a branch in it there is none to import.
pub(super) fn branch(refs: &RemoteRefs, wanted: Option<&BranchName>) -> Result<BranchName, ImportFault> {
    let is_there = |name: &str| refs.refs.iter().any(|one| one.name.as_str() == format!("{HEADS}{name}"));
    if let Some(wanted) = wanted {
        return if is_there(wanted.as_str()) {
            Ok(wanted.clone())
        } else {
            Err(ImportFault::NoBranch(Some(wanted.to_string())))
        };
    }
    let has_branches = refs.refs.iter().any(|one| one.name.as_str().starts_with(HEADS));
    let named = |name: &str| BranchName::parse(name, REF_NAME_LEN_MAX).ok();
    let short = |name: &RefName| name.as_str().strip_prefix(HEADS).and_then(named);
    match &refs.head {
        Some(RemoteHead { target: Some(target), .. }) => {
            let branch = short(target).filter(|branch| is_there(branch.as_str()) || !has_branches);
            branch.ok_or_else(|| ImportFault::NoDefault(target.as_str().into()))
        }
        // Detached, or a server that does not say: a branch that is there, the usual ones first.
        Some(RemoteHead { target: None, id: Some(id) }) => {
            let at: Vec<_> = refs.refs.iter().filter(|one| one.id == *id).filter_map(|one| short(&one.name)).collect();
            let usual = at.iter().find(|branch| USUAL.contains(&branch.as_str()));
            usual.or(at.first()).cloned().ok_or(ImportFault::NoBranch(None))
        }
        _ => {
            let usual =
                USUAL.into_iter().find(|name| is_there(name)).or(USUAL.first().copied().filter(|_| !has_branches));
            usual.and_then(named).ok_or(ImportFault::NoBranch(None))
        }
    }
}

/// Whether a repo has room for the refs that may come to be.
pub(super) fn check_room(refs: &RemoteRefs, plan: &ImportPlan) -> Result<(), ImportFault> {
    let len: u64 = wanted(refs, plan).map(|one| REF_OVERHEAD_LEN + one.name.as_str().len() as u64).sum();
    if len <= REFS_LEN_MAX {
        return Ok(());
    }
    let what = format!("the remote has too many refs: names and ids take {len} bytes, {REFS_LEN_MAX} at most");
    Err(ImportFault::Unsound(what))
}

/// The refs that may come to be, of those that a server tells, if a repo has room for them.
pub(super) fn told(refs: &RemoteRefs, plan: &ImportPlan) -> Result<Vec<RefRow>, ImportFault> {
    check_room(refs, plan)?;
    let row = wanted(refs, plan).map(|one| RefRow {
        name: one.name.as_str().to_owned(),
        id: one.id.to_hex(),
        peeled: one.peeled_id.map(|id| id.to_hex()),
    });
    Ok(row.collect())
}

fn wanted<'a>(refs: &'a RemoteRefs, plan: &'a ImportPlan) -> impl Iterator<Item = &'a RemoteRef> {
    let is_wanted = |name: &str| {
        if plan.all_refs {
            ALL.into_iter().any(|prefix| name.starts_with(prefix))
        } else {
            name == plan.branch || name.starts_with(TAGS)
        }
    };
    refs.refs.iter().filter(move |one| is_wanted(one.name.as_str()))
}

/// What is still to be asked for, of the refs that a server told: all of them or the branch, and then those annotated tags of
/// what is here that did not come with it.
pub(super) fn wants(told: &[RefRow], plan: &ImportPlan, catalog: &Catalog) -> Result<Vec<ObjectId>, Failure> {
    let mut wants = Vec::new();
    for row in told {
        let is_first = plan.all_refs || row.name == plan.branch;
        let is_here = |hex: &String| Ok::<_, Failure>(catalog.find(object_id(hex)?).is_some());
        let is_of_here = row.peeled.as_ref().map_or(Ok(false), is_here)?;
        if (is_first || is_of_here) && !is_here(&row.id)? {
            wants.push(object_id(&row.id)?);
        }
    }
    wants.sort_unstable();
    wants.dedup();
    Ok(wants)
}

/// The refs that come to be, now that all that was wanted is here: tags only if what they are of is.
pub(super) fn refs(told: &[RefRow], catalog: &Catalog) -> Result<Vec<Update>, ImportFault> {
    let mut updates = Vec::new();
    for row in told {
        let Some(place) = object_id(&row.id).ok().and_then(|id| catalog.find(id)) else { continue };
        let kind = catalog.entry(place).map(|entry| entry.kind);
        if row.name.starts_with(HEADS) && kind != Some(Kind::Commit) {
            return Err(ImportFault::Unsound(format!("the remote's branch '{}' is no commit", row.name)));
        }
        let peeled = peel(catalog, place).map(|id| id.to_hex());
        let (name, new_id) = (row.name.clone(), Some(row.id.clone()));
        updates.push(Update { name, old_id: None, new_id, peeled, refused: None });
    }
    Ok(updates)
}

/// What stands at the end of a chain of tags.
fn peel(catalog: &Catalog, tag: Place) -> Option<ObjectId> {
    let next = |place: Place| catalog.resolve(place.pack, catalog.index(place.pack)?.tag_target(place.number)?);
    let last = std::iter::successors(next(tag), |&place| next(place)).last()?;
    catalog.id(last)
}

pub(super) fn object_id(hex: &str) -> Result<ObjectId, Failure> {
    ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn refs_of(names: &[(&str, u8)], head: Option<(Option<&str>, Option<u8>)>) -> RemoteRefs {
        let name = |name: &str| RefName::parse(name.as_bytes(), REF_NAME_LEN_MAX).unwrap();
        let head = head.map(|(target, at)| RemoteHead { target: target.map(name), id: at.map(id) });
        let one = |&(text, at): &(&str, u8)| RemoteRef { name: name(text), id: id(at), peeled_id: None };
        RemoteRefs { head, refs: names.iter().map(one).collect(), n_left_out: 0 }
    }

    fn chosen(names: &[(&str, u8)], head: Option<(Option<&str>, Option<u8>)>) -> Result<String, ImportFault> {
        branch(&refs_of(names, head), None).map(|branch| branch.to_string())
    }

    #[test]
    fn the_servers_default_branch_is_taken_be_it_there_or_not() {
        let names = [("refs/heads/a", 1), ("refs/heads/trunk", 2)];
        assert_eq!(chosen(&names, Some((Some("refs/heads/trunk"), Some(2)))), Ok("trunk".into()));
        assert_eq!(chosen(&[], Some((Some("refs/heads/trunk"), None))), Ok("trunk".into()));
        assert_eq!(
            chosen(&names, Some((Some("refs/heads/gone"), None))),
            Err(ImportFault::NoDefault("refs/heads/gone".into()))
        );
        assert_eq!(chosen(&[], None), Ok("main".into()));
        assert_eq!(
            chosen(&names, Some((Some("refs/other/a"), None))),
            Err(ImportFault::NoDefault("refs/other/a".into()))
        );
    }

    #[test]
    fn of_a_detached_head_a_branch_that_is_there_is_taken_the_usual_one_if_it_is_among_them() {
        let names = [("refs/heads/a", 1), ("refs/heads/b", 2), ("refs/heads/master", 2)];
        assert_eq!(chosen(&names, Some((None, Some(2)))), Ok("master".into()));
        assert_eq!(chosen(&names, Some((None, Some(1)))), Ok("a".into()));
        assert_eq!(chosen(&names, Some((None, Some(3)))), Err(ImportFault::NoBranch(None)));
        assert_eq!(chosen(&names, None), Ok("master".into()));
        assert_eq!(chosen(&names[..1], None), Err(ImportFault::NoBranch(None)));
    }

    #[test]
    fn a_branch_that_is_named_must_be_there() {
        let refs = refs_of(&[("refs/heads/a", 1)], None);
        let named = |name: &str| BranchName::parse(name, REF_NAME_LEN_MAX).unwrap();
        assert_eq!(branch(&refs, Some(&named("a"))), Ok(named("a")));
        assert_eq!(branch(&refs, Some(&named("b"))), Err(ImportFault::NoBranch(Some("b".into()))));
    }

    #[test]
    fn a_branch_comes_with_tags_or_everything_but_what_is_neither_branch_tag_nor_note() {
        let names = [
            ("refs/heads/a", 1),
            ("refs/heads/b", 2),
            ("refs/notes/n", 3),
            ("refs/pull/1/head", 4),
            ("refs/tags/t", 5),
        ];
        let plan = |all_refs| ImportPlan { url: String::new(), branch: "refs/heads/a".into(), depth: None, all_refs };
        let told = |all_refs| {
            let told = told(&refs_of(&names, None), &plan(all_refs)).unwrap();
            told.into_iter().map(|row| row.name).collect::<Vec<_>>().join(" ")
        };
        assert_eq!(told(false), "refs/heads/a refs/tags/t");
        assert_eq!(told(true), "refs/heads/a refs/heads/b refs/notes/n refs/tags/t");
    }

    #[test]
    fn more_refs_than_a_repo_has_room_for_are_refused() {
        let names: Vec<_> = (0..REFS_LEN_MAX / REF_OVERHEAD_LEN).map(|n| format!("refs/tags/{n:06}")).collect();
        let names: Vec<_> = names.iter().map(|name| (name.as_str(), 1)).collect();
        let plan = |all_refs| ImportPlan { url: String::new(), branch: "refs/heads/a".into(), depth: None, all_refs };
        let too_many = refs_of(&names, None);
        assert!(matches!(told(&too_many, &plan(true)), Err(ImportFault::Unsound(_))));
        assert_eq!(check_room(&too_many, &plan(true)), told(&too_many, &plan(true)).map(drop));
        assert_eq!(told(&refs_of(&names[..1000], None), &plan(true)).unwrap().len(), 1000);
    }
}
