//! Repos whose history ends at commits that came without their parents: made by pushes from shallow clones.

use super::*;
use crate::config::PACKS_LEFT_MAX;
use crate::objects::UNREACHABLE_GRACE_MS;

impl Work {
    /// A clone of the last `depth` commits of a branch.
    fn shallow(name: &str, origin: &Work, depth: usize, branch: &str) -> Self {
        let work = Self::new(name);
        let url = format!("file://{}", origin.0.display());
        work.git(&["fetch", "-q", "--depth", &depth.to_string(), &url, branch]);
        work.git(&["reset", "-q", "--hard", "FETCH_HEAD"]);
        work
    }

    /// Where its history ends.
    fn ends(&self) -> Vec<String> {
        let listed = std::fs::read_to_string(self.0.join(".git/shallow")).unwrap_or_default();
        listed.lines().map(str::to_owned).collect()
    }

    /// Takes in a pack and what was told before it, and says what can now be reached.
    pub(super) fn receive_shallow(&self, (told, pack): (Vec<String>, Vec<u8>), tip: &str) -> String {
        let ends = told.iter().filter_map(|line| line.strip_prefix("shallow ")).map(|id| format!("{id}\n"));
        std::fs::write(self.0.join(".git/shallow"), ends.collect::<Vec<_>>().concat()).unwrap();
        let objects = self.receive(&pack, tip);
        self.git(&["update-ref", "refs/heads/received", tip]);
        self.git(&["fsck", "--strict"]);
        objects
    }
}

impl Server {
    /// Pushes from a shallow clone, as git does: with a pack of what `known` does not reach.
    fn push_shallow(&self, work: &Work, commands: &[(&str, &str, &str)], known: &[&str], more: &str) -> String {
        let mut body = Vec::new();
        for end in work.ends() {
            write_line(&mut body, &[format!("shallow {end}").as_bytes()]);
        }
        let mut capabilities = format!("\0report-status{more}");
        for (old, new, name) in commands {
            write_line(&mut body, &[format!("{old} {new} {name}{capabilities}").as_bytes()]);
            capabilities.clear();
        }
        write_flush(&mut body);
        let revisions: Vec<String> = commands.iter().map(|(_, new, _)| format!("{new}\n")).collect();
        let known: Vec<String> = known.iter().map(|id| format!("^{id}\n")).collect();
        body.extend(work.git_with(
            &["pack-objects", "--revs", "--stdout", "-q", "--thin", "--delta-base-offset", "--shallow"],
            revisions.concat() + &known.concat(),
        ));
        self.push_body(MemoryBody::new(body, 10_000)).unwrap()
    }

    fn ends(&self) -> Vec<String> {
        self.open(View::Refs).snapshot.shallow
    }
}

/// A history of eight commits that touch a few files.
fn history(name: &str) -> Work {
    let work = Work::new(name);
    for step in 0..8 {
        work.commit(&format!("src/file-{}", step % 3), text(step));
    }
    work
}

const MAIN: &str = "refs/heads/main";

/// A repo that has the last three commits of a history, with that and the clone that they came from.
fn shallow_repo(name: &str) -> (Server, Work, Work) {
    let full = history(name);
    let clone = Work::shallow(&format!("{name}-clone"), &full, 3, "main");
    let mut server = Server::new(&format!("repo-{name}"));
    server.takes_shallow = true;
    let tip = clone.git(&["rev-parse", "HEAD"]);
    let report = server.push_shallow(&clone, &[(ZERO, &tip, MAIN)], &[], "");
    assert!(report.contains("ok refs/heads/main"), "{report}");
    assert_eq!(server.ends(), clone.ends());
    (server, full, clone)
}

#[test]
fn a_push_from_a_shallow_clone_onto_the_whole_history_needs_no_end() {
    let (full, server) = (history("onto-whole"), Server::new("repo-of-test-sh0"));
    let tip = full.git(&["rev-parse", "HEAD"]);
    server.push(&full, &tip).unwrap();
    let clone = Work::shallow("onto-whole-clone", &full, 1, "main");
    let new = clone.commit("new", text(99));
    let report = server.push_shallow(&clone, &[(&tip, &new, MAIN)], &[&tip], "");
    assert!(report.contains("ok refs/heads/main"), "{report}");
    assert_eq!(server.ends(), [""; 0]);
    full.receive(&server.fetch(&[&new], &[&tip], &[]), &new);
}

