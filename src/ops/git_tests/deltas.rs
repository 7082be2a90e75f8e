//! A merge finds deltas for what was pushed without.

use super::*;

/// Versions of two files and one that is moved about, each pushed by a client that makes no deltas.
fn pushed_whole(server: &Server, work: &Work, n_pushes: usize) -> String {
    work.git(&["config", "pack.window", "0"]);
    let mut tip = String::new();
    for step in 0..n_pushes {
        std::fs::write(work.0.join("grows"), [text(5), "one more line\n".repeat(step)].concat()).unwrap();
        if step % 3 == 0 {
            std::fs::remove_file(work.0.join(format!("moved-{}", step.saturating_sub(3)))).ok();
            work.commit(&format!("moved-{step}"), [text(6), format!("moved {step} times\n")].concat());
        }
        tip = work.commit("src/deep/edited", text(7).replacen("line 100 of", &format!("edit {step} of"), 1));
        server.push(work, &tip).unwrap();
    }
    tip
}

fn stored_len(server: &Server) -> u64 {
    server.open(View::Fetch).snapshot.packs.iter().map(|row| row.pack.pack_len).sum()
}

#[test]
fn versions_that_were_pushed_whole_are_stored_as_deltas_once_merged() {
    let (server, work) = (Server::new("repo-of-test-del"), Work::new("deltas"));
    let tip = pushed_whole(&server, &work, 60);
    let before = stored_len(&server);
    while server.compact(false) {}
    let after = stored_len(&server);
    assert!(after * 5 < before, "{after} bytes of {before}");
    for (n, arguments) in [&["ofs-delta"][..], &[], &["ofs-delta", "thin-pack"]].into_iter().enumerate() {
        let clone = Work::new(&format!("deltas-clone-{n}"));
        assert_eq!(clone.receive(&server.fetch(&[&tip], &[], arguments), &tip), work.objects(&tip));
        clone.git(&["update-ref", "refs/heads/main", &tip]);
        clone.git(&["fsck", "--strict", "--no-dangling"]);
        // A client that has half of it gets the rest.
        let half = work.git(&["rev-parse", &format!("{tip}~30")]);
        let client = Work::new(&format!("deltas-client-{n}"));
        client.receive(&server.fetch(&[&half], &[], arguments), &half);
        assert_eq!(client.receive(&server.fetch(&[&tip], &[&half], arguments), &tip), work.objects(&tip));
    }
}

#[test]
fn what_is_pushed_after_a_merge_builds_on_its_deltas_and_is_merged_again() {
    let (server, work) = (Server::new("repo-of-test-dea"), Work::new("deltas-again"));
    for n in 1..5 {
        pushed_whole(&server, &work, 9 * n);
        work.git(&["config", "pack.window", "10"]);
        let tip = work.commit("src/deep/edited", text(7).replacen("line 120 of", &format!("round {n} of"), 1));
        server.push(&work, &tip).unwrap();
        while server.compact(false) {}
        let clone = Work::new(&format!("deltas-again-{n}"));
        assert_eq!(clone.receive(&server.fetch(&[&tip], &[], &["ofs-delta"]), &tip), work.objects(&tip));
    }
}

#[test]
fn versions_of_a_file_that_all_build_on_one_that_is_not_sent_are_sent_as_deltas_of_each_other() {
    let (server, work) = (Server::new("repo-of-test-sib"), Work::new("siblings"));
    // Git makes deltas of the largest, and with that depth of no delta.
    let whole = noise(9, 20_000);
    work.commit("grown", &whole);
    std::fs::remove_file(work.0.join("grown")).unwrap();
    let edited = |edit: u8| [&[edit; 9], &whole[..19_000]].concat();
    for edit in 1..=3 {
        std::fs::write(work.0.join(format!("edited-{edit}")), edited(edit)).unwrap();
    }
    let tip = work.commit("other", "other");
    let pack = work.git_with(&["pack-objects", "--revs", "--stdout", "-q", "--depth=1"], &tip);
    let report = server.push_body(MemoryBody::new(push_body(ZERO, &tip, &pack), 100_000)).unwrap();
    assert!(report.contains("ok refs/heads/main") && pack.len() < 25_000, "{report}");
    for (n, arguments) in [&["deepen 1", "ofs-delta"][..], &["deepen 1"]].into_iter().enumerate() {
        let (shallow, pack) = server.fetch_told(&[&tip], &[], arguments);
        assert!((19_000..22_000).contains(&pack.len()), "{} bytes for {arguments:?}", pack.len());
        let clone = Work::new(&format!("siblings-clone-{n}"));
        clone.receive_shallow((shallow, pack), &tip);
        for edit in 1..=3 {
            assert!(clone.git_with(&["cat-file", "blob", &format!("{tip}:edited-{edit}")], "") == edited(edit));
        }
    }
}
