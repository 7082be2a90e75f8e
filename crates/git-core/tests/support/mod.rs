//! What the tests share: real repositories made by real git, and a driver for the pack machines.
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::collections::{BTreeMap, HashMap};
use std::io::Write;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU32, Ordering};

use git_core::ObjectId;
use git_core::object::fsck::MsgIds;
use git_core::pack::index::{self, PackIndex};
use git_core::pack::introduce::{self, Introducer, ParentCommit};
use git_core::pack::receive::Receiver;
use git_core::pack::resolve::{Resolver, Step, SuppliedBase};
use git_core::pack::{Kind, Limits, PackError, Resolved};

/// Limits small enough that packs of tests reach every path.
pub(crate) fn limits() -> Limits {
    Limits {
        n_objects_max: 1 << 20,
        notes_max: 48 << 20,
        tree_cache_max: 8 << 20,
        n_compared_max: 1 << 31,
        object_resident_max: 1 << 20,
        pack_resident_max: 0,
        cache_max: 64 << 10,
        block_len: 16 << 10,
        n_blocks_max: 3,
        n_introduced_max: 2_000_000,
        delta_depth_max: 4096,
        rebuilt_bytes_max: 1 << 33,
        hash_key: 0x9e37_79b9_7f4a_7c15,
    }
}

/// A repository in a folder of its own, deleted at the end.
pub(crate) struct Repo(pub PathBuf);

static NEXT: AtomicU32 = AtomicU32::new(0);

impl Repo {
    pub(crate) fn new() -> Self {
        let number = NEXT.fetch_add(1, Ordering::Relaxed);
        let path = std::env::temp_dir().join(format!("git-core-{}-{number}", std::process::id()));
        std::fs::create_dir_all(&path).unwrap();
        let repo = Self(path);
        repo.git(&["init", "-q", "-b", "main"]);
        repo
    }

    pub(crate) fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new("git");
        command.current_dir(&self.0).args(args).env("GIT_CONFIG_NOSYSTEM", "1").env("HOME", &self.0);
        for who in ["AUTHOR", "COMMITTER"] {
            command.env(format!("GIT_{who}_NAME"), "A").env(format!("GIT_{who}_EMAIL"), "a@example.com");
            command.env(format!("GIT_{who}_DATE"), "1700000000 +0000");
        }
        command
    }

    /// Runs git and gives what it prints.
    pub(crate) fn git(&self, args: &[&str]) -> Vec<u8> {
        self.git_with(args, b"")
    }

    pub(crate) fn git_with(&self, args: &[&str], input: &[u8]) -> Vec<u8> {
        let mut command = self.command(args);
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdin = child.stdin.take().unwrap();
        let input = input.to_vec();
        let writer = std::thread::spawn(move || stdin.write_all(&input));
        let output = child.wait_with_output().unwrap();
        writer.join().unwrap().ok();
        assert!(output.status.success(), "git {args:?}");
        output.stdout
    }

    pub(crate) fn text(&self, args: &[&str]) -> String {
        String::from_utf8(self.git(args)).unwrap().trim().to_owned()
    }

    pub(crate) fn id(&self, name: &str) -> ObjectId {
        self.text(&["rev-parse", name]).parse().unwrap()
    }

    pub(crate) fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.0.join(path);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        std::fs::write(path, content).unwrap();
    }

    pub(crate) fn commit(&self, message: &str) -> ObjectId {
        self.git(&["add", "-A"]);
        self.git(&["commit", "-q", "--allow-empty", "-m", message]);
        self.id("HEAD")
    }

    /// The pack that git makes of these revisions, `--thin` when `thin`.
    pub(crate) fn pack(&self, revisions: &str, thin: bool) -> Vec<u8> {
        let mut args = vec!["pack-objects", "--revs", "--stdout", "-q", "--delta-base-offset"];
        if thin {
            args.push("--thin");
        }
        self.git_with(&args, revisions.as_bytes())
    }

    /// A pack of these revisions without a delta in it.
    pub(crate) fn whole_pack(&self, revisions: &str) -> Vec<u8> {
        let args = ["pack-objects", "--revs", "--stdout", "-q", "--depth=0", "--no-reuse-delta"];
        self.git_with(&args, revisions.as_bytes())
    }

    /// Every object that these revisions reach.
    pub(crate) fn objects(&self, revisions: &[&str]) -> Vec<ObjectId> {
        let mut args = vec!["rev-list", "--objects", "--no-object-names"];
        args.extend(revisions);
        let mut ids: Vec<ObjectId> = self.text(&args).lines().map(|line| line.parse().unwrap()).collect();
        ids.sort_unstable();
        ids
    }

    pub(crate) fn object(&self, id: ObjectId) -> Option<(Kind, Vec<u8>)> {
        let hex = id.to_hex();
        let output = self.command(&["cat-file", "-t", &hex]).stderr(Stdio::null()).output().unwrap();
        let kind = Kind::from_name(output.stdout.trim_ascii())?;
        Some((kind, self.git(&["cat-file", kind.name(), &hex])))
    }
}

