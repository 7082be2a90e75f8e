//! Git's formats and protocol for a server that owns its storage.
//!
//! No I/O, no `async`, no clock, no `unsafe`; parsers take bytes and say what they need. Every limit is an argument.

pub mod id;
pub mod object;
pub mod pack;
pub mod pkt_line;
pub mod protocol;
pub mod refs;
pub mod sha1;
pub mod walk;
pub mod zlib;

pub use id::ObjectId;
