//! What reaches what, beside git's own answers.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod support;

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::rc::Rc;

use git_core::ObjectId;
use git_core::pack::catalog::{Catalog, CatalogPack, ObjectSet, Place};
use git_core::walk::{all_reach, descends, reach_whole};
use support::{Asked, Repo, index, limits};

/// Lines of history that part, meet and cross, one with a root of its own, and tags of tags.
fn history() -> Repo {
    let repo = Repo::new();
    let mut tips = vec![repo.commit("root")];
    for step in 0..40 {
        let (from, other) = (tips[step * 7 % tips.len()], tips[step * 5 % tips.len()]);
        repo.git(&["checkout", "-q", "--detach", &from.to_hex()]);
        repo.write(&format!("file{}", step % 6), format!("step {step}"));
        let mut tip = repo.commit(&format!("step {step}"));
        if step % 3 == 2 && from != other {
            let tree = repo.id("HEAD^{tree}");
            let merge = ["commit-tree", &tree.to_hex(), "-p", &tip.to_hex(), "-p", &other.to_hex(), "-m", "merge"];
            tip = repo.text(&merge).parse().unwrap();
        }
        repo.git(&["update-ref", &format!("refs/heads/tip{step}"), &tip.to_hex()]);
        tips.push(tip);
    }
    repo.git(&["checkout", "-q", "--orphan", "other"]);
    repo.commit("another root");
    repo.git(&["tag", "-a", "-m", "words", "v1", "tip39"]);
    repo.git(&["-c", "advice.nestedTag=false", "tag", "-a", "-m", "words", "v2", "v1"]);
    repo
}

fn refs(repo: &Repo) -> String {
    repo.text(&["for-each-ref", "--format=%(refname)"]) + "\n"
}

fn catalog(pack: &[u8]) -> Catalog {
    let index = index(pack, limits(), None, &mut Asked::default()).unwrap();
    Catalog::new(vec![CatalogPack { index: Rc::new(index), pack_len: pack.len() as u64, visible: None }])
}

fn ids(repo: &Repo) -> Vec<ObjectId> {
    repo.text(&["for-each-ref", "--format=%(objectname)"]).lines().map(|line| line.parse().unwrap()).collect()
}

#[test]
fn wants_reach_common_commits_as_git_says() {
    let repo = history();
    let (catalog, ids) = (catalog(&repo.pack(&refs(&repo), false)), ids(&repo));
    let reached: BTreeMap<_, BTreeSet<_>> = ids
        .iter()
        .map(|id| (*id, repo.objects(&[&id.to_hex(), &format!("{id}^{{commit}}")]).into_iter().collect()))
        .collect();
    // Who has a commit has its parents.
    let listed = repo.text(&["rev-list", "--parents", "--all"]);
    let parse = |line: &str| line.split(' ').map(|id| id.parse().unwrap()).collect::<Vec<ObjectId>>();
    let families: BTreeMap<ObjectId, Vec<ObjectId>> = listed.lines().map(parse).map(|line| (line[0], line)).collect();
    let git_says = |wants: &[ObjectId], common: &[ObjectId]| {
        let family = |id: &ObjectId| families.get(id).cloned().unwrap_or_else(|| vec![*id]);
        let had: Vec<_> = common.iter().flat_map(family).collect();
        wants.iter().all(|want| had.iter().any(|had| reached[want].contains(had)))
    };
    let mut said = [0, 0];
    for n in 0..ids.len() * 20 {
        let pick =
            |by: usize, n_ids: usize| -> Vec<_> { (0..n_ids).map(|at| ids[(n * by + at * 11) % ids.len()]).collect() };
        let (wants, common) = (pick(17, 1 + n % 3), pick(31, n % 4));
        let ours = all_reach(&catalog, &wants, &common, None);
        assert_eq!(ours, git_says(&wants, &common), "{wants:?} {common:?}");
        said[usize::from(ours)] += 1;
    }
    assert!(said[0] > 50 && said[1] > 50, "{said:?}");
}

#[test]
fn a_commit_descends_from_those_that_git_has_among_its_ancestors() {
    let repo = history();
    let (catalog, ids) = (catalog(&repo.pack(&refs(&repo), false)), ids(&repo));
    let mut said = [0, 0];
    for (n, &from) in ids.iter().enumerate() {
        let ancestors: BTreeSet<_> = repo.objects(&[&from.to_hex()]).into_iter().collect();
        for to in (0..ids.len()).map(|at| ids[(n + at * 7) % ids.len()]) {
            let (place, to_place) = (catalog.find(from).unwrap(), catalog.find(to).unwrap());
            let is_commit = catalog.commit(to_place).is_some();
            let ours = descends(&catalog, [place], to_place, &mut 1000);
            assert_eq!(ours, is_commit && ancestors.contains(&to), "{from} {to}");
            said[usize::from(ours)] += 1;
        }
    }
    assert!(said[0] > 50 && said[1] > 50, "{said:?}");
    let (tip, root) = (repo.id("tip39"), repo.text(&["rev-list", "--max-parents=0", "tip39"]).parse().unwrap());
    let (tip, root, mut budget) = (catalog.find(tip).unwrap(), catalog.find(root).unwrap(), 2);
    assert!(!descends(&catalog, [tip], root, &mut budget) && budget == 0);
}

#[test]
fn what_is_known_of_a_commit_is_not_walked_again_and_changes_nothing() {
    let repo = history();
    let (catalog, ids) = (catalog(&repo.whole_pack(&refs(&repo))), ids(&repo));
    let known = RefCell::new(BTreeMap::<Place, Rc<ObjectSet>>::new());
    let mut n_used = 0;
    for n in 0..200 {
        let tips: Vec<_> = (0..=n % 3).map(|at| ids[(n * 17 + at * 5) % ids.len()]).collect();
        let places: Vec<_> = tips.iter().map(|&id| catalog.find(id).unwrap()).collect();
        let learn = |place, set: &ObjectSet| drop(known.borrow_mut().insert(place, Rc::new(set.clone())));
        let found = |place| known.borrow().get(&place).cloned();
        n_used += usize::from(places.iter().any(|&place| found(place).is_some()));
        let reached = reach_whole(&catalog, &places, found, learn, 3);
        let names: Vec<_> = tips.iter().map(ObjectId::to_hex).collect();
        let expected = repo.objects(&names.iter().map(String::as_str).collect::<Vec<_>>());
        let mut ours: Vec<_> = reached.objects.iter().map(|place| catalog.id(place).unwrap()).collect();
        ours.sort_unstable();
        assert_eq!(ours, expected);
        assert_eq!(reached.objects.len(), expected.len());
    }
    assert!(n_used > 100, "{n_used}");
}
