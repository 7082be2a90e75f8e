//! Events, queries and broken bytes that are made up, the same in each run.
#![expect(
    clippy::cast_possible_truncation,
    clippy::cast_precision_loss,
    clippy::cast_sign_loss,
    clippy::unwrap_used,
    reason = "numbers are small, and a test that fails panics"
)]

mod against_naive;
mod random;
mod segments;
