//! Why there is nothing to read.

use std::fmt;

use git_core::ObjectId;
use git_core::pack::Kind;

use crate::config::WHOLE_LEN_MAX;

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
    /// The object, or something that it is stored as a delta of, is larger than one may be that is handed over as one value.
    TooLarge(ObjectId),
    /// The commits of a log are larger than all may be together.
    LogTooLarge {
        len_max: u64,
    },
}

impl fmt::Display for ContentsFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NoRevision(revision) => write!(f, "revision not found: {revision}"),
            Self::NoObject(id) => write!(f, "object not found: {id}"),
            Self::NoFile { revision, path } => write!(f, "file not found: {path} at {revision}"),
            Self::Kind { id, found, wanted } => write!(f, "object {id} is a {found}, not a {wanted}"),
            Self::TooLarge(id) => {
                write!(f, "object {id} is too large to be read as a whole: {WHOLE_LEN_MAX} bytes are the most")
            }
            Self::LogTooLarge { len_max } => {
                write!(f, "these commits are larger than {len_max} bytes together: ask for fewer at a time")
            }
        }
    }
}
