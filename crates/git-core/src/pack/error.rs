//! Why a pack cannot be taken in. The words are what a client's `git push` shows after `unpack`.

use core::fmt;

use super::Kind;
use super::delta::DeltaError;
use super::entry::EntryError;
use crate::ObjectId;
use crate::object::ObjectError;
use crate::sha1::Collision;

/// A fact about a pack that keeps it out.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
#[expect(missing_docs, reason = "the message of each fact says what its numbers are")]
pub enum PackError {
    /// A pack or entry header that cannot be read.
    Entry { offset: u64, error: EntryError },
    /// The stream ended early.
    Truncated { offset: u64, n_objects: u32, n_seen: u32 },
    /// Bytes after the trailer.
    TrailingBytes { offset: u64 },
    /// The trailer is not the SHA-1 of the bytes before it.
    Trailer { expected: ObjectId, actual: ObjectId },
    /// An entry's data is no zlib stream.
    Inflate { offset: u64 },
    /// An entry's data inflates to another length than declared.
    InflatedLen { offset: u64, expected: u64 },
    /// A delta that cannot be applied.
    Delta { offset: u64, error: DeltaError },
    /// An offset delta whose base offset is no entry's start.
    BaseOffset { offset: u64, distance: u64 },
    /// A delta whose base is neither in the pack nor in the repository, or that is, in the end, its own base.
    MissingBase { offset: u64, base_id: ObjectId },
    /// A delta that could not be resolved although its base is known.
    Unresolved { offset: u64 },
    /// The same object twice.
    Duplicate { id: ObjectId },
    /// An object in whose hash an attack on SHA-1 shows.
    Collision { id: ObjectId },
    /// An object whose content is malformed.
    Object { id: ObjectId, error: ObjectError },
    /// An object that is referred to as another kind than it is.
    WrongKind { id: ObjectId, actual: Kind, expected: Kind },
    /// An object that is referred to and is nowhere.
    MissingObject { id: ObjectId, kind: Kind },
    /// An object that has to be read as a whole and is too large for that.
    ObjectTooLarge { offset: u64, kind: Kind, len: u64, len_max: u64 },
    /// An entry that takes far more bytes than what it stands for.
    Padded { offset: u64, len: u64, len_max: u64 },
    /// More of something than a single push may bring.
    TooMany { what: &'static str, n_max: u64 },
}

impl fmt::Display for PackError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Entry { offset, error } => write!(f, "{error} at offset {offset}"),
            Self::Truncated { offset, n_objects, n_seen } => {
                write!(f, "pack ends early at offset {offset}, with {n_seen} of {n_objects} objects")
            }
            Self::TrailingBytes { offset } => write!(f, "garbage after the end of the pack at offset {offset}"),
            Self::Trailer { expected, actual } => {
                write!(f, "pack checksum mismatch: its trailer says {expected}, its bytes make {actual}")
            }
            Self::Inflate { offset } => write!(f, "corrupt zlib data in the entry at offset {offset}"),
            Self::InflatedLen { offset, expected } => {
                write!(f, "the entry at offset {offset} does not inflate to the {expected} bytes it declares")
            }
            Self::Delta { offset, error } => write!(f, "bad delta at offset {offset}: {error}"),
            Self::BaseOffset { offset, distance } => {
                write!(f, "delta base offset is out of bound: no entry starts {distance} bytes before offset {offset}")
            }
            Self::MissingBase { offset, base_id } => {
                write!(f, "unresolved delta at offset {offset}: base {base_id} is missing")
            }
            Self::Unresolved { offset } => write!(f, "unresolved delta at offset {offset}"),
            Self::Duplicate { id } => write!(f, "object {id} is twice in the pack"),
            Self::Collision { id } => {
                write!(f, "object {id}: its SHA-1 appears to be part of a collision attack")
            }
            Self::Object { id, error } => write!(f, "object {id}: {error}"),
            Self::WrongKind { id, actual, expected } => {
                write!(f, "object {id} is a {actual}, but is referred to as a {expected}")
            }
            Self::MissingObject { id, kind } => write!(f, "missing {kind} {id}"),
            Self::ObjectTooLarge { offset, kind, len, len_max } => {
                write!(f, "the {kind} at offset {offset} has {len} bytes, the limit is {len_max}")
            }
            Self::Padded { offset, len, len_max } => {
                write!(f, "the entry at offset {offset} takes {len} bytes for an object of at most {len_max}")
            }
            Self::TooMany { what, n_max } => {
                write!(f, "more than {n_max} {what} in one push; push in parts, older commits first")
            }
        }
    }
}

impl core::error::Error for PackError {}

impl From<Collision> for PackError {
    fn from(Collision { id }: Collision) -> Self {
        Self::Collision { id }
    }
}
