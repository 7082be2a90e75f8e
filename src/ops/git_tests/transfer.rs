//! Pushes taken in and fetches sent.

use git_core::pack::index::{PackIndex, Ref};

use super::maintenance::index_of;
use super::*;
use crate::config::LONG_WALK;

#[test]
fn what_was_pushed_in_parts_is_fetched_whole_and_in_parts() {
    let (server, work) = (Server::new("repo-of-test-one"), Work::new("parts"));
    let commits = pushed(&server, &work);
    assert!(!server.store.objects.borrow().is_empty());
    let tip = commits.last().unwrap();
    let expected = work.git(&["rev-list", "--objects", "--no-object-names", tip]);
    for (n, arguments) in [&["ofs-delta"][..], &[], &["ofs-delta", "thin-pack"]].into_iter().enumerate() {
        let clone = Work::new(&format!("clone-{n}"));
        assert_eq!(clone.receive(&server.fetch(&[tip], &[], arguments), tip), expected);
        let client = Work::new(&format!("client-{n}"));
        let (mut have, step) = (None, n + 1);
        for commit in commits.iter().step_by(step).chain([tip]) {
            let haves: Vec<&str> = have.into_iter().collect();
            client.receive(&server.fetch(&[commit], &haves, arguments), commit);
            have = Some(commit);
        }
        assert_eq!(client.git(&["rev-list", "--objects", "--no-object-names", tip]), expected);
    }
}

#[test]
fn a_client_that_holds_everything_gets_an_empty_pack() {
    let (server, work) = (Server::new("repo-of-test-two"), Work::new("held"));
    let commit = work.commit("a", "a");
    server.push(&work, &commit).unwrap();
    assert_eq!(server.fetch(&[&commit], &[&commit], &[])[..12], *b"PACK\0\0\0\x02\0\0\0\0");
}

#[test]
fn whoever_knows_distances_gets_no_base_by_its_id_that_travels_too() {
    let (server, work) = (Server::new("repo-of-test-dist"), Work::new("distances"));
    for n in 0..4 {
        let file = (0..=n).map(text).collect::<Vec<_>>().concat();
        server.push(&work, &work.commit("file", file)).unwrap();
    }
    // As libgit2 pushes: with the ids of bases that are in the same pack.
    let before = work.git(&["rev-parse", "HEAD"]);
    for n in 4..8 {
        work.commit("other", (0..=n).map(text).collect::<Vec<_>>().concat());
    }
    let tip = work.git(&["rev-parse", "HEAD"]);
    let pack = work.git_with(&["pack-objects", "--revs", "--stdout", "-q"], format!("{tip}\n^{before}\n"));
    let body = push_body(&before, &tip, &pack);
    assert!(server.push_body(MemoryBody::new(body, 1000)).unwrap().contains("ok refs/heads/main"));
    let bases = |index: PackIndex| -> Vec<Ref> {
        (0..index.n_objects()).filter_map(|number| index.entry(number).unwrap().base).collect()
    };
    assert!(bases(index_of(&pack)).iter().any(|base| matches!(base, Ref::Outside(_))), "it is such a pack");
    let fetched = server.fetch(&[&tip], &[], &["ofs-delta"]);
    let told = bases(index_of(&fetched));
    assert!(told.len() >= 4 && told.iter().all(|base| matches!(base, Ref::Here(_))), "{told:?}");
    let fetched = server.fetch(&[&tip], &[], &[]);
    assert!(bases(index_of(&fetched)).iter().all(|base| matches!(base, Ref::Outside(_))));
    let (clone, expected) = (Work::new("distances-clone"), work.objects(&tip));
    assert_eq!(clone.receive(&fetched, &tip), expected);
}

#[test]
fn a_client_that_lacks_what_its_commits_name_gets_what_it_asks_for_by_name() {
    let (server, work) = (Server::new("repo-of-test-lack"), Work::new("lacks"));
    work.commit("dir/file", text(1));
    let tip = work.commit("dir/file", text(1) + "and one more\n");
    server.push(&work, &tip).unwrap();
    for (n, name) in ["HEAD:dir/file", "HEAD~1:dir/file", "HEAD:dir"].into_iter().enumerate() {
        let id = work.git(&["rev-parse", name]);
        // Nothing is there that a thin pack could count on.
        let client = Work::new(&format!("lacks-{n}"));
        client.git_with(&["index-pack", "--stdin"], server.fetch(&[&id], &[&tip], &["thin-pack", "ofs-delta"]));
        assert_eq!(client.git(&["cat-file", "-p", &id]), work.git(&["cat-file", "-p", &id]));
        assert_eq!(client.objects(&id), work.objects(&id));
    }
    assert_eq!(server.fetch(&[&tip], &[&tip], &[])[..12], *b"PACK\0\0\0\x02\0\0\0\0");
}

