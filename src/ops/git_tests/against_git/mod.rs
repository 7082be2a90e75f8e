//! The same requests to us and to `git upload-pack` on the same repository: what comes before the pack must be the same,
//! and the client must end up with the same objects.

mod depth;
mod filters;
mod negotiation;
mod object_info;
mod requests;

use std::collections::BTreeSet;

use git_core::protocol::fetch::FetchRequest;

use super::*;
use requests::Request;

type Ids = BTreeSet<String>;

/// A server and a repository that git serves, with the same history.
struct Twins {
    server: Server,
    work: Work,
    /// Commits of `main`, the oldest first.
    commits: Vec<String>,
}

/// What came back.
struct Answer {
    /// What stands before the pack: lines, and what separates them.
    before: Vec<String>,
    pack: Option<Vec<u8>>,
    progress: String,
    error: String,
}

const LIMITS: RequestLimits =
    RequestLimits { n_wants_max: 1000, n_haves_max: 1000, n_shallow_max: 1000, n_ref_prefixes_max: 10 };

impl Twins {
    /// Merges, a revert, a folder in several places, and annotated tags of whatever can be tagged.
    fn new(name: &str) -> Self {
        let (server, work) = (Server::new(&format!("{name:-<16}")), Work::new(name));
        let configuration = [
            "uploadpack.allowFilter",
            "uploadpack.allowAnySHA1InWant",
            "uploadpack.allowRefInWant",
            "uploadpack.allowSidebandAll",
            "transfer.advertiseObjectInfo",
        ];
        work.git(&["config", "advice.nestedTag", "false"]);
        for key in configuration {
            work.git(&["config", key, "true"]);
        }
        for step in 0..8 {
            work.commit("top.txt", text(step).repeat(1 + step % 3));
            work.commit("a/b/c/deep.txt", text(step + 20));
            work.git(&["checkout", "-q", "-b", &format!("side-{step}"), "HEAD~1"]);
            work.commit(&format!("a/side-{step}/c/same.txt"), "the same everywhere\n");
            work.commit(&format!("c/d/e/{step}"), noise(u32::try_from(step).unwrap(), 40 * step + 3));
            work.git(&["checkout", "-q", "main"]);
            work.git(&["merge", "-q", "--no-edit", &format!("side-{step}")]);
            if step == 3 {
                // The same folder at other depths.
                work.git(&["read-tree", "--prefix=copy/of/", "HEAD:a"]);
                work.git(&["read-tree", "--prefix=z/", "HEAD:c/d"]);
                work.git(&["commit", "-q", "-m", "copies"]);
                work.git(&["reset", "-q", "--hard"]);
            }
            if step % 3 == 1 {
                work.git(&["revert", "--no-edit", "-m", "1", "HEAD"]);
                work.git(&["tag", "-a", "-m", "tag", &format!("v{step}")]);
            }
            let pushed = server.push(&work, &work.git(&["rev-parse", "HEAD"])).unwrap();
            assert!(pushed.contains("ok refs/heads/main"), "{pushed}");
        }
        for (tag, target) in [("of-tree", "HEAD:a"), ("of-blob", "HEAD:top.txt"), ("of-tag", "v1")] {
            work.git(&["tag", "-a", "-m", "tag", tag, target]);
        }
        work.git(&["update-ref", "refs/objects/blob", "HEAD:top.txt"]);
        work.git(&["update-ref", "refs/objects/tree", "HEAD:c"]);
        let twins = Self { server, commits: work.lines(&["rev-list", "--reverse", "--first-parent", "main"]), work };
        for line in twins.work.lines(&["for-each-ref", "--format=%(objectname) %(refname)"]) {
            let (id, ref_name) = line.split_once(' ').unwrap();
            if ref_name != "refs/heads/main" {
                twins.push_ref(ref_name, id);
            }
        }
        twins
    }

    fn push_ref(&self, name: &str, id: &str) {
        let known = self.server.refs().iter().map(|(_, id)| format!("^{id}")).collect::<Vec<_>>().join("\n");
        let pack =
            self.work.git_with(&["pack-objects", "--revs", "--stdout", "-q", "--thin"], format!("{id}\n{known}\n"));
        let mut body = Vec::new();
        write_line(&mut body, &[format!("{ZERO} {id} {name}\0report-status").as_bytes()]);
        write_flush(&mut body);
        body.extend(pack);
        let report = self.server.push_body(MemoryBody::new(body, 10_000)).unwrap();
        assert!(report.contains(&format!("ok {name}")), "{report}");
    }

    fn id(&self, revision: &str) -> String {
        self.work.git(&["rev-parse", revision])
    }

    fn ours(&self, request: &Request) -> Answer {
        let body = request.body();
        let parsed = if request.is_version_2() {
            let Ok(Some(Asked::Fetch(parsed))) = Asked::parse(&body, &LIMITS) else { panic!("{request:?}") };
            parsed
        } else {
            FetchRequest::parse_version_0(&body, &LIMITS).unwrap()
        };
        let mut sink = MemorySink::default();
        let opened = self.server.open(View::Fetch);
        block_on(upload_pack(&opened, &*self.server.store, parsed, 5_000, &Witness::of_tests(), &mut sink)).unwrap();
        Answer::read(&sink.0, request)
    }

    fn theirs(&self, request: &Request) -> Answer {
        let protocol = if request.is_version_2() { "version=2" } else { "version=0" };
        Answer::read(&self.work.serve(&request.body(), protocol), request)
    }

    /// What a pack holds, the bases that it lacks being anything in the repository.
    fn objects_in(&self, pack: &[u8]) -> Ids {
        self.work.index(pack)
    }