#[test]
fn a_push_that_would_end_the_history_is_refused_as_git_does_and_leaves_nothing() {
    let (full, server) = (history("refused"), Server::new("repo-of-test-sh1"));
    let clone = Work::shallow("refused-clone", &full, 2, "main");
    let tip = clone.git(&["rev-parse", "HEAD"]);
    clone.git(&["checkout", "-q", "--orphan", "other"]);
    let other = clone.commit("other", "other");
    let commands = [(ZERO, tip.as_str(), MAIN), (ZERO, other.as_str(), "refs/heads/other")];
    let report = server.push_shallow(&clone, &commands, &[], "");
    assert!(report.contains("unpack ok\n"), "{report}");
    assert!(report.contains("ng refs/heads/main shallow update not allowed\n"), "{report}");
    assert!(
        report.contains("ng refs/heads/other shallow update not allowed for another ref of this push\n"),
        "{report}"
    );
    let report = server.push_shallow(&clone, &commands, &[], " atomic");
    assert!(report.contains("ng refs/heads/main shallow update not allowed\n"), "{report}");
    assert!(report.contains("ng refs/heads/other atomic push failure\n"), "{report}");
    assert_eq!((server.refs().len(), server.n_packs(), server.ends()), (0, 0, vec![]));
    let report = server.push_shallow(&clone, &commands[1..], &[], "");
    assert!(report.contains("ok refs/heads/other"), "the other one needs no end: {report}");
}

#[test]
fn a_commit_that_the_client_does_not_call_shallow_needs_its_parents() {
    let (full, mut server) = (history("not-said"), Server::new("repo-of-test-sh2"));
    server.takes_shallow = true;
    let clone = Work::shallow("not-said-clone", &full, 2, "main");
    let (tip, end) = (clone.git(&["rev-parse", "HEAD"]), clone.ends().remove(0));
    let parent = full.git(&["rev-parse", &format!("{end}^")]);
    let pack = clone.git_with(&["pack-objects", "--revs", "--stdout", "-q", "--shallow"], &tip);
    let report = server.push_body(MemoryBody::new(push_body(ZERO, &tip, &pack), 10_000)).unwrap();
    assert!(report.contains(&format!("unpack missing commit {parent}")), "{report}");
}

#[test]
fn a_clone_of_a_shallow_repo_is_shallow_without_asking() {
    let (server, _, clone) = shallow_repo("unasked");
    let tip = clone.git(&["rev-parse", "HEAD"]);
    let fetched = server.fetch_told(&[&tip], &[], &["ofs-delta"]);
    assert_eq!(fetched.0, ["shallow-info".to_owned(), format!("shallow {}", clone.ends()[0])]);
    let copy = Work::new("unasked-copy");
    assert_eq!(copy.receive_shallow(fetched, &tip), clone.objects(&tip));
    let new = clone.commit("src/file-1", text(77));
    let report = server.push_shallow(&clone, &[(&tip, &new, MAIN)], &[&tip], "");
    assert!(report.contains("ok refs/heads/main"), "{report}");
    let again = server.fetch_told(&[&new], &[&tip], &["thin-pack", &format!("shallow {}", clone.ends()[0])]);
    assert_eq!(again.0, ["shallow-info"], "it knows");
    copy.git_with(&["index-pack", "--stdin", "--fix-thin"], again.1);
    assert_eq!(copy.objects(&new), clone.objects(&new));
}

#[test]
fn depth_ends_where_it_is_asked_for_or_where_the_history_does() {
    let (server, full, clone) = shallow_repo("depth");
    let (tip, end) = (clone.git(&["rev-parse", "HEAD"]), clone.ends().remove(0));
    let told = |arguments: &[&str]| server.fetch_told(&[&tip], &[], arguments).0.split_off(1);
    let parent = full.git(&["rev-parse", "HEAD^"]);
    assert_eq!(told(&["deepen 2"]), [format!("shallow {parent}")]);
    for arguments in [&["deepen 3"][..], &["deepen 4"], &["deepen 2147483647"], &["deepen-since 1"]] {
        assert_eq!(told(arguments), [format!("shallow {end}")], "{arguments:?}");
    }
    let shallow = format!("shallow {tip}");
    let unshallow = |to: &str| vec![format!("shallow {to}"), format!("unshallow {tip}")];
    assert_eq!(told(&["deepen 1", "deepen-relative", &shallow]), unshallow(&parent));
    assert_eq!(told(&["deepen 2147483647", &shallow]), unshallow(&end));
    assert_eq!(told(&[&shallow]), [""; 0]);
    let copy = Work::new("depth-copy");
    copy.receive_shallow(server.fetch_told(&[&tip], &[], &["deepen 1"]), &tip);
    let deeper = server.fetch_told(&[&tip], &[&tip], &["deepen 2147483647", &shallow]);
    assert_eq!(copy.receive_shallow(deeper, &tip), clone.objects(&tip));
}

/// Pushes commits until packs have been merged; returns the last one.
fn merged(server: &Server, clone: &Work) -> String {
    let mut tip = clone.git(&["rev-parse", "HEAD"]);
    for step in 0..=PACKS_LEFT_MAX {
        let new = clone.commit("src/file-2", text(200 + step));
        let report = server.push_shallow(clone, &[(&tip, &new, MAIN)], &[&tip], "");
        assert!(report.contains("ok refs/heads/main"), "{report}");
        tip = new;
    }
    assert!(server.compact(false));
    assert_eq!(server.n_packs(), 1);
    tip
}