#[test]
fn a_store_that_fails_at_any_point_leaves_the_repo_as_it_was() {
    let work = Work::new("failing");
    let first = work.commit("a", text(1));
    let second = work.commit("noise", noise(3, 9_000_000));
    let mut n_failures = 0;
    for n in 0.. {
        let server = Server::new(&format!("repo-failing-{n:03}"));
        server.push(&work, &first).unwrap();
        server.store.fails_after.set(Some(n));
        let result = server.push(&work, &second);
        let has_failed = server.store.fails_after.get() == Some(0) && result.is_err();
        server.store.fails_after.set(None);
        if !has_failed {
            assert_eq!(server.refs()[0].1, second);
            break;
        }
        n_failures += 1;
        assert_eq!(server.refs()[0].1, first);
        let report = server.push(&work, &second).unwrap();
        assert!(report.contains("ok refs/heads/main"), "{report}");
    }
    assert!(n_failures >= 4, "three segments and an index");
}

#[test]
fn a_body_that_breaks_off_changes_nothing() {
    let (server, work) = (Server::new("repo-of-test-four"), Work::new("broken"));
    let first = work.commit("a", text(1));
    server.push(&work, &first).unwrap();
    let second = work.commit("noise", noise(3, 700_000));
    let pack = work.git_with(&["pack-objects", "--revs", "--stdout", "-q"], format!("{second}\n^{first}\n"));
    let whole = push_body(&first, &second, &pack);
    for len in [3, 60, 130, 200, 5_000, whole.len() - 1] {
        let mut body = MemoryBody::new(whole[..len].to_vec(), 64);
        let report = server.push_body(body.clone());
        assert!(!report.unwrap().contains("\nok refs"), "cut at {len}");
        body.breaks_off = true;
        assert!(matches!(server.push_body(body), Err(Stopped::Body(_))), "broken off at {len}");
        assert_eq!(server.refs()[0].1, first);
    }
    assert!(server.push_body(MemoryBody::new(whole, 64)).unwrap().contains("ok refs/heads/main"));
    assert_eq!(server.refs()[0].1, second);
}

#[test]
fn only_a_push_in_earnest_is_to_be_stored() {
    let (server, work) = (Server::new("repo-of-test-prob"), Work::new("probe"));
    let body = push_body(ZERO, &work.commit("a", "a"), b"PACK");
    for (body, view) in [(&b"0000"[..], View::PushRefs), (b"zzzz", View::PushRefs), (&body, View::Push)] {
        let beginning = block_on(Beginning::read(&mut MemoryBody::new(body.to_vec(), 1000))).unwrap();
        assert_eq!(beginning.view(), view);
    }
    for piece_len in 1..=4 {
        assert_eq!(server.push_body(MemoryBody::new(b"0000".to_vec(), piece_len)).as_deref(), Ok(""));
    }
}

#[test]
fn a_pack_that_lacks_an_object_is_refused_by_name() {
    let (server, work) = (Server::new("repo-of-test-five"), Work::new("lacking"));
    let commit = work.commit("dir/file", "content");
    let tree = work.git(&["rev-parse", "HEAD:dir"]);
    let objects = work.git(&["rev-list", "--objects", "--no-object-names", &commit]);
    let objects: Vec<&str> = objects.lines().filter(|&id| id != tree).collect();
    let pack = work.git_with(&["pack-objects", "--stdout", "-q"], objects.join("\n"));
    let report = server.push_body(MemoryBody::new(push_body(ZERO, &commit, &pack), 1000)).unwrap();
    assert!(report.contains(&format!("missing tree {tree}")), "{report}");
    assert!(server.refs().is_empty());
}

