//! Why an import comes to nothing, as far as it is the other server's doing.

use std::fmt;

use git_core::pack::PackError;
use git_core::protocol::client::RemoteError;

use crate::durable::Failure;
use crate::ops::receive_pack::Refused;
use crate::ops::storage::StorageLimit;
use crate::remote::{RemoteStatus, Unreachable, UrlFault};

/// What the other server did, or what it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum ImportFault {
    /// The URL is not asked, or where it leads is not.
    Url(UrlFault),
    /// There is no Git server of a kind that can be asked.
    NotGit(RemoteError),
    AuthRequired,
    NotFound,
    /// It has no such branch, or no branch at all that is its default.
    NoBranch(Option<String>),
    /// Its default branch is this one, which it does not have, but others.
    NoDefault(String),
    /// It failed, or did not answer: it may do better later.
    Unavailable(String),
    /// What it sent is none of what was asked for, or not sound.
    Unsound(String),
    /// What it sent has no room.
    Storage(StorageLimit),
    /// The repo has gone meanwhile.
    Unwanted,
}

impl ImportFault {
    /// Whether asking again would come to the same.
    pub(super) fn is_final(&self) -> bool {
        !matches!(self, Self::Unavailable(_))
    }

    /// What an answer without success means; `None` for success and for a redirect.
    pub(super) fn of_status(status: RemoteStatus) -> Option<Self> {
        match status {
            RemoteStatus::Ok | RemoteStatus::Redirect => None,
            RemoteStatus::AuthRequired => Some(Self::AuthRequired),
            RemoteStatus::NotFound => Some(Self::NotFound),
            RemoteStatus::Other(number) => Some(Self::Unavailable(format!("the remote answered with status {number}"))),
        }
    }

    /// Why a pack is not taken in. Outside: it may be another time, since others are at work here.
    pub(super) fn of_refused(refused: Refused) -> Result<Self, Failure> {
        match refused {
            Refused::Pack(error) => Ok(error.into()),
            Refused::Storage(limit) => Ok(Self::Storage(limit)),
            Refused::Shallow(_) => Ok(Self::Unsound(format!("the remote's pack is refused: {refused}"))),
            Refused::Busy(_) => Err(Failure::Platform(refused.to_string())),
        }
    }
}

impl From<Unreachable> for ImportFault {
    fn from(unreachable: Unreachable) -> Self {
        Self::Unavailable(unreachable.to_string())
    }
}

impl From<RemoteError> for ImportFault {
    fn from(error: RemoteError) -> Self {
        match error {
            RemoteError::NotGit(_) | RemoteError::DumbHttp | RemoteError::ForeignObjectFormat(_) => Self::NotGit(error),
            RemoteError::Refused(_) | RemoteError::Truncated { .. } => Self::Unavailable(error.to_string()),
            error => Self::Unsound(error.to_string()),
        }
    }
}

impl From<PackError> for ImportFault {
    fn from(error: PackError) -> Self {
        Self::Unsound(format!("the remote's pack is refused: {error}"))
    }
}

impl fmt::Display for ImportFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(fault) => fault.fmt(f),
            Self::NotGit(error) => error.fmt(f),
            Self::AuthRequired => {
                f.write_str("the remote requires authentication; only public remotes can be imported")
            }
            Self::NotFound => f.write_str("the remote has no repository there"),
            Self::NoBranch(Some(branch)) => write!(f, "the remote has no branch '{branch}'"),
            Self::NoBranch(None) => f.write_str("the remote does not say which branch is its default; name one"),
            Self::NoDefault(target) => write!(f, "the remote's default branch, {target}, is not there; name another"),
            Self::Unavailable(what) | Self::Unsound(what) => f.write_str(what),
            Self::Storage(limit) => limit.fmt(f),
            Self::Unwanted => f.write_str("the repo has been deleted"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_history_that_must_not_end_where_it_does_ends_the_import_too() {
        let fault = ImportFault::of_refused(Refused::Shallow(BTreeSet::new()));
        assert_eq!(fault, Ok(ImportFault::Unsound("the remote's pack is refused: shallow update not allowed".into())));
        assert!(fault.is_ok_and(|fault| fault.is_final()));
    }
}
