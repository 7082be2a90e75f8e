//! Packs made by git, taken in by us: git is asked for every answer.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test that cannot go on has failed")]

mod support;

use std::collections::{BTreeMap, BTreeSet};

use git_core::ObjectId;
use git_core::pack::entry::{Content, EntryHeader, encode_entry_header, encode_pack_header};
use git_core::pack::index::{PackIndex, Ref};
use git_core::pack::{Kind, Limits, PackError};
use git_core::sha1::Sha1;
use support::{Asked, Repo, index, index_bytes, limits, resolve};

const ALL: &str = "main\nside\nv1\n";

/// A history with a merge, a rename, a revert, a submodule, odd names and enough text for deltas.
fn history() -> Repo {
    let repo = Repo::new();
    let text = |seed: usize, n: usize| -> String {
        let line = |line: usize| format!("line {line} of file {seed}: {}\n", line * seed % 97);
        (0..n).map(line).collect::<Vec<_>>().concat()
    };
    for file in 0..40 {
        repo.write(&format!("src/part{}/file{file}.txt", file % 5), text(file, 300));
    }
    repo.write("a", "file");
    repo.write("a.b/c", "sorts between");
    repo.commit("first");
    for step in 0..60 {
        let file = step * 7 % 40;
        repo.write(&format!("src/part{}/file{file}.txt", file % 5), text(file, 300 + step));
        // Long messages that differ little: commits are deltas too.
        repo.commit(&format!("step {step}\n\n{}", text(step / 50, 80)));
    }
    repo.git(&["checkout", "-q", "-b", "side", "HEAD~20"]);
    repo.write("side/only.txt", text(99, 50));
    repo.commit("on the side");
    repo.git(&["tag", "-a", "-m", "words", "v1"]);
    repo.git(&["checkout", "-q", "main"]);
    repo.git(&["merge", "-q", "--no-ff", "-m", "merge", "side"]);
    repo.git(&["mv", "src/part1", "src/renamed"]);
    repo.git(&["rm", "-q", "a"]);
    repo.write("a/now-a-folder", "x");
    repo.commit("rename, and a file becomes a folder");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    repo.git(&["update-index", "--add", "--cacheinfo", "160000,1234567890123456789012345678901234567890,sub"]);
    repo.git(&["commit", "-q", "-m", "a submodule"]);
    repo
}

fn all_ids(index: &PackIndex) -> Vec<ObjectId> {
    let mut ids: Vec<_> = (0..index.n_objects()).map(|number| index.id(number).unwrap()).collect();
    ids.sort_unstable();
    ids
}

#[test]
fn every_object_has_the_id_kind_length_and_place_that_git_gives_it() {
    let repo = history();
    let pack = repo.pack(ALL, false);
    let index = index(&pack, limits(), None, &mut Asked::default()).unwrap();
    assert_eq!(all_ids(&index), repo.objects(&["--all"]));
    let name = repo.0.join("x.pack");
    std::fs::write(&name, &pack).unwrap();
    repo.git(&["index-pack", "x.pack"]);
    let listing = repo.text(&["verify-pack", "-v", "x.idx"]);
    let mut n_checked = 0;
    for line in listing.lines() {
        let words: Vec<_> = line.split_whitespace().collect();
        let Ok(id) = words[0].parse::<ObjectId>() else { continue };
        let number = index.find(id).unwrap();
        let entry = index.entry(number).unwrap();
        assert_eq!(entry.kind.name(), words[1]);
        assert_eq!(entry.offset.to_string(), words[4]);
        assert_eq!(entry.base.is_some(), words.len() > 5, "{line}");
        let object_len = repo.text(&["cat-file", "-s", words[0]]);
        assert_eq!(entry.object_len.to_string(), object_len);
        if let Some(base) = words.get(6) {
            assert_eq!(entry.base, Some(Ref::Here(index.find(base.parse().unwrap()).unwrap())));
        }
        n_checked += 1;
    }
    assert_eq!(n_checked, index.n_objects());
}

#[test]
fn what_ancestors_introduce_is_exactly_what_a_commit_reaches() {
    let repo = history();
    let limits = Limits { cache_max: 0, ..limits() };
    let index = index(&repo.pack(ALL, false), limits, None, &mut Asked::default()).unwrap();
    let is_delta = |at| index.entry(index.commit(at).unwrap().number).unwrap().base.is_some();
    assert!((0..index.n_commits()).any(is_delta), "commits are deltas");
    for (at, line) in repo.text(&["rev-list", "--all"]).lines().enumerate().step_by(5) {
        let id: ObjectId = line.parse().unwrap();
        let mut reached = BTreeSet::new();
        let mut stack = vec![index.find(id).unwrap()];
        while let Some(number) = stack.pop() {
            if !reached.insert(index.id(number).unwrap()) {
                continue;
            }
            let commit = index.commit(index.commit_at(number).unwrap()).unwrap();
            stack.extend(index.parents(&commit).map(here));
            reached.extend(index.introduced(&commit).map(|object| index.id(here(object)).unwrap()));
        }
        assert_eq!(reached.into_iter().collect::<Vec<_>>(), repo.objects(&[line]), "commit {at}");
    }
}

