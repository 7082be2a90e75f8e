//! Runs `git` on repositories made for one test each.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use git_core::ObjectId;
use git_core::protocol::{Ref, Refs};

/// A bare repository of its own for the test called `test`.
pub(crate) struct Repo {
    dir: PathBuf,
}

impl Repo {
    pub(crate) fn new(test: &str) -> Self {
        let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(test);
        if dir.exists() {
            fs::remove_dir_all(&dir).unwrap();
        }
        fs::create_dir_all(&dir).unwrap();
        let repo = Self { dir };
        repo.git(&["init", "-q", "--bare", "-b", "main"]);
        repo
    }

    /// The trimmed output of a command that must succeed.
    pub(crate) fn git(&self, args: &[&str]) -> String {
        String::from_utf8(self.git_with(args, b"")).unwrap().trim_end().to_owned()
    }

    /// What a command that must succeed writes for `input`.
    pub(crate) fn git_with(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let output = self.run(args, input, None);
        assert!(output.status.success(), "git {args:?}: {}", String::from_utf8_lossy(&output.stderr));
        output.stdout
    }

    /// The trimmed content of a file of the repository's own.
    pub(crate) fn file(&self, name: &str) -> String {
        fs::read_to_string(self.dir.join(name)).unwrap().trim_end().to_owned()
    }

    pub(crate) fn set_file(&self, name: &str, content: &str) {
        fs::write(self.dir.join(name), content).unwrap();
    }

    /// Whatever a service writes for `input`.
    pub(crate) fn serve(&self, args: &[&str], input: &[u8], git_protocol: Option<&str>) -> Vec<u8> {
        let args: Vec<&str> = args.iter().copied().chain(["."]).collect();
        self.run(&args, input, git_protocol).stdout
    }

    fn run(&self, args: &[&str], input: &[u8], git_protocol: Option<&str>) -> Output {
        run(&self.dir, args, input, git_protocol)
    }

    /// `n` commits, each the parent of the next, a minute apart; no ref points at them.
    pub(crate) fn commits(&self, n: u64) -> Vec<ObjectId> {
        let tree = self.git(&["mktree", "--missing"]);
        let mut ids: Vec<ObjectId> = Vec::new();
        for nth in 0..n {
            let parent = ids.last().map_or(String::new(), |id| format!("parent {id}\n"));
            let date = 1_700_000_000 + 60 * nth;
            let commit =
                format!("tree {tree}\n{parent}author A <a@b> {date} +0000\ncommitter A <a@b> {date} +0000\n\n{nth}\n");
            let output = self.run(&["hash-object", "-w", "-t", "commit", "--stdin"], commit.as_bytes(), None);
            ids.push(String::from_utf8(output.stdout).unwrap().trim_end().parse().unwrap());
        }
        ids
    }

    pub(crate) fn set_ref(&self, name: &str, id: ObjectId) {
        self.git(&["update-ref", name, &id.to_hex()]);
    }

    /// Says that the history ends at these commits.
    pub(crate) fn set_shallow(&self, ids: &[ObjectId]) {
        let lines: Vec<String> = ids.iter().map(|id| format!("{id}\n")).collect();
        self.set_file("shallow", &lines.concat());
    }

    pub(crate) fn refs(&self) -> StoredRefs {
        let listed = self.git(&["for-each-ref", "--format=%(refname) %(objectname) %(objecttype)"]);
        let rows = listed.lines().map(|line| {
            let mut fields = line.split(' ');
            let mut field = || fields.next().unwrap_or_default();
            let (name, id) = (field(), field().parse().unwrap());
            let peeled_id = (field() == "tag").then(|| self.git(&["rev-parse", &format!("{name}^{{}}")]));
            (name.to_owned(), (id, peeled_id.map(|hex| hex.parse().unwrap())))
        });
        StoredRefs { head_target: self.git(&["symbolic-ref", "HEAD"]), rows: rows.collect() }
    }
}

/// The refs of a repository, with what annotated tags are of.
pub(crate) struct StoredRefs {
    head_target: String,
    pub(crate) rows: BTreeMap<String, (ObjectId, Option<ObjectId>)>,
}

impl StoredRefs {
    pub(crate) fn with<T>(&self, use_refs: impl FnOnce(&Refs<'_>) -> T) -> T {
        let sorted: Vec<Ref<'_>> =
            self.rows.iter().map(|(name, (id, peeled_id))| Ref { name, id: *id, peeled_id: *peeled_id }).collect();
        use_refs(&Refs { head_target: &self.head_target, sorted: &sorted })
    }
}

/// Runs `git` in `dir` without anybody's configuration. A program that does not read its input to the end is no error.
pub(crate) fn run(dir: &Path, args: &[&str], input: &[u8], git_protocol: Option<&str>) -> Output {
    let mut command = Command::new("git");
    command.args(args).current_dir(dir);
    command.env("GIT_CONFIG_NOSYSTEM", "1").env("GIT_CONFIG_GLOBAL", "/dev/null").env("LC_ALL", "C");
    command.env_remove("GIT_DIR").env_remove("GIT_PROTOCOL");
    command.envs(git_protocol.map(|value| ("GIT_PROTOCOL", value)));
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let _ = stdin.write_all(input);
    drop(stdin);
    child.wait_with_output().unwrap()
}

/// Numbers that look random and are the same in every run (splitmix64).
pub(crate) struct Numbers(pub(crate) u64);

impl Numbers {
    /// A number below `bound`, which must not be zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % u64::try_from(bound).unwrap()).unwrap()
    }

    pub(crate) fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }
}
