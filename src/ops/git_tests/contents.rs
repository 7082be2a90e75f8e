//! Contents beside what git says of the same repository.

use git_core::ObjectId;
use serde_json::{Value, json};

use super::*;
use crate::config::{COMMITS_LEN_MAX, LOG_LIMIT_MAX, OBJECT_RESIDENT_MAX};
use crate::ops::contents::{Contents, ContentsFault, Effort, FilePath, Recipient, Revision, first_bytes, send};

impl Server {
    fn contents(&self, revisions: &[&str]) -> Contents<'_, MemoryPacks> {
        let revisions: Vec<_> = revisions.iter().map(|text| revision(text)).collect();
        let (namespace, _) = names();
        let opened = Contents::open(&*self.objects, &*self.store, (&namespace, &self.name), &revisions);
        block_on(opened).unwrap()
    }

    fn log(&self, name: &str, limit: u64, offset: u64) -> Vec<Value> {
        let revision = revision(name);
        let log = block_on(self.contents(&[name]).log(&revision, limit, offset)).unwrap();
        log.into_iter().map(|commit| json!(commit)).collect()
    }

    /// A file of a revision.
    fn file(&self, name: &str, path: &str) -> Option<Vec<u8>> {
        let contents = self.contents(&[name]);
        let blob = block_on(contents.blob_at(&revision(name), FilePath::parse(path).unwrap())).unwrap()?;
        Some(block_on(contents.bytes(&blob)).unwrap())
    }

    /// A part of a large file, as it is sent.
    fn part(&self, path: &str, range: std::ops::Range<u64>) -> Vec<u8> {
        let contents = self.contents(&["HEAD"]);
        let blob = block_on(contents.blob_at(&Revision::head(), FilePath::parse(path).unwrap())).unwrap().unwrap();
        assert!(!contents.is_small(&blob));
        let (mut sink, mut told) = (MemorySink::default(), None);
        let tell = |first: Result<&[u8], _>| told = Some(first.unwrap().to_vec());
        let opened = contents.into_opened();
        block_on(send(&opened, &*self.store, (&blob, range.clone()), Recipient::Client, tell, &mut sink)).unwrap();
        assert_eq!(told, block_on(first_bytes(&opened, &*self.store, &blob)).ok());
        sink.0
    }
}

fn revision(text: &str) -> Revision {
    Revision::parse(text).unwrap()
}

/// What git tells of a commit, in the words of the API.
fn told(work: &Work, id: &str) -> Value {
    let format = "--format=%H%x00%T%x00%an%x00%ae%x00%cn%x00%ce%x00%P%x00%at%x00%ct%x00%B";
    let told = work.git_with(&["log", "-1", format, id], "");
    let told = String::from_utf8(told).unwrap();
    let fields: Vec<_> = told.strip_suffix('\n').unwrap().split('\0').collect();
    let number = |at: usize| fields[at].parse::<i64>().unwrap();
    json!({
        "hash": fields[0], "treeHash": fields[1], "message": fields[9].strip_suffix('\n').unwrap_or(fields[9]),
        "author": {"name": fields[2], "email": fields[3]}, "committer": {"name": fields[4], "email": fields[5]},
        "parents": fields[6].split_whitespace().collect::<Vec<_>>(), "authoredAt": number(7), "committedAt": number(8),
    })
}

#[test]
fn a_log_goes_along_the_first_parents_as_gits_does() {
    let (server, work) = (Server::new("repo-of-test-co0"), Work::new("contents-log"));
    pushed(&server, &work);
    work.git(&["checkout", "-q", "-b", "side", "HEAD~3"]);
    work.commit("side", "1");
    work.git(&["checkout", "-q", "main"]);
    work.git(&["merge", "-q", "-m", "two\n\nparents", "side"]);
    work.git(&["commit", "-q", "--allow-empty", "--allow-empty-message", "-m", ""]);
    let tip = work.git(&["rev-parse", "HEAD"]);
    server.push(&work, &tip).unwrap();
    let ids = work.git(&["log", "--first-parent", "--format=%H"]);
    let all: Vec<_> = ids.lines().map(|id| told(&work, id)).collect();
    for name in ["HEAD", "main", "refs/heads/main", "heads/main", &tip] {
        assert_eq!(server.log(name, LOG_LIMIT_MAX, 0), all, "{name}");
    }
    assert_eq!(server.log("HEAD", 2, 3), all[3..5]);
    assert_eq!(server.log("HEAD", 2, 1 << 40), [json!(null); 0]);
    let commit = block_on(server.contents(&[]).commit(tip.parse().unwrap())).unwrap();
    assert_eq!(json!(commit), all[0]);
}

