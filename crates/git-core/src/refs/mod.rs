//! Refs: what they may be called and how a push may move them.
//!
//! Where refs are stored is not known here; what is stored comes in as a sorted map.

mod name;
mod update;

pub use name::{BranchName, HEAD, InvalidRefName, RefName};
pub use update::{Change, Outcome, RefUpdate, Rejection, decide};
