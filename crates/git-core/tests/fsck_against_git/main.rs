//! Objects made by hand, sound and faulty: what git says of each on receipt, we say in the same words.
//!
//! Asked are `git unpack-objects --strict` and `git index-pack --strict`, one of which `git receive-pack` runs on what it gets, with
//! the same faults let pass. Where they refuse without a message id, since they could not read what they check,
//! `git hash-object` gives it.
//!
//! Left out, because git contradicts itself: a tag with a malformed tagger and a header line after it (the fault is said,
//! and forgotten), and bytes of 128 and above in `.gitmodules` (which depend on the sign of `char`).

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

#[path = "../support/mod.rs"]
mod support;

mod blobs;
mod git;
mod headers;
mod trees;