#[test]
fn little_memory_makes_the_same_index() {
    let repo = history();
    let packs = [(repo.pack(ALL, false), None), (repo.pack("main~1\n^main~30\n", true), Some(&repo))];
    for (pack, repo) in packs {
        let bytes = |limits| index_bytes(&pack, limits, repo, &mut Asked::default()).unwrap();
        let expected = bytes(Limits { tree_cache_max: 64 << 20, cache_max: 64 << 20, ..limits() });
        for (tree_cache_max, cache_max) in [(0, 0), (0, 64 << 10), (2 << 10, 64 << 20), (16 << 10, 0)] {
            assert!(bytes(Limits { tree_cache_max, cache_max, ..limits() }) == expected);
        }
    }
}

#[test]
fn commits_introduce_the_same_whether_trees_come_whole_or_as_deltas() {
    let repo = history();
    let introduced = |pack: &[u8]| {
        let index = index(pack, limits(), None, &mut Asked::default()).unwrap();
        let is_delta = |number: u32| index.entry(number).is_some_and(|e| e.kind == Kind::Tree && e.base.is_some());
        let n_tree_deltas = (0..index.n_objects()).filter(|&number| is_delta(number)).count();
        let of_commit = |at| {
            let commit = index.commit(at).unwrap();
            let ids: Vec<_> = index.introduced(&commit).map(|object| index.id(here(object)).unwrap()).collect();
            (index.id(commit.number).unwrap(), ids)
        };
        ((0..index.n_commits()).map(of_commit).collect::<BTreeMap<_, _>>(), n_tree_deltas)
    };
    let (as_deltas, n_tree_deltas) = introduced(&repo.pack(ALL, false));
    let (whole, none) = introduced(&repo.whole_pack(ALL));
    assert!(n_tree_deltas > 50 && none == 0, "{n_tree_deltas} and {none} deltas");
    assert_eq!(as_deltas, whole);
}

#[test]
fn what_takes_too_much_memory_or_work_is_refused() {
    let repo = history();
    let pack = repo.pack(ALL, false);
    let refused = |limits| index(&pack, limits, None, &mut Asked::default()).err();
    let notes = PackError::TooMany { what: "bytes of notes on its objects", n_max: 32 << 10 };
    assert_eq!(refused(Limits { notes_max: 32 << 10, ..limits() }), Some(notes));
    let compared = PackError::TooMany { what: "entries of trees to compare", n_max: 1000 };
    assert_eq!(refused(Limits { n_compared_max: 1000, ..limits() }), Some(compared));
}

fn here(reference: Ref) -> u32 {
    match reference {
        Ref::Here(number) => number,
        Ref::Outside(id) => panic!("{id} is outside"),
    }
}

#[test]
fn generations_and_times_follow_the_parents() {
    let repo = history();
    let index = index(&repo.pack(ALL, false), limits(), None, &mut Asked::default()).unwrap();
    for at in 0..index.n_commits() {
        let commit = index.commit(at).unwrap();
        let highest = index
            .parents(&commit)
            .map(|parent| index.commit(index.commit_at(here(parent)).unwrap()).unwrap().generation);
        assert_eq!(commit.generation, highest.max().unwrap_or(0) + 1);
        assert_eq!(commit.time, 1_700_000_000);
    }
    let tag = index.find(repo.id("v1")).unwrap();
    assert_eq!(index.tag_target(tag), Some(Ref::Here(index.find(repo.id("v1^{}")).unwrap())));
    assert_eq!(index.tag_target(tag + 1), None);
}

#[test]
fn chunk_boundaries_and_cache_sizes_make_no_difference() {
    let repo = history();
    let pack = repo.pack(ALL, false);
    let expected = all_ids(&index(&pack, limits(), None, &mut Asked::default()).unwrap());
    for (chunk_len, cache_max, pack_resident_max) in [(1, 0, 0), (13, 1 << 12, 0), (1 << 16, 1 << 24, 1 << 24)] {
        let limits = Limits { cache_max, pack_resident_max, ..limits() };
        let mut asked = Asked::default();
        let resolved = resolve(&pack, limits, chunk_len, None, &mut asked).unwrap();
        assert!(resolved.outside().is_empty());
        assert!(expected.iter().all(|&id| resolved.kind(id).is_some()));
        assert_eq!(asked.n_pack_reads == 0, pack_resident_max > 0);
    }
}

#[test]
fn a_thin_pack_asks_for_its_bases_and_for_the_trees_beside_the_changes() {
    let repo = history();
    let pack = repo.pack("main~1\n^main~4\n", true);
    let mut asked = Asked::default();
    let index = index(&pack, limits(), Some(&repo), &mut asked).unwrap();
    assert_eq!(all_ids(&index), repo.objects(&["main~1", "^main~4"]));
    assert!(!asked.bases.is_empty() && !asked.trees.is_empty());
    let known: BTreeSet<_> = repo.objects(&["main~4"]).into_iter().collect();
    assert!(asked.bases.iter().chain(&asked.trees).all(|id| known.contains(id) || index.find(*id).is_some()));
}