#[test]
fn a_push_beyond_the_room_is_refused_in_words_and_leaves_nothing() {
    let (mut server, work) = (Server::new("repo-of-test-room"), Work::new("room"));
    let first = work.commit("a", noise(4, 100_000));
    server.push(&work, &first).unwrap();
    let stored = server.open(View::Fetch).snapshot.size();
    let second = work.commit("b", noise(5, 6_000_000));
    // One that is known from its bytes as they come, and one of which only the index is too much.
    let len = server.request(&work, &second).len() as u64;
    for left in [0, 5_000_000, len] {
        server.room = Room { left, ..ROOM };
        let report = server.push(&work, &second).unwrap();
        assert!(report.contains("unpack storage limit reached: a repository may hold"), "{left}: {report}");
        assert!(report.contains("ng refs/heads/main"), "{report}");
        let snapshot = server.open(View::Fetch).snapshot;
        assert_eq!((&snapshot.refs[0].id, snapshot.size()), (&first, stored));
    }
    // What brings nothing is taken by a full repo: a branch at a commit that is here, and deletions.
    server.room = Room { left: 0, ..ROOM };
    let again = push_body(&first, &first, &work.git_with(&["pack-objects", "--stdout", "-q"], ""));
    assert!(server.push_body(MemoryBody::new(again, 1000)).unwrap().contains("ok refs/heads/main"));
    server.room = Room { left: 6_010_000, ..ROOM };
    assert!(server.push(&work, &second).unwrap().contains("ok refs/heads/main"));
}

#[test]
fn a_delta_chain_with_a_large_object_at_its_end_is_fetched_in_parts() {
    let (server, work) = (Server::new("repo-of-test-six0"), Work::new("large-root"));
    let first = noise(5, 9_000_000);
    work.commit("f", &first);
    let mut second = first[..4_000_000].to_vec();
    second.extend(noise(6, 2_000_000));
    work.git(&["checkout", "-q", "-b", "side"]);
    let side = work.commit("f", &second);
    work.git(&["checkout", "-q", "main"]);
    let main = work.commit("f", &second[..5_900_000]);
    let pack = work
        .git_with(&["pack-objects", "--revs", "--stdout", "-q", "--delta-base-offset"], format!("{main}\n{side}\n"));
    let report = server.push_body(MemoryBody::new(push_body(ZERO, &main, &pack), 100_000)).unwrap();
    assert!(report.contains("ok refs/heads/main"), "{report}");
    for (n, arguments) in [&["ofs-delta"][..], &[]].into_iter().enumerate() {
        let clone = Work::new(&format!("large-root-clone-{n}"));
        let expected = work.git(&["rev-list", "--objects", "--no-object-names", &main]);
        assert_eq!(clone.receive(&server.fetch(&[&main], &[], arguments), &main), expected);
    }
}

/// A chain of commits that each change one file, made in one go.
fn long_history(work: &Work, n_commits: usize) -> String {
    let commit = |n: usize| {
        let who = format!("committer A <a@example.com> {} +0000", 1_700_000_000 + n);
        let content = format!("content {n}\n");
        let file = format!("M 100644 inline folder/file{}\ndata {}\n{content}\n", n % 50, content.len());
        format!("commit refs/heads/main\n{who}\ndata 2\nc\n{file}")
    };
    work.git_with(&["fast-import", "--quiet"], (0..n_commits).map(commit).collect::<String>());
    work.git(&["reset", "-q", "--hard"]);
    work.git(&["rev-parse", "main"])
}

#[test]
fn what_a_long_walk_found_is_still_right_after_pushes_and_a_merge_of_packs() {
    let (server, work) = (Server::new("repo-of-long-walks"), Work::new("long-walks"));
    let base = long_history(&work, 2000);
    assert!(work.objects(&base).lines().count() > LONG_WALK);
    server.push(&work, &base).unwrap();
    let mut tip = base.clone();
    for step in 0..12 {
        if step % 4 == 3 {
            let (client, clone) = (Work::new(&format!("walk-client-{step}")), Work::new(&format!("walk-clone-{step}")));
            let pack = server.fetch(&[&tip], &[], &["ofs-delta"]);
            assert_eq!(clone.receive(&pack, &tip), work.objects(&tip));
            assert!(pack == server.fetch(&[&tip], &[], &["ofs-delta"]), "the same again, hashed or not");
            client.receive(&server.fetch(&[&base], &[], &["ofs-delta"]), &base);
            client.receive(&server.fetch(&[&tip], &[&base], &["ofs-delta", "thin-pack"]), &tip);
            assert_eq!(client.objects(&tip), work.objects(&tip));
        }
        if step == 10 {
            assert!(server.compact(false));
        }
        // The last commit undoes what the first did.
        tip = work.commit("folder/file0", format!("content {}\n", step % 11));
        server.push(&work, &tip).unwrap();
    }
}
