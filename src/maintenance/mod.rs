//! A repo's maintenance, in a Durable Object of its own: the CPU that merging packs takes is not the repo's.
//!
//! The repo's alarm says that there is something to do; this object's alarm does it. What has been done is in the repo's
//! catalog: of a merge that was killed only an upload is left, which the repo reclaims. SQL text stands in `job` only.

mod answer;
mod call;
mod client;
mod duties;
mod job;
mod object;

#[cfg(test)]
pub(crate) use answer::answer_frame;
pub(crate) use client::MaintenanceClient;
#[cfg(test)]
pub(crate) use duties::{Tools, perform, take};
pub use object::MaintenanceObject;
