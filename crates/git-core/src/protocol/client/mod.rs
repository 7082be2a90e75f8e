//! The other side of a fetch: what a client writes to a remote repository's server, and how it reads the answers. HTTP
//! is the caller's: which URL is asked, with which headers, and what a status or a content type means.
//!
//! 1. `GET {url}/info/refs?service=git-upload-pack` with `Git-Protocol: version=2`; the answer is [`DiscoveryResponse`]'s.
//! 2. In version 2 alone: [`LsRefsRequest`] is posted to `{url}/git-upload-pack`, the answer is [`LsRefsResponse`]'s.
//! 3. [`FetchRequest`] is posted there too, the answer is [`FetchResponse`]'s. `Git-Protocol: version=2` goes with every
//!    request in version 2, and with no post in another.
//!
//! Negotiation is absent: a request says at once what is wanted and what is there, and ends with `done`. So are filters,
//! packs at other places (`packfile-uris`), refs that are wanted by name, and thin packs.
//!
//! Source: gitprotocol-http(5), gitprotocol-pack(5), gitprotocol-v2(5), gitprotocol-capabilities(5).

mod bands;
mod before_pack;
mod capabilities;
mod discovery;
mod error;
mod fetch_request;
mod fetch_response;
mod ls_refs;
mod remote_refs;
mod remote_text;

pub use capabilities::Capabilities;
pub use discovery::{Discovery, DiscoveryResponse};
pub use error::RemoteError;
pub use fetch_request::FetchRequest;
pub use fetch_response::{Event, FetchResponse};
pub use ls_refs::{LsRefsRequest, LsRefsResponse};
pub use remote_refs::{RemoteHead, RemoteRef, RemoteRefs};
pub use remote_text::RemoteText;

use crate::pkt_line::{HEADER_LEN, Packet};

/// How much a remote may tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteLimits {
    /// Most refs, those that are left out included.
    pub n_refs_max: usize,
    /// Longest name of a ref that is kept, in bytes.
    pub ref_name_len_max: usize,
    /// Most commits at which the remote's history ends.
    pub n_shallow_max: usize,
    /// Longest that a remote's own words may be, in bytes.
    pub text_len_max: usize,
}

/// The line in a packet, `None` for a flush: all that there is where refs are listed.
fn line_or_flush(packet: Packet<'_>, text_len_max: usize) -> Result<Option<&[u8]>, RemoteError> {
    match packet {
        Packet::Line(line) => match line.strip_prefix(b"ERR ") {
            Some(text) => Err(RemoteError::Refused(RemoteText::clean(text, text_len_max))),
            None => Ok(Some(line)),
        },
        Packet::Flush => Ok(None),
        Packet::End => Err(RemoteError::Truncated { n_missing: HEADER_LEN }),
        packet => Err(RemoteError::UnexpectedPacket(packet.kind())),
    }
}
