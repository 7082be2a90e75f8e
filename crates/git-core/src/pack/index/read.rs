//! Reading an index in place: nothing is unpacked, look-ups search the bytes as they are stored.

use core::fmt;
use core::ops::Range;

use super::{COMMIT_LEN, ENTRY_LEN, FANOUT_LEN, FORMAT, HEADER_LEN, MAGIC, NO_BASE, OUTSIDE, TAG_LEN};
use crate::ObjectId;
use crate::pack::Kind;

/// The index of one pack.
pub struct PackIndex {
    bytes: Vec<u8>,
    n_objects: u32,
    n_commits: u32,
    n_tags: u32,
    numbers: usize,
    entries: usize,
    commits: usize,
    parents: usize,
    introduced: usize,
    tags: usize,
    outside: usize,
}

/// Why bytes are no index.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum IndexError {
    /// They do not begin as an index does.
    Magic,
    /// Of a format that is not known here.
    Format(u32),
    /// Of another length than the counts in the header make.
    Len {
        /// What the counts make, in bytes.
        expected: u64,
        /// What there is, in bytes.
        actual: u64,
    },
}

impl fmt::Display for IndexError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Magic => f.write_str("not a pack index"),
            Self::Format(format) => write!(f, "unknown pack index format {format}"),
            Self::Len { expected, actual } => write!(f, "pack index of {actual} bytes, expected {expected}"),
        }
    }
}

impl core::error::Error for IndexError {}

/// What something refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Ref {
    /// The object of that number in this pack.
    Here(u32),
    /// An object of another pack; as the base of a delta, one that is named by its id, wherever it is.
    Outside(ObjectId),
}

/// An entry of the pack.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    /// Where it starts in the pack, in bytes.
    pub offset: u64,
    /// The kind of the object, for a delta too.
    pub kind: Kind,
    /// Length of the object in bytes.
    pub object_len: u64,
    /// What it is a delta of.
    pub base: Option<Ref>,
}

/// A commit of the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct CommitRow {
    /// Its number in the pack.
    pub number: u32,
    /// Its root tree.
    pub tree: Ref,
    /// Committer's time in seconds since the epoch.
    pub time: i64,
    /// 1 + the highest generation of its parents. Too low from a commit on at which the history ended when it came: it is
    /// counted from there.
    pub generation: u32,
    parents: Range<u32>,
    introduced: Range<u32>,
}

impl PackIndex {
    /// Takes the bytes of an index.
    pub fn parse(bytes: Vec<u8>) -> Result<Self, IndexError> {
        if bytes.get(..4) != Some(&MAGIC) {
            return Err(IndexError::Magic);
        }
        let count = |at: usize| read_u32(&bytes, 4 * at);
        let format = count(1);
        if format != FORMAT {
            return Err(IndexError::Format(format));
        }
        let (n_objects, n_commits, n_tags) = (count(2), count(3), count(6));
        let mut end = (HEADER_LEN + FANOUT_LEN) as u64;
        let mut section = |n: u32, len: usize| {
            let start = end;
            end += u64::from(n) * len as u64;
            usize::try_from(start).unwrap_or(usize::MAX)
        };
        let _ids = section(n_objects, ObjectId::LEN);
        let (numbers, entries) = (section(n_objects, 4), section(n_objects, ENTRY_LEN));
        let (commits, parents) = (section(n_commits, COMMIT_LEN), section(count(4), 4));
        let (introduced, tags) = (section(count(5), 4), section(n_tags, TAG_LEN));
        let outside = section(count(7), ObjectId::LEN);
        if end != bytes.len() as u64 {
            return Err(IndexError::Len { expected: end, actual: bytes.len() as u64 });
        }
        Ok(Self { bytes, n_objects, n_commits, n_tags, numbers, entries, commits, parents, introduced, tags, outside })
    }

    /// Number of objects.
    pub fn n_objects(&self) -> u32 {
        self.n_objects
    }

    /// Number of commits.
    pub fn n_commits(&self) -> u32 {
        self.n_commits
    }

    /// The bytes that were parsed.
    pub fn into_bytes(self) -> Vec<u8> {
        self.bytes
    }

    /// Length in bytes.
    pub fn byte_len(&self) -> usize {
        self.bytes.len()
    }

