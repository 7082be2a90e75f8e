//! What requests do that somebody may want to hear of.

use crate::repo::call::{NewToken, RepoInfo};

/// Something that was done to a repo.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Deed {
    /// With the first token of it.
    Created(RepoInfo, NewToken),
    /// A repo was made to be filled by an import. That it has been filled is told by whoever does so.
    ImportBegun(NewToken),
    /// The repo that the request is about was forked: its fork, with the first token of that.
    Forked(RepoInfo, NewToken),
    Deleted(RepoInfo),
    Pushed {
        repo_id: String,
        moved: Vec<Moved>,
    },
    /// All that a client without history asked for was sent.
    Cloned,
    Fetched,
    TokenCreated(NewToken),
    TokenRevoked {
        token_id: String,
    },
}

/// A ref that a push has moved, made or deleted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Moved {
    /// `refs/heads/main`.
    pub(crate) name: String,
    /// Absent when it was made.
    pub(crate) before: Option<git_core::ObjectId>,
    /// Absent when it was deleted.
    pub(crate) after: Option<git_core::ObjectId>,
}
