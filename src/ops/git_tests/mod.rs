//! Pushes and fetches of real packs over the in-memory twins: git makes them, git judges what comes back.

mod against_git;
mod collection;
mod contents;
mod deeds;
mod deltas;
mod forks;
mod gathering;
mod hidden;
mod imports;
mod maintenance;
mod shallow;
mod transfer;

use std::cell::Cell;
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::rc::Rc;

use futures_executor::block_on;
use git_core::pkt_line::{Decoded, decode, write_delimiter, write_flush, write_line};
use git_core::protocol::RequestLimits;
use git_core::protocol::command::Command as Asked;

use super::receive_pack::{Beginning, Pushed, Receiving, receive_pack};
use super::sink::MemorySink;
use super::storage::{Room, StorageLimit};
use super::upload_pack::upload_pack;
use crate::body::{MemoryBody, Stopped};
use crate::durable::MemoryWire;
use crate::names::{NamespaceName, RepoName};
use crate::objects::{MemoryObjects, Objects};
use crate::repo::call::{NewRepo, NewToken, Scope, View};
use crate::repo::{Opened, RepoClient};
use crate::store::MemoryPacks;
use crate::witness::Witness;

const ZERO: &str = "0000000000000000000000000000000000000000";
const TOKEN_SHA256: &str = "aa";
const ROOM: Room = Room { left: 1 << 40, limit: StorageLimit::Repo { max: 1 << 40 } };

/// A server, and one repo of it.
struct Server {
    objects: Rc<MemoryObjects>,
    repo: RepoClient<MemoryWire>,
    name: RepoName,
    token_sha256: String,
    store: Rc<MemoryPacks>,
    takes_shallow: bool,
    room: Room,
    witness: Witness,
}

impl Server {
    fn new(repo_id: &str) -> Self {
        let objects = Rc::new(MemoryObjects::default());
        let (namespace, name) = names();
        let repo = objects.repo(&namespace, &name).unwrap();
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
        let (token_sha256, store) = (TOKEN_SHA256.to_owned(), Rc::new(MemoryPacks::default()));
        let witness = Witness::of_tests();
        Self { objects, repo, name, token_sha256, store, takes_shallow: false, room: ROOM, witness }
    }

    fn open(&self, view: View) -> Opened {
        block_on(self.repo.open(self.token_sha256.clone(), view)).unwrap().unwrap()
    }

    fn refs(&self) -> Vec<(String, String)> {
        self.open(View::Refs).snapshot.refs.into_iter().map(|row| (row.name, row.id)).collect()
    }

    fn push_body(&self, mut body: MemoryBody) -> Result<String, Stopped> {
        let beginning = block_on(Beginning::read(&mut body))?;
        let opened = self.open(beginning.view());
        self.push_rest(&opened, beginning, body)
    }

    /// The rest of a push that has been opened.
    fn push_rest(&self, opened: &Opened, beginning: Beginning, mut body: MemoryBody) -> Result<String, Stopped> {
        let (takes_shallow, room) = (self.takes_shallow, self.room);
        let (repo, store, token_sha256) = (&self.repo, &*self.store, self.token_sha256.as_str());
        let witness = &self.witness;
        let to = Receiving { repo, store, opened, token_sha256, takes_shallow, room, witness };
        match block_on(receive_pack(&to, beginning, &mut body))? {
            Pushed::Answer(answer) => Ok(String::from_utf8_lossy(&answer).into_owned()),
            other => Ok(format!("{other:?}")),
        }
    }

    /// Pushes `new` to `main`, as a client that knows what is there.
    fn push(&self, work: &Work, new: &str) -> Result<String, Stopped> {
        self.push_body(MemoryBody::new(self.request(work, new), 100_000))
    }