#[test]
fn trees_and_files_are_those_that_git_shows() {
    let (server, work) = (Server::new("repo-of-test-co1"), Work::new("contents-trees"));
    pushed(&server, &work);
    std::os::unix::fs::symlink("src/deep", work.0.join("link")).unwrap();
    work.commit("bin/run", "#!/bin/sh\n");
    work.git(&["update-index", "--chmod=+x", "bin/run"]);
    work.git(&["update-index", "--add", "--cacheinfo", "160000,4b825dc642cb6eb9a060e54bf8d69288fbee4904,module"]);
    work.git(&["commit", "-q", "-m", "modes"]);
    work.git(&["tag", "-a", "-m", "one", "v1"]);
    let tip = work.git(&["rev-parse", "HEAD"]);
    server.push(&work, &tip).unwrap();
    for tree in work.git(&["rev-list", "--objects", "--no-object-names", "--filter=object:type=tree", "HEAD"]).lines() {
        if work.git(&["cat-file", "-t", tree]) != "tree" {
            continue;
        }
        let listed = work.git(&["ls-tree", tree]);
        let wanted = listed.lines().map(|line| {
            let (head, name) = line.split_once('\t').unwrap();
            let [mode, _, hash] = head.split(' ').collect::<Vec<_>>()[..] else { panic!("{line}") };
            let kind = match mode {
                "040000" => "tree",
                "100755" => "exec",
                "120000" => "symlink",
                "160000" => "gitlink",
                _ => "blob",
            };
            json!({"name": name, "mode": mode.trim_start_matches('0'), "hash": hash, "type": kind})
        });
        let read = block_on(server.contents(&[]).tree(tree.parse().unwrap())).unwrap();
        assert_eq!(json!(read), json!(wanted.collect::<Vec<_>>()));
    }
    for path in work.git(&["ls-tree", "-r", "--name-only", "HEAD"]).lines().filter(|path| *path != "module") {
        assert_eq!(server.file("HEAD", path), Some(work.git_with(&["cat-file", "blob", &format!("HEAD:{path}")], "")));
    }
    assert_eq!(server.file("HEAD", "link"), Some(b"src/deep".to_vec()));
    for path in ["module", "src", "src/", "/link", "src/../link", "nothing", "link/x", "module/x"] {
        assert_eq!(server.file("HEAD", path), None, "{path}");
    }
    assert_eq!(server.file("other", "link"), None);
}

#[test]
fn a_file_that_is_too_large_to_hold_is_made_as_it_is_sent() {
    let (server, work) = (Server::new("repo-of-test-co2"), Work::new("contents-large"));
    let large = noise(9, usize::try_from(OBJECT_RESIDENT_MAX).unwrap() + 3_000_000);
    let zeros = vec![0; large.len()];
    work.commit("zeros", &zeros);
    work.commit("large", &large);
    let mut pushed = vec![server.push(&work, &work.git(&["rev-parse", "HEAD"])).unwrap()];
    // Halves that have changed places: the delta goes back in its base.
    let (first, second) = large.split_at(large.len() / 2);
    let swapped = [second, b"between", first].concat();
    work.commit("large", &swapped);
    pushed.push(server.push(&work, &work.git(&["rev-parse", "HEAD"])).unwrap());
    let again = [&swapped[..100], b"once more", &swapped[100..]].concat();
    work.commit("large", &again);
    pushed.push(server.push(&work, &work.git(&["rev-parse", "HEAD"])).unwrap());
    assert!(pushed.iter().all(|report| report.contains("unpack ok")), "{pushed:?}");
    let stored: u64 = server.open(View::Fetch).snapshot.packs.iter().map(|row| row.pack.pack_len).sum();
    assert!(stored < 2 * large.len() as u64, "the versions are deltas of one another");
    let len = again.len() as u64;
    assert!(server.part("large", 0..len) == again);
    assert!(server.part("large", 5_000_000..5_000_010) == again[5_000_000..5_000_010]);
    assert!(server.part("zeros", 1..zeros.len() as u64) == zeros[1..]);
    assert_eq!(server.part("large", 7..7), b"");
}