#[test]
fn a_revert_names_the_objects_of_older_packs_that_it_brings_back() {
    let repo = Repo::new();
    repo.write("dir/deep/file", "one");
    repo.commit("one");
    repo.write("dir/deep/file", "two");
    let two = repo.commit("two");
    repo.git(&["revert", "--no-edit", "HEAD"]);
    let index = index(&repo.pack("HEAD\n^HEAD~1\n", false), limits(), Some(&repo), &mut Asked::default()).unwrap();
    let commit = index.commit(0).unwrap();
    assert_eq!(index.parents(&commit).collect::<Vec<_>>(), [Ref::Outside(two)]);
    let mut introduced: Vec<_> = index.introduced(&commit).collect();
    introduced.sort_unstable();
    let mut expected: Vec<_> = ["HEAD^{tree}", "HEAD:dir", "HEAD:dir/deep", "HEAD:dir/deep/file"]
        .iter()
        .map(|name| index.find(repo.id(name)).map_or(Ref::Outside(repo.id(name)), Ref::Here))
        .collect();
    expected.sort_unstable();
    assert_eq!(introduced, expected);
}

#[test]
fn a_large_blob_and_deltas_on_it_are_spilled_and_never_held() {
    let repo = Repo::new();
    let mut content: Vec<u8> = (0..5_000_000u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
    repo.write("large", &content);
    repo.commit("large");
    for at in [2_500_000, 100, 4_999_999] {
        content[at] ^= 1;
        repo.write("large", &content);
        repo.commit("one byte");
    }
    repo.write("large", &content[..2000]);
    repo.commit("small again");
    let expected = repo.objects(&["HEAD"]);
    let mut asked = Asked::default();
    let whole = index(&repo.pack("HEAD\n", false), limits(), None, &mut asked).unwrap();
    assert_eq!(all_ids(&whole), expected);
    assert!(asked.spilled_bytes >= content.len());
    let mut asked = Asked::default();
    let thin = repo.pack("HEAD~1\n^HEAD~2\n", true);
    assert!(thin.len() < 4000);
    let thin = index(&thin, limits(), Some(&repo), &mut asked).unwrap();
    assert_eq!(asked.bases.len(), 1);
    let blob = thin.entry(thin.find(repo.id("HEAD~1:large")).unwrap()).unwrap();
    assert_eq!((blob.kind, blob.object_len), (Kind::Blob, 5_000_000));
    assert_eq!(blob.base, Some(Ref::Outside(asked.bases[0])));
}

#[test]
fn an_empty_pack_is_a_pack() {
    let repo = Repo::new();
    let index = index(&repo.git_with(&["pack-objects", "--stdout", "-q"], b""), limits(), None, &mut Asked::default());
    assert_eq!(index.unwrap().n_objects(), 0);
}

#[test]
fn deltas_on_one_base_of_the_repository_ask_for_it_once() {
    let repo = Repo::new();
    repo.write("base", [7; 300]);
    repo.commit("base");
    let base_id = repo.id("HEAD:base");
    let mut pack = encode_pack_header(20).to_vec();
    for n in 0..20 {
        // 300 and 301 as lengths of base and result, all of the base, one byte.
        let delta = [0xac, 0x02, 0xad, 0x02, 0xb0, 0x2c, 0x01, 1, n];
        let content = Content::RefDelta { base_id };
        encode_entry_header(EntryHeader { content, inflated_len: delta.len() as u64 }, &mut pack);
        pack.extend(git_core::zlib::deflate(&delta));
    }
    pack.extend(Sha1::of(&pack).as_bytes());
    let mut asked = Asked::default();
    let index = index(&pack, limits(), Some(&repo), &mut asked).unwrap();
    assert_eq!((index.n_objects(), asked.bases), (20, vec![base_id]));
}

#[test]
fn a_broken_pack_is_refused_or_taken_in_and_never_a_panic() {
    let repo = Repo::new();
    for n in 0..12 {
        repo.write(&format!("dir/file-{}", n % 3), format!("some text\n{n}\n").repeat(40));
        repo.commit("step");
    }
    let pack = repo.pack("HEAD\n", false);
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    let mut random = |n: usize| {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        usize::try_from(state % n as u64).unwrap()
    };
    let mut n_refused = 0;
    for _ in 0..1500 {
        let mut broken = pack.clone();
        broken.truncate(pack.len() - 20);
        for _ in 0..=random(3) {
            let at = 12 + random(broken.len() - 12);
            broken[at] = random(256).to_le_bytes()[0];
        }
        if random(4) == 0 {
            broken.truncate(random(broken.len()));
        }
        // A fitting trailer, so that what is broken is found where it is.
        broken.extend(Sha1::of(&broken).as_bytes());
        n_refused += usize::from(index(&broken, limits(), Some(&repo), &mut Asked::default()).is_err());
    }
    assert!(n_refused > 1000, "{n_refused} of 1500 refused");
}