    /// Asks both. What stands before the pack must be the same, and what a client holds that held `held` before. Gives back
    /// what we sent.
    fn same(&self, request: &Request, held: &Ids) -> Ids {
        let (ours, theirs) = (self.ours(request), self.theirs(request));
        assert_eq!(ours.sorted(), theirs.sorted(), "{request:?}: {} {}", ours.error, theirs.error);
        assert_eq!(ours.pack.is_some(), theirs.pack.is_some(), "{request:?}: {} {}", ours.error, theirs.error);
        let (Some(ours), Some(theirs)) = (ours.pack, theirs.pack) else { return Ids::new() };
        let (ours, theirs) = (self.objects_in(&ours), self.objects_in(&theirs));
        let missing: Vec<_> = theirs.difference(&ours).filter(|&id| !held.contains(id)).collect();
        let needless: Vec<_> = ours.difference(&theirs).collect();
        assert!(missing.is_empty() && needless.is_empty(), "{request:?}: lacks {missing:?}, sends {needless:?} too");
        ours
    }
}

impl Answer {
    fn read(bytes: &[u8], request: &Request) -> Self {
        let mut answer = Self { before: Vec::new(), pack: None, progress: String::new(), error: String::new() };
        let mut rest = bytes;
        while !rest.is_empty() {
            match decode(rest) {
                Ok(Decoded::Line { data, used }) => {
                    answer.take(data, request);
                    rest = &rest[used..];
                }
                Ok(Decoded::NeedMore(_)) => panic!("{request:?}: an answer that breaks off"),
                Ok(packet) => {
                    answer.before.push(format!("{packet:?}"));
                    rest = &rest[4..];
                }
                // Without side-band the pack begins where packets end.
                Err(_) => {
                    answer.pack = Some(rest.to_vec());
                    break;
                }
            }
        }
        answer
    }

    fn take(&mut self, line: &[u8], request: &Request) {
        let is_banded = self.pack.is_some() || request.has("sideband-all");
        let is_pack_without_section = !request.is_version_2() && request.has_side_band();
        match line {
            [1, data @ ..] if self.pack.is_some() || is_pack_without_section => {
                self.pack.get_or_insert_default().extend(data);
            }
            b"\x01packfile\n" | b"packfile\n" => self.pack = Some(Vec::new()),
            [2, text @ ..] if is_banded || is_pack_without_section => {
                self.progress.push_str(&String::from_utf8_lossy(text));
            }
            [3, text @ ..] | [b'E', b'R', b'R', b' ', text @ ..] => self.error.push_str(&String::from_utf8_lossy(text)),
            [1, line @ ..] | line => self.before.push(String::from_utf8_lossy(line).trim_end().to_owned()),
        }
    }

    /// The lines before the pack, those that may stand in any order sorted.
    fn sorted(&self) -> Vec<String> {
        let mut lines: Vec<_> = self.before.clone();
        let is_movable =
            |line: &String| line.contains("shallow ") || line.contains(" refs/") || line.ends_with(" HEAD");
        for run in lines.chunk_by_mut(|a, b| is_movable(a) == is_movable(b)) {
            if run.first().is_some_and(is_movable) {
                run.sort();
            }
        }
        lines
    }
}

impl Work {
    /// A commit of no files, at a time of its own.
    fn commit_at(&self, seconds: u32, parents: &[&str]) -> String {
        let tree = self.git(&["mktree"]);
        let parents = parents.iter().map(|id| format!("parent {id}\n")).collect::<Vec<_>>().concat();
        let who = format!("A <a@example.com> {seconds} +0000");
        let text = format!("tree {tree}\n{parents}author {who}\ncommitter {who}\n\nat {seconds}\n");
        let id = self.git_with(&["hash-object", "-t", "commit", "-w", "--stdin"], text);
        String::from_utf8(id).unwrap().trim().to_owned()
    }

    fn lines(&self, args: &[&str]) -> Vec<String> {
        self.git(args).lines().map(str::to_owned).collect()
    }

    fn ids(&self, args: &[&str]) -> Ids {
        self.lines(args).into_iter().collect()
    }

    /// What `git upload-pack` answers.
    fn serve(&self, body: &[u8], protocol: &str) -> Vec<u8> {
        let mut command = Command::new("git");
        command.current_dir(&self.0).args(["upload-pack", "--stateless-rpc", "."]).env("GIT_PROTOCOL", protocol);
        command.env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", &self.0);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        child.stdin.take().unwrap().write_all(body).ok();
        child.wait_with_output().unwrap().stdout
    }

    /// What a pack holds, once git has found every base that it lacks in this repository.
    fn index(&self, pack: &[u8]) -> Ids {
        let n_objects = u32::from_be_bytes(pack[8..12].try_into().unwrap());
        let said = String::from_utf8(self.git_with(&["index-pack", "--stdin", "--fix-thin"], pack)).unwrap();
        let path = format!(".git/objects/pack/pack-{}", said.split_whitespace().last().unwrap());
        let index = std::fs::read(self.0.join(format!("{path}.idx"))).unwrap();
        for ending in ["idx", "pack", "rev"] {
            std::fs::remove_file(self.0.join(format!("{path}.{ending}"))).ok();
        }
        let shown = String::from_utf8(self.git_with(&["show-index"], index)).unwrap();
        let mut objects: Vec<(u64, &str)> = shown
            .lines()
            .map(|line| {
                let mut fields = line.split(' ');
                (fields.next().unwrap().parse().unwrap(), fields.next().unwrap())
            })
            .collect();
        objects.sort_unstable();
        // The bases that were missing are put at the end.
        objects.iter().take(n_objects as usize).map(|(_, id)| (*id).to_owned()).collect()
    }
}
