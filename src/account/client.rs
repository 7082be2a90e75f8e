//! The Worker's side of the account's Durable Object.

use super::call::Call;
use crate::durable::{Failure, Wire, tell};

/// The account's object, at the end of a wire.
#[derive(Debug, Clone)]
pub(crate) struct AccountClient<W> {
    wire: W,
}

impl<W: Wire> AccountClient<W> {
    /// The account whose object `wire` leads to.
    pub(crate) fn new(wire: W) -> Self {
        Self { wire }
    }

    /// Enters a namespace.
    pub(crate) async fn register(&self, namespace: String) -> Result<(), Failure> {
        tell(&self.wire, &Call::Register { namespace }).await
    }
}
