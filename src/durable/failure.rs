//! Why something failed that neither the caller nor the repo's state explains.

use std::fmt;

/// The platform or this program failed. Logged, never sent; the caller sees a 500.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Failure {
    /// What the runtime said: a storage error, a lost connection between objects, an evicted object.
    Platform(String),
    /// A stored row, or a call or reply, is not of the shape this version writes.
    Shape { what: &'static str, found: String },
    /// A number that does not fit where it must go.
    Range { what: &'static str, value: u64, max: u64 },
}

impl Failure {
    /// A row, call or reply that is not what `what` says it must be.
    pub(crate) fn shape(what: &'static str, found: impl fmt::Display) -> Self {
        Self::Shape { what, found: found.to_string() }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform(said) => write!(f, "platform: {said}"),
            Self::Shape { what, found } => write!(f, "expected {what}, found {found}"),
            Self::Range { what, value, max } => write!(f, "{what} is {value}, at most {max}"),
        }
    }
}

impl std::error::Error for Failure {}

impl From<worker::Error> for Failure {
    fn from(error: worker::Error) -> Self {
        Self::Platform(error.to_string())
    }
}
