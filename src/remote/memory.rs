//! Another server in memory: a function that answers, in pieces of a given length, and breaks off or stalls on demand.

use super::{Remote, RemoteAnswer, RemoteRequest, Unreachable};
use crate::body::MemoryBody;

/// What the function answers: a status, a location, a body, and whether that breaks off or its end never comes.
pub(crate) struct MemoryAnswer {
    pub(crate) status: u16,
    pub(crate) location: Option<String>,
    pub(crate) body: Vec<u8>,
    pub(crate) breaks_off: bool,
    pub(crate) stalls: bool,
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
        Self { status: 200, location: None, body, breaks_off: false, stalls: false }
    }

    pub(crate) fn status(status: u16) -> Self {
        Self { status, ..Self::ok(Vec::new()) }
    }
}

impl Remote for MemoryRemote<'_> {
    type Body = MemoryBody;

    async fn ask(&self, request: &RemoteRequest<'_>) -> Result<RemoteAnswer<MemoryBody>, Unreachable> {
        let MemoryAnswer { status, location, body, breaks_off, stalls } = (self.serve)(request)?;
        let mut body = MemoryBody::new(body, self.piece_len);
        (body.breaks_off, body.stalls) = (breaks_off, stalls);
        Ok(RemoteAnswer { status: status.into(), location, body })
    }

    /// Any time is over as soon as nothing comes.
    async fn wait(&self, _ms: u64) {}

    fn allows_insecure(&self) -> bool {
        false
    }
}
