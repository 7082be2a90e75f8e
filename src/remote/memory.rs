//! Another server in memory: a function that answers, in pieces of a given length, and breaks off on demand.

use super::{Remote, RemoteAnswer, RemoteRequest, Unreachable};
use crate::ops::body::MemoryBody;

/// What the function answers: a status, a location, a body, and whether it breaks off.
pub(crate) struct MemoryAnswer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) breaks_off: bool,
}

type Serve<'a> = dyn Fn(&RemoteRequest<'_>) -> Result<MemoryAnswer, Unreachable> + 'a;

/// A server that this function is.
pub(crate) struct MemoryRemote<'a> {
    serve: Box<Serve<'a>>,
    piece_len: usize,
}

impl<'a> MemoryRemote<'a> {
    pub(crate) fn new(
        piece_len: usize,
        serve: impl Fn(&RemoteRequest<'_>) -> Result<MemoryAnswer, Unreachable> + 'a,
    ) -> Self {
        Self { serve: Box::new(serve), piece_len }
    }

    /// One that cannot be reached.
    pub(crate) fn none() -> Self {
        Self::new(1, |_| Err(Unreachable::Network("there is none".into())))
    }
}

impl MemoryAnswer {
    pub(crate) fn ok(body: Vec<u8>) -> Self {
        Self { status: 200, location: None, body, breaks_off: false }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::ok(Vec::new()) }
    }
}

impl Remote for MemoryRemote<'_> {
    type Body = MemoryBody;

    async fn ask(&self, request: &RemoteRequest<'_>) -> Result<RemoteAnswer<MemoryBody>, Unreachable> {
        let MemoryAnswer { status, location, body, breaks_off } = (self.serve)(request)?;
        let mut body = MemoryBody::new(body, self.piece_len);
        body.breaks_off = breaks_off;
        Ok(RemoteAnswer { status: status.into(), location, body })
    }

    fn allows_insecure(&self) -> bool {
        false
    }
}
