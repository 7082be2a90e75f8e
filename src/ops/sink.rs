//! Where an answer goes that is written while it is sent.

use std::fmt;

use wasm_bindgen::JsValue;

use crate::durable::Failure;
use crate::store::bytes::Bytes;

/// Where an answer goes, piece by piece.
pub(crate) trait Sink {
    /// Hands on bytes; waits while the client is slow.
    async fn write(&mut self, bytes: Bytes) -> Result<(), Gone>;
}

/// Whoever takes the bytes takes no more: the client went away, or its stream was closed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone(pub(crate) String);

impl From<JsValue> for Gone {
    fn from(error: JsValue) -> Self {
        Self(format!("{error:?}"))
    }
}

/// Why an answer was not sent to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsent {
    Gone(Gone),
    /// There is no answer that it could have been the body of: the client gets another one.
    NotBegun,
    /// Nobody has been told.
    Failed(Failure),
    /// The client has been told, in a packet that ends the answer for it.
    Told(Failure),
}

impl From<Failure> for Unsent {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(Gone(cause)) => write!(f, "the client went away: {cause}"),
            Self::NotBegun => f.write_str("another answer was given"),
            Self::Failed(failure) | Self::Told(failure) => failure.fmt(f),
        }
    }
}

/// A sink that keeps what it gets.
#[cfg(test)]
#[derive(Default)]
pub(crate) struct MemorySink(pub(crate) Vec<u8>);

#[cfg(test)]
impl Sink for MemorySink {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.0.extend(bytes.to_vec());
        Ok(())
    }
}