    /// The number of an object.
    pub fn find(&self, id: ObjectId) -> Option<u32> {
        let first = usize::from(id.as_bytes()[0]);
        let fan = |at: usize| read_u32(&self.bytes, HEADER_LEN + 4 * at);
        let (mut low, mut high) = (if first == 0 { 0 } else { fan(first - 1) }, fan(first));
        while low < high {
            let middle = u32::midpoint(low, high);
            match self.id_at(middle)?.cmp(&id) {
                std::cmp::Ordering::Equal => return Some(read_u32(&self.bytes, self.numbers + 4 * middle as usize)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The id in that place of the sorted list.
    fn id_at(&self, place: u32) -> Option<ObjectId> {
        let at = HEADER_LEN + FANOUT_LEN + ObjectId::LEN * place as usize;
        (place < self.n_objects).then(|| ObjectId::from_prefix(self.bytes.get(at..)?)).flatten()
    }

    /// The id of an object.
    pub fn id(&self, number: u32) -> Option<ObjectId> {
        let row = self.row(self.entries, ENTRY_LEN, number, self.n_objects)?;
        self.id_at(read_u32(row, 16))
    }

    /// An entry.
    pub fn entry(&self, number: u32) -> Option<Entry> {
        let row = self.row(self.entries, ENTRY_LEN, number, self.n_objects)?;
        let &[o0, o1, o2, o3, o4, kind, l0, l1, l2, l3, l4, l5, ..] = row else { return None };
        let base = read_u32(row, 12);
        Some(Entry {
            offset: u64::from_le_bytes([o0, o1, o2, o3, o4, 0, 0, 0]),
            kind: Kind::from_number(kind)?,
            object_len: u64::from_le_bytes([l0, l1, l2, l3, l4, l5, 0, 0]),
            base: if base == NO_BASE { None } else { Some(self.reference(base)?) },
        })
    }

    /// Where an entry starts in the pack, in bytes.
    pub fn offset(&self, number: u32) -> Option<u64> {
        let row = self.row(self.entries, ENTRY_LEN, number, self.n_objects)?;
        let &[o0, o1, o2, o3, o4, ..] = row else { return None };
        Some(u64::from_le_bytes([o0, o1, o2, o3, o4, 0, 0, 0]))
    }

    /// The commit in that place of the list of commits, which is in pack order.
    pub fn commit(&self, at: u32) -> Option<CommitRow> {
        let row = self.row(self.commits, COMMIT_LEN, at, self.n_commits)?;
        let before = at.checked_sub(1).and_then(|before| self.row(self.commits, COMMIT_LEN, before, self.n_commits));
        let start = |field| before.map_or(0, |before| read_u32(before, field));
        let time = row.get(8..)?.first_chunk::<8>()?;
        Some(CommitRow {
            number: read_u32(row, 0),
            tree: self.reference(read_u32(row, 4))?,
            time: i64::from_le_bytes(*time),
            generation: read_u32(row, 16),
            parents: start(20)..read_u32(row, 20),
            introduced: start(24)..read_u32(row, 24),
        })
    }

    /// The place in the list of commits of the object of that number; `None` when it is no commit.
    pub fn commit_at(&self, number: u32) -> Option<u32> {
        let (mut low, mut high) = (0, self.n_commits);
        while low < high {
            let middle = u32::midpoint(low, high);
            match read_u32(&self.bytes, self.commits + COMMIT_LEN * middle as usize).cmp(&number) {
                std::cmp::Ordering::Equal => return Some(middle),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// A commit's parents, the first first.
    pub fn parents(&self, commit: &CommitRow) -> impl Iterator<Item = Ref> {
        self.references(self.parents, commit.parents.clone())
    }

    /// What a commit introduces, itself not among it.
    pub fn introduced(&self, commit: &CommitRow) -> impl Iterator<Item = Ref> {
        self.references(self.introduced, commit.introduced.clone())
    }

    /// What a tag names; `None` when the object of that number is no tag.
    pub fn tag_target(&self, number: u32) -> Option<Ref> {
        let (mut low, mut high) = (0, self.n_tags);
        while low < high {
            let middle = u32::midpoint(low, high);
            let at = self.tags + TAG_LEN * middle as usize;
            match read_u32(&self.bytes, at).cmp(&number) {
                std::cmp::Ordering::Equal => return self.reference(read_u32(&self.bytes, at + 4)),
                std::cmp::Ordering::Less => low = middle + 1,
                std::cmp::Ordering::Greater => high = middle,
            }
        }
        None
    }

    /// The ids of all that the pack refers to and does not hold, and of bases that deltas name by their ids.
    pub fn outside(&self) -> impl Iterator<Item = ObjectId> {
        let ids = self.bytes.get(self.outside..).unwrap_or_default();
        ids.chunks_exact(ObjectId::LEN).filter_map(ObjectId::from_prefix)
    }

    fn references(&self, section: usize, range: Range<u32>) -> impl Iterator<Item = Ref> {
        range.filter_map(move |at| self.reference(read_u32(&self.bytes, section + 4 * at as usize)))
    }

    fn reference(&self, value: u32) -> Option<Ref> {
        if value & OUTSIDE == 0 {
            return Some(Ref::Here(value));
        }
        let at = self.outside + ObjectId::LEN * (value & !OUTSIDE) as usize;
        Some(Ref::Outside(ObjectId::from_prefix(self.bytes.get(at..)?)?))
    }

    fn row(&self, section: usize, len: usize, at: u32, n: u32) -> Option<&[u8]> {
        let start = section + len * at as usize;
        if at < n { self.bytes.get(start..start + len) } else { None }
    }
}

/// Zero beyond the end: lengths have been checked once, when the index was taken in.
fn read_u32(bytes: &[u8], at: usize) -> u32 {
    bytes.get(at..).and_then(<[u8]>::first_chunk::<4>).map_or(0, |chunk| u32::from_le_bytes(*chunk))
}