    /// The body of that push.
    fn request(&self, work: &Work, new: &str) -> Vec<u8> {
        let refs = self.refs();
        let main = refs.iter().find(|(name, _)| name == "refs/heads/main");
        let old = main.map_or(ZERO.to_owned(), |(_, id)| id.clone());
        let known = refs.iter().map(|(_, id)| format!("^{id}")).collect::<Vec<_>>().join("\n");
        let pack = work.git_with(
            &["pack-objects", "--revs", "--stdout", "-q", "--thin", "--delta-base-offset"],
            format!("{new}\n{known}"),
        );
        push_body(&old, new, &pack)
    }

    /// The pack for a request in version 2 that is answered with nothing else.
    fn fetch(&self, wants: &[&str], haves: &[&str], arguments: &[&str]) -> Vec<u8> {
        let (told, pack) = self.fetch_told(wants, haves, arguments);
        assert_eq!(told, [""; 0]);
        pack
    }

    /// What is told before the pack, and the pack.
    fn fetch_told(&self, wants: &[&str], haves: &[&str], arguments: &[&str]) -> (Vec<String>, Vec<u8>) {
        let mut body = Vec::new();
        write_line(&mut body, &[b"command=fetch"]);
        write_delimiter(&mut body);
        let lines = wants.iter().map(|id| format!("want {id}")).chain(haves.iter().map(|id| format!("have {id}")));
        for line in lines.chain(arguments.iter().map(ToString::to_string)).chain(["done".to_owned()]) {
            write_line(&mut body, &[line.as_bytes()]);
        }
        write_flush(&mut body);
        let limits = RequestLimits { n_wants_max: 100, n_haves_max: 100, n_shallow_max: 100, n_ref_prefixes_max: 0 };
        let Ok(Some(Asked::Fetch(request))) = Asked::parse(&body, &limits) else { panic!("a fetch") };
        let mut sink = MemorySink::default();
        block_on(upload_pack(&self.open(View::Fetch), &*self.store, request, 5_000, &self.witness, &mut sink)).unwrap();
        let (mut rest, mut told, mut pack) = (&sink.0[..], Vec::new(), Vec::new());
        loop {
            match decode(rest).unwrap() {
                Decoded::Line { data: [1, data @ ..], used } => {
                    pack.extend_from_slice(data);
                    rest = &rest[used..];
                }
                Decoded::Line { data: b"packfile\n" | [2, ..], used } => rest = &rest[used..],
                Decoded::Line { data, used } => {
                    told.push(String::from_utf8_lossy(data).trim_end().to_owned());
                    rest = &rest[used..];
                }
                Decoded::Delimiter => rest = &rest[4..],
                _ => return (told, pack),
            }
        }
    }
}

fn names() -> (NamespaceName, RepoName) {
    (NamespaceName::parse("default").unwrap(), RepoName::parse("repo").unwrap())
}

fn push_body(old: &str, new: &str, pack: &[u8]) -> Vec<u8> {
    push_to("refs/heads/main", old, new, pack)
}

fn push_to(name: &str, old: &str, new: &str, pack: &[u8]) -> Vec<u8> {
    let mut body = Vec::new();
    write_line(&mut body, &[format!("{old} {new} {name}\0report-status").as_bytes()]);
    write_flush(&mut body);
    body.extend_from_slice(pack);
    body
}

/// A repository of the real git, with a clock of its own: a minute passes with each command.
struct Work(PathBuf, Cell<u64>);

impl Work {
    fn new(name: &str) -> Self {
        let path = std::env::temp_dir().join(format!("artifacts-{}-{name}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let work = Self(path, Cell::new(1_700_000_000));
        work.git(&["init", "-q", "-b", "main"]);
        work
    }

    fn git(&self, args: &[&str]) -> String {
        String::from_utf8(self.git_with(args, "")).unwrap().trim().to_owned()
    }

    fn git_with(&self, args: &[&str], input: impl AsRef<[u8]>) -> Vec<u8> {
        let mut command = Command::new("git");
        command.current_dir(&self.0).args(args).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", &self.0);
        self.1.set(self.1.get() + 60);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_DATE"), format!("{} +0000", self.1.get()));
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

    fn objects(&self, tip: &str) -> String {
        self.git(&["rev-list", "--objects", "--no-object-names", tip])
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
