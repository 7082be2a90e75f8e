//! Segments: many events in one immutable string of bytes, column by column.
//!
//! A header that is read without inflating anything, little-endian, then one zlib stream:
//!
//! | | |
//! |---|---|
//! | version | `u8`: 1 |
//! | number of events | `u32` |
//! | times of the first and the last one | `u64` each, unix milliseconds |
//! | length of what the stream inflates to | `u32` |
//!
//! It inflates to, in numbers and texts of the module `bytes`:
//!
//! | | |
//! |---|---|
//! | namespaces | how many; their names |
//! | subjects | how many; for each, the index of its namespace and the repo's name |
//! | outcomes | how many; for each, the byte of its type and the message |
//! | lengths in bytes | of the first three of the columns |
//! | four columns | milliseconds since the event before (or the first one), index of the subject, index of the outcome, duration |
//!
//! Events are in the order of their times, dictionaries in the order of how often they are used, the most first: indexes that are used
//! often are short.

mod read;
mod write;

use core::fmt;

pub use read::{Outcome, Row, Rows, Segment, Subject, check};
pub use write::{encode, merge};

use crate::bytes::{Malformed, Reader};
use sirocco::Format;
use sirocco::deflate::Level;

/// The version of the format that is written.
const VERSION: u8 = 1;
/// Length of the header in bytes.
pub const HEADER_LEN: usize = 1 + 4 + 8 + 8 + 4;

/// What a segment says about itself before it is inflated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// How many events there are.
    pub n_events: u32,
    /// When the first one was, in unix milliseconds; 0 where there is none.
    pub time_min: u64,
    /// When the last one was, in unix milliseconds; 0 where there is none.
    pub time_max: u64,
    /// What all of it takes in memory, in bytes.
    pub inflated_len: u32,
}

/// Bytes that are no segment, or more than is taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SegmentError {
    /// A later version wrote it, or nobody did.
    UnknownVersion {
        /// What stands where the version does.
        version: u8,
    },
    /// It would take more memory than there is for it.
    TooLong {
        /// What it says that it inflates to, in bytes.
        inflated_len: u32,
        /// What the caller has room for.
        inflated_len_max: usize,
    },
    /// It is cut off, broken, or contradicts itself.
    Corrupt,
}

impl fmt::Display for SegmentError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::UnknownVersion { version } => write!(f, "segment of version {version}, known is {VERSION}"),
            Self::TooLong { inflated_len, inflated_len_max } => {
                write!(f, "segment of {inflated_len} bytes, at most {inflated_len_max}")
            }
            Self::Corrupt => f.write_str("corrupt segment"),
        }
    }
}

impl core::error::Error for SegmentError {}

impl From<Malformed> for SegmentError {
    fn from(_: Malformed) -> Self {
        Self::Corrupt
    }
}

/// Reads the header of a segment.
pub fn header(bytes: &[u8]) -> Result<Header, SegmentError> {
    let mut reader = Reader::new(bytes);
    match reader.byte()? {
        VERSION => {}
        version => return Err(SegmentError::UnknownVersion { version }),
    }
    let n_events = fixed(&mut reader).map(u32::from_le_bytes)?;
    let time_min = fixed(&mut reader).map(u64::from_le_bytes)?;
    let time_max = fixed(&mut reader).map(u64::from_le_bytes)?;
    let inflated_len = fixed(&mut reader).map(u32::from_le_bytes)?;
    if time_min > time_max {
        return Err(SegmentError::Corrupt);
    }
    Ok(Header { n_events, time_min, time_max, inflated_len })
}

fn fixed<const N: usize>(reader: &mut Reader<'_>) -> Result<[u8; N], SegmentError> {
    reader.take(N)?.try_into().map_err(|_| SegmentError::Corrupt)
}

/// A segment that has been inflated; [`Inflated::segment`] makes it readable.
#[derive(Debug, Clone)]
pub struct Inflated {
    header: Header,
    body: Vec<u8>,
}

impl Inflated {
    /// Inflates a segment that takes at most so much memory. Only what there is to inflate is allocated.
    pub fn new(bytes: &[u8], inflated_len_max: usize) -> Result<Self, SegmentError> {
        let header = header(bytes)?;
        let inflated_len = header.inflated_len;
        let len = usize::try_from(inflated_len).ok().filter(|len| *len <= inflated_len_max);
        let len = len.ok_or(SegmentError::TooLong { inflated_len, inflated_len_max })?;
        let stream = bytes.get(HEADER_LEN..).unwrap_or_default();
        let body = sirocco::decompress(Format::Zlib, stream, len).map_err(|_| SegmentError::Corrupt)?;
        if body.len() == len { Ok(Self { header, body }) } else { Err(SegmentError::Corrupt) }
    }

    /// Reads the dictionaries and finds the columns.
    pub fn segment(&self) -> Result<Segment<'_>, SegmentError> {
        Segment::read(self.header, &self.body)
    }
}

/// A segment of a body and what is said of it. What is above 4 GiB cannot be said.
fn sealed(n_events: usize, times: (u64, u64), body: &[u8]) -> Vec<u8> {
    let mut out = vec![VERSION];
    out.extend_from_slice(&u32::try_from(n_events).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&times.0.to_le_bytes());
    out.extend_from_slice(&times.1.to_le_bytes());
    out.extend_from_slice(&u32::try_from(body.len()).unwrap_or(u32::MAX).to_le_bytes());
    out.extend_from_slice(&sirocco::compress(Format::Zlib, Level::DEFAULT, body));
    out
}
