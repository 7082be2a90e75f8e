//! Pushes and fetches of real packs over the in-memory twins: git makes them, git judges what comes back.

use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use futures_executor::block_on;
use git_core::pkt_line::{Decoded, decode, write_delimiter, write_flush, write_line};
use git_core::protocol::RequestLimits;
use git_core::protocol::command::Command as Asked;

use super::body::{MemoryBody, Stopped};
use super::receive_pack::{Beginning, Pushed, Receiving, receive_pack};
use super::upload_pack::{MemorySink, upload_pack};
use crate::durable::MemoryWire;
use crate::names::{NamespaceName, RepoName};
use crate::objects::{MemoryObjects, Objects};
use crate::repo::call::{NewRepo, NewToken, Scope, View};
use crate::repo::{Opened, RepoClient};
use crate::store::MemoryPacks;

const ZERO: &str = "0000000000000000000000000000000000000000";
const TOKEN_SHA256: &str = "aa";

/// A server with one repo.
struct Server {
    repo: RepoClient<MemoryWire>,
    store: MemoryPacks,
}

impl Server {
    fn new(repo_id: &str) -> Self {
        let repo = MemoryObjects::default()
            .repo(&NamespaceName::parse("default").unwrap(), &RepoName::parse("repo").unwrap())
            .unwrap();
        let (sha256, id) = (TOKEN_SHA256.to_owned(), "0123456789abcdef".to_owned());
        let token = NewToken { id, sha256, scope: Scope::Write, created_at: 0, expires_at: 1 << 40 };
        let new = NewRepo {
            repo_id: repo_id.to_owned(),
            namespace: "default".into(),
            name: "repo".into(),
            description: None,
            default_branch: "main".into(),
            read_only: false,
            token,
        };
        block_on(repo.create(new)).unwrap().unwrap();
        Self { repo, store: MemoryPacks::default() }
    }

    fn open(&self, view: View) -> Opened {
        block_on(self.repo.open(TOKEN_SHA256.into(), view)).unwrap().unwrap()
    }

    fn refs(&self) -> Vec<(String, String)> {
        self.open(View::Refs).snapshot.refs.into_iter().map(|row| (row.name, row.id)).collect()
    }

    fn push_body(&self, mut body: MemoryBody) -> Result<String, Stopped> {
        let beginning = block_on(Beginning::read(&mut body))?;
        let opened = self.open(beginning.view());
        let to = Receiving { repo: &self.repo, store: &self.store, opened: &opened, token_sha256: TOKEN_SHA256 };
        match block_on(receive_pack(&to, beginning, &mut body))? {
            Pushed::Answer(answer) => Ok(String::from_utf8_lossy(&answer).into_owned()),
            other => Ok(format!("{other:?}")),
        }
    }

    /// Pushes `new` to `main`, as a client that knows what is there.
    fn push(&self, work: &Work, new: &str) -> Result<String, Stopped> {
        let old = self.refs().first().map_or(ZERO.to_owned(), |(_, id)| id.clone());
        let known = if old == ZERO { String::new() } else { format!("^{old}\n") };
        let pack = work.git_with(
            &["pack-objects", "--revs", "--stdout", "-q", "--thin", "--delta-base-offset"],
            format!("{new}\n{known}"),
        );
        self.push_body(MemoryBody::new(push_body(&old, new, &pack), 100_000))
    }

