//! Other Git servers, by HTTP. The only module that asks other hosts.
//!
//! It carries requests and answers: what they mean is the business of `ops::import`. Absent: credentials, cookies, caches.

mod platform;
mod url;

#[cfg(test)]
mod memory;

use std::fmt;

use crate::body::Body;

#[cfg(test)]
pub(crate) use memory::{MemoryAnswer, MemoryRemote};
pub(crate) use platform::PlatformRemote;
pub(crate) use url::{RemoteUrl, UrlFault};

/// The way to other servers.
pub(crate) trait Remote {
    type Body: Body;

    /// Asks. A redirect is an answer like others.
    async fn ask(&self, request: &RemoteRequest<'_>) -> Result<RemoteAnswer<Self::Body>, Unreachable>;

    /// Lets so much time pass, for what is not to take longer.
    async fn wait(&self, ms: u64);

    /// What URLs are asked: those that are not are refused before anything is sent.
    fn allows_insecure(&self) -> bool;
}

/// A request.
#[derive(Debug, Clone, Copy)]
pub(crate) struct RemoteRequest<'a> {
    pub(crate) url: &'a str,
    /// Posted, if it is there.
    pub(crate) body: Option<&'a [u8]>,
    /// What Git takes this for: `git-upload-pack`.
    pub(crate) service: &'static str,
    /// The header `Git-Protocol`.
    pub(crate) git_protocol: Option<&'static str>,
    /// How long the answer may take to begin, and each of its pieces to come.
    pub(crate) patience_ms: u64,
}

/// An answer, of which the body is still to come. Its connection ends when it is dropped.
#[derive(Debug)]
pub(crate) struct RemoteAnswer<B> {
    pub(crate) status: RemoteStatus,
    /// Where a redirect leads.
    pub(crate) location: Option<String>,
    pub(crate) body: B,
}

/// What another server's status says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum RemoteStatus {
    Ok,
    Redirect,
    AuthRequired,
    NotFound,
    Other(u16),
}

impl From<u16> for RemoteStatus {
    fn from(number: u16) -> Self {
        match number {
            200 => Self::Ok,
            301 | 302 | 303 | 307 | 308 => Self::Redirect,
            401 | 403 | 407 => Self::AuthRequired,
            404 | 410 => Self::NotFound,
            other => Self::Other(other),
        }
    }
}

/// Why no answer came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unreachable {
    /// Nothing came for so long.
    Silent { ms: u64 },
    /// As the platform says it.
    Network(String),
}

impl fmt::Display for Unreachable {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Silent { ms } => write!(f, "the remote was silent for {} seconds", ms / 1000),
            Self::Network(cause) => write!(f, "the remote cannot be reached: {cause}"),
        }
    }
}
