//! One object or a few, shown to git and to us.

use std::io::Write;
use std::process::Stdio;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicU32, Ordering};

use git_core::ObjectId;
use git_core::object::ObjectHasher;
use git_core::object::fsck::{MsgId, MsgIds};
use git_core::pack::entry::{Content, EntryHeader, encode_entry_header, encode_pack_header};
use git_core::pack::{Kind, PackError};
use git_core::sha1::Sha1;

use crate::support::{Asked, Repo, index, limits};

pub(crate) const EMPTY_TREE: &str = "4b825dc642cb6eb9a060e54bf8d69288fbee4904";

/// An object with its id.
#[derive(Clone)]
pub(crate) struct Object {
    pub(crate) kind: Kind,
    pub(crate) content: Vec<u8>,
    pub(crate) id: ObjectId,
}

impl Object {
    pub(crate) fn new(kind: Kind, content: impl Into<Vec<u8>>) -> Self {
        let content = content.into();
        let id = ObjectHasher::hash(kind, &content).unwrap();
        Self { kind, content, id }
    }
}

/// A tree of these modes, names and ids.
pub(crate) fn tree(entries: &[(&str, &[u8], ObjectId)]) -> Object {
    let entry =
        |(mode, name, id): &(&str, &[u8], ObjectId)| [mode.as_bytes(), b" ", name, b"\0", id.as_bytes()].concat();
    Object::new(Kind::Tree, entries.iter().flat_map(entry).collect::<Vec<u8>>())
}

/// A pack of whole objects.
pub(crate) fn pack(objects: &[Object]) -> Vec<u8> {
    let mut pack = encode_pack_header(u32::try_from(objects.len()).unwrap()).to_vec();
    for Object { kind, content, .. } in objects {
        let header = EntryHeader { content: Content::Whole(*kind), inflated_len: content.len() as u64 };
        encode_entry_header(header, &mut pack);
        pack.extend(git_core::zlib::deflate(content));
    }
    pack.extend(Sha1::of(&pack).as_bytes());
    pack
}

/// What is said of a pack: nothing when it is taken.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Said {
    Taken,
    /// `object <id>: <message id>: <text>`.
    Fault(String),
    /// Without a message id.
    Refused(String),
}

/// What git's command that receives packs says of one, in a repository of its own.
pub(crate) fn git_says(command: &[&str], pack: &[u8]) -> Said {
    let (is_ok, said) = run_git(command, pack);
    let fault = said.lines().find_map(|line| line.strip_prefix("error: object "));
    match (is_ok, fault) {
        (true, _) => Said::Taken,
        (false, Some(fault)) => Said::Fault(format!("object {fault}")),
        (false, None) => Said::Refused(said),
    }
}

/// What we say of a pack that needs nothing else.
pub(crate) fn we_say(pack: &[u8], let_pass: MsgIds) -> Said {
    match index(pack, limits(), None, &mut Asked { let_pass, ..Asked::default() }) {
        Ok(_) => Said::Taken,
        Err(error @ PackError::Object { .. }) => Said::Fault(error.to_string()),
        Err(error) => Said::Refused(error.to_string()),
    }
}

static NEXT: AtomicU32 = AtomicU32::new(0);

/// Runs git in an empty bare repository, made without a process. Whether it goes well, and what it says.
fn run_git(args: &[&str], input: &[u8]) -> (bool, String) {
    let number = NEXT.fetch_add(1, Ordering::Relaxed);
    let repo = Repo(std::env::temp_dir().join(format!("fsck-against-git-{}-{number}", std::process::id())));
    repo.write("HEAD", "ref: refs/heads/main\n");
    for folder in ["objects", "refs"] {
        std::fs::create_dir(repo.0.join(folder)).unwrap();
    }
    let mut command = repo.command(args);
    let command = command.env("LC_ALL", "C").stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // Git may stop reading in the middle.
    child.stdin.take().unwrap().write_all(input).ok();
    let output = child.wait_with_output().unwrap();
    let said = [output.stderr, output.stdout].concat();
    (output.status.success(), String::from_utf8_lossy(&said).into_owned())
}

/// What a server lets pass.
const LET_PASS: MsgIds = MsgIds::of(&[MsgId::ZeroPaddedFilemode, MsgId::MissingSpaceBeforeDate, MsgId::BadTimezone]);
const LET_PASS_IN_GIT: &str = "--strict=zeroPaddedFilemode=ignore,missingSpaceBeforeDate=ignore,badTimezone=ignore";

/// Asserts that git and we say the same of these objects, with and without faults let pass. What is said with none.
pub(crate) fn compare(objects: &[Object]) -> Said {
    let pack = pack(objects);
    if !*GIT_IS_ASKED {
        return we_say(&pack, MsgIds::NONE);
    }
    for (strict, let_pass) in [(LET_PASS_IN_GIT, LET_PASS), ("--strict", MsgIds::NONE)] {
        let ours = we_say(&pack, let_pass);
        for command in [&["unpack-objects", "-q", strict][..], &["index-pack", "--stdin", strict]] {
            match git_says(command, &pack) {
                Said::Refused(why) => assert_eq!(ours, without_message_id(objects, &why), "{command:?}: {why}"),
                said => assert!(agree(&ours, &said), "{command:?} says {said:?}, we say {ours:?}"),
            }
        }
    }
    we_say(&pack, MsgIds::NONE)
}

/// The rules are those of git 2.47, which older ones have in part. With one of those the tables alone judge.
static GIT_IS_ASKED: LazyLock<bool> = LazyLock::new(|| {
    let (_, version) = run_git(&["--version"], b"");
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).filter_map(|n| n.parse::<u32>().ok());
    (numbers.next(), numbers.next()) >= (Some(2), Some(47))
});

/// Where git goes on in another line, we show a question mark.
fn agree(ours: &Said, gits: &Said) -> bool {
    match (ours, gits) {
        (Said::Fault(ours), Said::Fault(gits)) => {
            ours.strip_prefix(&**gits).is_some_and(|rest| rest.is_empty() || rest.starts_with('?'))
        }
        _ => ours == gits,
    }
}

/// What `git hash-object` says of the last object, which git cannot read.
fn without_message_id(objects: &[Object], why: &str) -> Said {
    let Object { kind, content, id } = objects.last().unwrap();
    let (_, said) = run_git(&["hash-object", "-t", kind.name(), "--stdin"], content);
    let fault = said.lines().find_map(|line| line.strip_prefix("error: object fails fsck: "));
    fault.map_or_else(|| Said::Refused(why.to_owned()), |fault| Said::Fault(format!("object {id}: {fault}")))
}

/// The message id in what is said.
pub(crate) fn msg_id(said: &Said) -> Option<&str> {
    match said {
        Said::Fault(fault) => fault.split(": ").nth(1),
        Said::Taken | Said::Refused(_) => None,
    }
}