    /// The pack for a request in version 2.
    fn fetch(&self, wants: &[&str], haves: &[&str], arguments: &[&str]) -> Vec<u8> {
        let mut body = Vec::new();
        write_line(&mut body, &[b"command=fetch"]);
        write_delimiter(&mut body);
        let lines = wants.iter().map(|id| format!("want {id}")).chain(haves.iter().map(|id| format!("have {id}")));
        for line in lines.chain(arguments.iter().map(ToString::to_string)).chain(["done".to_owned()]) {
            write_line(&mut body, &[line.as_bytes()]);
        }
        write_flush(&mut body);
        let limits = RequestLimits { n_wants_max: 100, n_haves_max: 100, n_ref_prefixes_max: 0 };
        let Ok(Some(Asked::Fetch(request))) = Asked::parse(&body, &limits) else { panic!("a fetch") };
        let mut sink = MemorySink::default();
        block_on(upload_pack(&self.open(View::Fetch), &self.store, &request, &mut sink)).unwrap();
        let (mut rest, mut pack) = (&sink.0[..], Vec::new());
        loop {
            match decode(rest).unwrap() {
                Decoded::Line { data: [1, data @ ..], used } => {
                    pack.extend_from_slice(data);
                    rest = &rest[used..];
                }
                Decoded::Line { data: b"packfile\n", used } => rest = &rest[used..],
                Decoded::Line { data, .. } => panic!("{}", String::from_utf8_lossy(data)),
                _ => return pack,
            }
        }
    }
}

fn push_body(old: &str, new: &str, pack: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    write_line(&mut body, &[format!("{old} {new} refs/heads/main\0report-status").as_bytes()]);
    write_flush(&mut body);
    body.extend_from_slice(pack);
    body
}

/// A repository of the real git.
struct Work(PathBuf);

impl Work {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("artifacts-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let work = Self(path);
        work.git(&["init", "-q", "-b", "main"]);
        work
    }

    fn git(&self, args: &[&str]) -> String {
        String::from_utf8(self.git_with(args, "")).unwrap().trim().to_owned()
    }

    fn git_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Vec<u8> {
        let mut command = Command::new("git");
        command.current_dir(&self.0).args(args).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", &self.0);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example.com");
        }
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let (mut stdin, input) = (child.stdin.take().unwrap(), input.as_ref().to_vec());
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().ok();
        assert!(output.status.success(), "git {args:?}");
        output.stdout
    }

    fn commit(&self, path: &str, content: impl AsRef<[u8]>) -> String {
        let file = self.0.join(path);
        std::fs::create_dir_all(file.parent().unwrap()).unwrap();
        std::fs::write(file, content).unwrap();
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "-m", path]);
        self.git(&["rev-parse", "HEAD"])
    }

    /// Takes in a pack, thin or not, and says what can now be reached.
    fn receive(&self, pack: &[u8], tip: &str) -> String {
        self.git_with(&["index-pack", "--stdin", "--fix-thin", "--strict"], pack);
        self.git(&["rev-list", "--objects", "--no-object-names", tip])
    }
}

impl Drop for Work {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

fn noise(seed: u32, len: usize) -> Vec<u8> {
    let mut state = u64::from(seed) + 1;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.wrapping_mul(0x2545_f491_4f6c_dd1d).to_le_bytes()[7]
    };
    (0..len).map(|_| next()).collect()
}

fn text(seed: usize) -> String {
    let lines: Vec<_> = (0..300).map(|line| format!("line {line} of {seed}: {}\n", line * seed % 89)).collect();
    lines.concat()
}

/// A few pushes: small ones that stay in the catalog's rows, large ones in R2, thin deltas on both.
fn pushed(server: &Server, work: &Work) -> Vec<String> {
    let mut large = noise(7, 3_000_000);
    let mut commits = Vec::new();
    for step in 0..12 {
        let commit = match step % 4 {
            0 => {
                large[step * 1000] ^= 1;
                work.commit("assets/large.bin", &large)
            }
            1 => work.commit(&format!("assets/noise-{step}"), noise(u32::try_from(step).unwrap(), 600_000)),
            _ => work.commit(&format!("src/deep/file-{}", step % 3), text(step)),
        };
        let report = server.push(work, &commit).unwrap();
        assert!(report.contains("unpack ok") && report.contains("ok refs/heads/main"), "{report}");
        commits.push(commit);
    }
    commits
}

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
