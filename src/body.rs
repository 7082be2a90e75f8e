//! A body, of a request or of another server's answer, a piece at a time.

use std::fmt;

use crate::config::DRAINED_LEN_MAX;
use crate::durable::Failure;

/// Where a body comes from.
pub(crate) trait Body {
    /// Replaces the content of `out` with the next bytes; `false` at the end.
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError>;
}

/// Why a body cannot be read to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum BodyError {
    /// The client went away, or its compressed body is no gzip.
    Unreadable(String),
    /// More bytes than such a request may have.
    TooLong { len_max: usize },
}

impl fmt::Display for BodyError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Unreadable(cause) => write!(f, "the request's body cannot be read: {cause}"),
            Self::TooLong { len_max } => write!(f, "the request's body is longer than {len_max} bytes"),
        }
    }
}

/// Reads the rest and forgets it: an answer before the end of the body would break the client's connection. So does what
/// is longer than any honest body, compressed to next to nothing.
pub(crate) async fn drain(body: &mut impl Body) {
    let (mut scratch, mut n_left) = (Vec::new(), DRAINED_LEN_MAX);
    while matches!(body.read(&mut scratch).await, Ok(true)) && n_left > scratch.len() {
        n_left -= scratch.len();
    }
}

/// The whole body, bounded.
pub(crate) async fn read_whole(body: &mut impl Body, len_max: usize) -> Result<Vec<u8>, BodyError> {
    let (mut whole, mut piece) = (Vec::new(), Vec::new());
    while body.read(&mut piece).await? {
        if whole.len() + piece.len() > len_max {
            drain(body).await;
            return Err(BodyError::TooLong { len_max });
        }
        whole.extend_from_slice(&piece);
    }
    Ok(whole)
}

/// Why an operation on a body came to nothing: nobody's fault but one of these.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Stopped {
    Body(BodyError),
    Failed(Failure),
}

impl From<BodyError> for Stopped {
    fn from(error: BodyError) -> Self {
        Self::Body(error)
    }
}

impl From<Failure> for Stopped {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

/// A body in memory that comes in pieces of a given length, and breaks off on demand.
#[cfg(test)]
#[derive(Clone)]
pub(crate) struct MemoryBody {
    pub(crate) bytes: Vec<u8>,
    pub(crate) piece_len: usize,
    pub(crate) breaks_off: bool,
    /// Whether its end never comes.
    pub(crate) stalls: bool,
    at: usize,
}

#[cfg(test)]
impl MemoryBody {
    pub(crate) fn new(bytes: Vec<u8>, piece_len: usize) -> Self {
        Self { bytes, piece_len, breaks_off: false, stalls: false, at: 0 }
    }
}

#[cfg(test)]
impl Body for MemoryBody {
    async fn read(&mut self, out: &mut Vec<u8>) -> Result<bool, BodyError> {
        out.clear();
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let piece = rest.get(..self.piece_len).unwrap_or(rest);
        out.extend_from_slice(piece);
        self.at += piece.len();
        if piece.is_empty() && self.stalls {
            std::future::pending::<()>().await;
        }
        if piece.is_empty() && self.breaks_off {
            return Err(BodyError::Unreadable("connection lost on demand".into()));
        }
        Ok(!piece.is_empty())
    }
}