#[test]
fn a_file_that_a_delta_takes_from_its_base_backwards_is_made() {
    let (server, work) = (Server::new("repo-of-test-co3"), Work::new("contents-backwards"));
    let large = noise(5, usize::try_from(OBJECT_RESIDENT_MAX).unwrap() + 1_000_000);
    let backwards: Vec<u8> = large.chunks(4096).rev().flatten().copied().collect();
    for content in [&large, &backwards] {
        work.commit("large", content);
        let report = server.push(&work, &work.git(&["rev-parse", "HEAD"])).unwrap();
        assert!(report.contains("unpack ok"), "{report}");
    }
    let stored: u64 = server.open(View::Fetch).snapshot.packs.iter().map(|row| row.pack.pack_len).sum();
    assert!(stored < large.len() as u64 * 3 / 2, "one is a delta of the other");
    let len = large.len() as u64;
    assert!(server.part("large", 0..len) == backwards);
    assert!(server.part("large", len - 10..len) == backwards[backwards.len() - 10..]);
}

#[test]
fn text_that_is_longer_as_json_than_one_value_may_be_is_refused_before_it_is_made() {
    let (server, work) = (Server::new("repo-of-test-co4"), Work::new("contents-escaped"));
    let tree = work.git(&["mktree"]);
    let commit = |n: usize| {
        let who = "A <a@example.com> 1700000000 +0000";
        let head = format!("tree {tree}\nauthor {who}\ncommitter {who}\n\n");
        let written =
            work.git_with(&["hash-object", "-w", "-t", "commit", "--stdin"], [head.as_bytes(), &vec![1; n]].concat());
        String::from_utf8(written).unwrap().trim().to_owned()
    };
    for (n, is_shown) in [(1_390_000, true), (1_400_000, false)] {
        let id = commit(n);
        server.push(&work, &id).unwrap();
        let contents = server.contents(&[&id]);
        let (alone, log) =
            (block_on(contents.commit(id.parse().unwrap())), block_on(contents.log(&revision(&id), 1, 0)));
        if is_shown {
            assert_eq!(alone.unwrap().into_iter().collect::<Vec<_>>(), log.unwrap());
        } else {
            let len_max = COMMITS_LEN_MAX;
            assert_eq!(alone.unwrap_err(), ContentsFault::TooLong { id: id.parse().unwrap(), len_max }.into());
            assert_eq!(log.unwrap_err(), ContentsFault::LogTooLarge { len_max }.into());
        }
    }
}

#[test]
fn of_a_ref_that_moved_the_commits_are_told_that_it_did_not_lead_to() {
    let (server, work) = (Server::new("repo-of-test-news"), Work::new("news"));
    let commits: Vec<_> = (0..25).map(|n| work.commit("a", format!("{n}"))).collect();
    work.git(&["reset", "--hard", "--quiet", &commits[10]]);
    let other = work.commit("b", "b");
    work.git(&["tag", "-a", "-m", "tag", "v1"]);
    let tag = work.git(&["rev-parse", "v1"]);
    server.push(&work, commits.last().unwrap()).unwrap();
    let pack = work.git_with(&["pack-objects", "--revs", "--stdout", "-q"], format!("{tag}\n^{}", commits[24]));
    let body = push_to("refs/tags/v1", ZERO, &tag, &pack);
    let told = server.push_body(MemoryBody::new(body, 1_000)).unwrap();
    assert!(told.contains("ok refs/tags/v1"), "{told}");
    let id = |hex: &str| Some(ObjectId::from_hex(hex.as_bytes()).unwrap());
    let pushed = |before: Option<&str>, after: &str| {
        let contents = server.contents(&[]);
        let pushed = block_on(contents.pushed(before.and_then(id), id(after), &mut Effort::of_a_push())).unwrap();
        let ids = pushed.commits.iter().map(|commit| json!(commit)["id"].as_str().unwrap().to_owned());
        (ids.collect::<Vec<_>>(), pushed.total)
    };
    let newest: Vec<String> = commits.iter().rev().take(20).cloned().collect();
    assert_eq!(pushed(None, &commits[24]), (newest, 25));
    assert_eq!(pushed(Some(&commits[22]), &commits[24]), (vec![commits[24].clone(), commits[23].clone()], 2));
    assert_eq!(pushed(Some(&commits[24]), &other), (vec![other.clone()], 1));
    assert_eq!(pushed(Some(&commits[24]), &tag), (vec![other.clone()], 1));
    assert_eq!(pushed(Some(&other), &commits[10]), (Vec::new(), 0));
}
