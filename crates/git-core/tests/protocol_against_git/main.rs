//! The same bytes to us and to the installed `git`: we must agree.

#![expect(clippy::unwrap_used, clippy::panic, reason = "a test says no by panicking, in its fixtures too")]

mod advertisement;
mod client;
mod git;
mod names;
mod negotiation;
mod ref_updates;