impl Drop for Repo {
    fn drop(&mut self) {
        std::fs::remove_dir_all(&self.0).ok();
    }
}

/// What a run of the machines is to let pass, and what it asked for.
#[derive(Default, Debug)]
pub(crate) struct Asked {
    pub(crate) let_pass: MsgIds,
    pub(crate) n_pack_reads: usize,
    pub(crate) bases: Vec<ObjectId>,
    pub(crate) spilled_bytes: usize,
    pub(crate) trees: Vec<ObjectId>,
}

/// Runs both passes over a pack; `repo` answers for what the pack does not hold.
pub(crate) fn resolve(
    pack: &[u8],
    limits: Limits,
    chunk_len: usize,
    repo: Option<&Repo>,
    asked: &mut Asked,
) -> Result<Resolved, PackError> {
    let mut receiver = Receiver::new(limits, asked.let_pass);
    for chunk in pack.chunks(chunk_len) {
        receiver.push(chunk)?;
    }
    let mut resolver = receiver.finish()?;
    let mut spills: HashMap<u32, Vec<u8>> = HashMap::new();
    loop {
        match resolver.step()? {
            Step::NeedPack { offset, len } => {
                asked.n_pack_reads += 1;
                let at = usize::try_from(offset).unwrap();
                resolver.supply_pack(offset, pack[at..at + len].to_vec());
            }
            Step::NeedBase { id } => {
                asked.bases.push(id);
                let base = supplied(&mut resolver, repo.and_then(|repo| repo.object(id)), limits, &mut spills);
                resolver.supply_base(id, base);
            }
            Step::SpillWrite { spill, bytes } => {
                asked.spilled_bytes += bytes.len();
                spills.entry(spill).or_default().extend(bytes);
            }
            Step::SpillRead { spill, offset, len } => {
                let at = usize::try_from(offset).unwrap();
                resolver.supply_spill(offset, spills[&spill][at..at + len].to_vec());
            }
            Step::Done => return Ok(resolver.finish()),
        }
    }
}

fn supplied(
    resolver: &mut Resolver,
    object: Option<(Kind, Vec<u8>)>,
    limits: Limits,
    spills: &mut HashMap<u32, Vec<u8>>,
) -> SuppliedBase {
    let Some((kind, content)) = object else { return SuppliedBase::Missing };
    let len = content.len() as u64;
    if len <= limits.object_resident_max {
        return SuppliedBase::Resident { kind, content };
    }
    let spill = resolver.new_spill();
    spills.insert(spill, content);
    SuppliedBase::Spilled { kind, spill, len }
}

/// Runs everything: the index of a pack whose parents outside `repo` knows.
pub(crate) fn index(
    pack: &[u8],
    limits: Limits,
    repo: Option<&Repo>,
    asked: &mut Asked,
) -> Result<PackIndex, PackError> {
    Ok(PackIndex::parse(index_bytes(pack, limits, repo, asked)?).unwrap())
}

/// The same, as it is stored.
pub(crate) fn index_bytes(
    pack: &[u8],
    limits: Limits,
    repo: Option<&Repo>,
    asked: &mut Asked,
) -> Result<Vec<u8>, PackError> {
    let resolved = resolve(pack, limits, 4096, repo, asked)?;
    resolved.check_kinds()?;
    let mut parents = BTreeMap::new();
    for (id, kind) in resolved.outside() {
        let object = repo.and_then(|repo| repo.object(id));
        let (_, content) = object.ok_or(PackError::MissingObject { id, kind })?;
        if kind == Kind::Commit {
            let commit = git_core::object::commit::Commit::parse(&content).unwrap();
            parents.insert(id, ParentCommit { tree_id: commit.tree_id, generation: 1 });
        }
    }
    let mut introducer = Introducer::new(resolved, &parents);
    while let introduce::Step::NeedTrees(ids) = introducer.step()? {
        for id in ids {
            asked.trees.push(id);
            let (_, content) = repo.and_then(|repo| repo.object(id)).unwrap();
            introducer.supply_tree(id, &content)?;
        }
    }
    Ok(index::write(introducer))
}
