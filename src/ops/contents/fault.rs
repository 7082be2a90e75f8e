//! Why there is nothing to read.

use std::fmt;

use git_core::ObjectId;
use git_core::pack::Kind;

/// What a caller asked for cannot be read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ContentsFault {
    /// No ref and no object goes by that name.
    NoRevision(String),
    NoObject(ObjectId),
    /// A path that leads to no file.
    NoFile {
        revision: String,
        path: String,
    },
    /// The object is of another kind than was asked for.
    Kind {
        id: ObjectId,
        found: Kind,
        wanted: Kind,
    },
    /// The object, or one that it is stored as a delta of, is larger than one may be that is held.
    TooLarge {
        id: ObjectId,
        len_max: u64,
    },
    /// The object, as it is shown to whoever asks, is longer than one value may be.
    TooLong {
        id: ObjectId,
        len_max: u64,
    },
    /// It is stored as more deltas above one another than may be undone at once.
    TooManyDeltas {
        id: ObjectId,
        n_max: usize,
    },
    /// It is stored as a delta that copies in no order from bases that are too large to hold together.
    TooScattered {
        id: ObjectId,
        base_len_max: u64,
    },
    /// The commits of a log are larger than all may be together.
    LogTooLarge {
        len_max: u64,
    },
    /// What is read at the same time leaves no memory for it.
    Busy,
}

impl fmt::Display for ContentsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRevision(revision) => write!(f, "revision not found: {revision}"),
            Self::NoObject(id) => write!(f, "object not found: {id}"),
            Self::NoFile { revision, path } => write!(f, "file not found: {path} at {revision}"),
            Self::Kind { id, found, wanted } => write!(f, "object {id} is a {found}, not a {wanted}"),
            Self::TooLarge { id, len_max } => {
                write!(f, "object {id}, or one that it is stored as a delta of, has more than {len_max} bytes")
            }
            Self::TooLong { id, len_max } => {
                write!(f, "object {id} is too large to be read as a whole: {len_max} bytes are the most")
            }
            Self::TooManyDeltas { id, n_max } => {
                write!(f, "object {id} is stored as more than {n_max} deltas above one another: clone the repository")
            }
            Self::TooScattered { id, base_len_max } => write!(
                f,
                "object {id} is stored as a delta that copies in no order, of bases with more than {base_len_max} bytes: \
                 clone the repository"
            ),
            Self::LogTooLarge { len_max } => {
                write!(f, "these commits are larger than {len_max} bytes together: ask for fewer at a time")
            }
            Self::Busy => f.write_str("too much is being read at the same time: try again"),
        }
    }
}
