//! The lengths of objects, deltas among them.

use super::*;
use crate::ops::object_info::object_info;

fn body(lines: &[String]) -> Vec<u8> {
    let mut body = Vec::new();
    write_line(&mut body, &[b"command=object-info"]);
    write_delimiter(&mut body);
    for line in lines {
        write_line(&mut body, &[line.as_bytes()]);
    }
    write_flush(&mut body);
    body
}

#[test]
fn lengths_are_told_as_git_tells_them() {
    let twins = Twins::new("object-info");
    let all = twins.work.lines(&["rev-list", "--objects", "--no-object-names", "--all"]);
    let unknown = "1".repeat(40);
    let oids: Vec<String> = all.iter().chain([&unknown]).map(|id| format!("oid {id}")).collect();
    assert!(oids.len() < LIMITS.n_wants_max);
    let known = oids[..all.len()].to_vec();
    for lines in [[&["size".to_owned()], &oids[..]].concat(), known, vec!["size".to_owned()], Vec::new()] {
        let body = body(&lines);
        let Ok(Some(Asked::ObjectInfo(request))) = Asked::parse(&body, &LIMITS) else { panic!("{lines:?}") };
        let ours = block_on(object_info(&twins.server.open(View::Fetch), &*twins.server.store, &request)).unwrap();
        let theirs = twins.work.serve(&body, "version=2");
        assert_eq!(String::from_utf8_lossy(&ours), String::from_utf8_lossy(&theirs));
    }
}

#[test]
fn no_pack_is_read_for_lengths() {
    let twins = Twins::new("object-info-r2");
    let mut lines = vec!["size".to_owned()];
    lines.extend(
        twins.work.lines(&["rev-list", "--objects", "--no-object-names", "main"]).iter().map(|id| format!("oid {id}")),
    );
    let Ok(Some(Asked::ObjectInfo(request))) = Asked::parse(&body(&lines), &LIMITS) else { panic!("{lines:?}") };
    let opened = twins.server.open(View::Fetch);
    // The first look-up brings the indexes into memory.
    let first = block_on(object_info(&opened, &*twins.server.store, &request)).unwrap();
    twins.server.store.fails_after.set(Some(0));
    assert_eq!(block_on(object_info(&opened, &*twins.server.store, &request)), Ok(first));
}
