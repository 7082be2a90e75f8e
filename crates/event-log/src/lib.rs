//! Metrics events: what an operation leaves behind, how many of them are stored in little room, and how they are added up.
//!
//! No I/O, no `async`, no clock, no `unsafe`; bytes that are none of ours are an error. Every limit is an argument.
//!
//! [`segment`] is the stored form, [`query`] what can be asked, [`aggregate`] what answers it.

pub mod aggregate;
mod bytes;
pub mod event;
pub mod query;
pub mod segment;

pub use aggregate::{AggregateError, Aggregation, Group, Quantiles};
pub use event::{Event, EventKind, EventType};
pub use query::{Dimension, Direction, Filter, Measure, Operand, Operator, Order, OrderBy, Quantile, Query, TimeRange};
pub use segment::{Header, Inflated, Segment, SegmentError};