#[test]
fn packs_of_a_shallow_repo_are_merged_and_its_history_ends_where_it_did() {
    let (server, _, clone) = shallow_repo("merge");
    let tip = merged(&server, &clone);
    assert_eq!(server.ends(), clone.ends());
    let copy = Work::new("merge-copy");
    assert_eq!(copy.receive_shallow(server.fetch_told(&[&tip], &[], &[]), &tip), clone.objects(&tip));
}

#[test]
fn the_history_goes_on_when_what_was_missing_has_come() {
    let (server, full, clone) = shallow_repo("goes-on");
    let tip = merged(&server, &clone);
    let parent = full.git(&["rev-parse", "HEAD~3"]);
    let older = full.git(&["rev-parse", "HEAD~4"]);
    let push = |new: &str, known: &[&str]| {
        let name = format!("refs/heads/{new}");
        server.push_shallow(&full, &[(ZERO, new, &name)], known, "")
    };
    assert!(push(&older, &[]).contains("unpack ok"));
    assert_eq!(server.ends(), clone.ends(), "not all of it");
    assert!(push(&parent, &[&older]).contains("unpack ok"));
    assert_eq!(server.ends(), [""; 0]);
    full.git(&["fetch", "-q", &format!("file://{}", clone.0.display()), "main"]);
    let copy = Work::new("goes-on-copy");
    assert_eq!(copy.receive(&server.fetch(&[&tip], &[], &[]), &tip), full.objects(&tip));
    let known = format!("shallow {}", clone.ends()[0]);
    let (told, pack) = server.fetch_told(&[&tip], &[&tip], &["deepen 2147483647", &known, "thin-pack"]);
    assert_eq!(told, ["shallow-info".to_owned(), format!("un{known}")]);
    clone.git_with(&["index-pack", "--stdin", "--fix-thin"], pack);
    std::fs::remove_file(clone.0.join(".git/shallow")).unwrap();
    assert_eq!(clone.objects(&tip), full.objects(&tip));
    clone.git(&["fsck", "--strict"]);
}

#[test]
fn of_a_merge_one_parent_is_not_enough() {
    let (full, mut server) = (history("two-parents"), Server::new("repo-of-test-sh3"));
    server.takes_shallow = true;
    full.git(&["checkout", "-q", "-b", "side", "HEAD~2"]);
    let side = full.commit("side", "side");
    full.git(&["checkout", "-q", "main"]);
    full.git(&["merge", "-q", "--no-edit", "side"]);
    let clone = Work::shallow("two-parents-clone", &full, 1, "main");
    let tip = clone.git(&["rev-parse", "HEAD"]);
    let main = full.git(&["rev-parse", "HEAD^1"]);
    assert!(server.push(&full, &side).unwrap().contains("ok refs/heads/main"));
    let report = server.push_shallow(&clone, &[(ZERO, &tip, "refs/heads/merge")], &[], "");
    assert!(report.contains("ok refs/heads/merge"), "{report}");
    assert_eq!(server.ends(), [tip.as_str()]);
    let copy = Work::new("two-parents-copy");
    assert_eq!(copy.receive_shallow(server.fetch_told(&[&tip], &[], &[]), &tip), clone.objects(&tip));
    let report = server.push_shallow(&full, &[(ZERO, &main, "refs/heads/first")], &[&side], "");
    assert!(report.contains("ok refs/heads/first"), "{report}");
    assert_eq!(server.ends(), [""; 0]);
    let copy = Work::new("two-parents-whole");
    assert_eq!(copy.receive(&server.fetch(&[&tip], &[], &[]), &tip), full.objects(&tip));
}

#[test]
fn an_end_that_is_garbage_goes_with_it() {
    let (server, full, clone) = shallow_repo("garbage-end");
    let tip = clone.git(&["rev-parse", "HEAD"]);
    let orphan = {
        full.git(&["checkout", "-q", "--orphan", "orphan"]);
        full.commit("orphan", text(5))
    };
    assert!(server.push(&full, &orphan).unwrap().contains("ok refs/heads/main"));
    assert_ne!(server.ends(), [""; 0]);
    assert!(!server.compact(true));
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    assert!(server.compact(true));
    assert_eq!(server.ends(), [""; 0]);
    let report = server.push_shallow(&clone, &[(ZERO, &tip, "refs/heads/again")], &[], "");
    assert!(report.contains("ok refs/heads/again"), "{report}");
    assert_eq!(server.ends(), clone.ends());
    server.objects.wait(UNREACHABLE_GRACE_MS + 1);
    assert!(!server.compact(true), "nothing is lost");
    assert_eq!(server.ends(), clone.ends());
    let copy = Work::new("garbage-end-copy");
    assert_eq!(copy.receive_shallow(server.fetch_told(&[&tip], &[], &[]), &tip), clone.objects(&tip));
}
