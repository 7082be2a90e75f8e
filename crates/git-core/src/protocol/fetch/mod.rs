//! What a client wants, what it has, and what it is told about that before the pack. Every request carries the whole
//! state of the negotiation, as HTTP has it. Which objects are here, and which reach which, is the caller's knowledge.

mod depth;
mod filter;
mod v0;
mod v2;
mod want_ref;

pub use depth::{DEPTH_INFINITE, Depth, ShallowUpdate};
pub use filter::Filter;
pub use want_ref::WantRef;

use super::{Excerpt, RequestError, RequestLimits};
use crate::ObjectId;
use crate::pkt_line::{Band, SideBand, write_band, write_err};

/// A client's request for a pack, whatever the version.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the wire")]
pub struct FetchRequest {
    /// Objects that the client asks for, as it listed them.
    pub wants: Vec<ObjectId>,
    /// Refs that it asks for by name. What they point at is wanted once they have been looked up.
    pub want_refs: Vec<WantRef>,
    /// Objects that the client has, as it listed them.
    pub haves: Vec<ObjectId>,
    /// How the request ends.
    pub end: End,
    /// A delta may be against an object that the client has.
    pub thin_pack: bool,
    /// A delta may name its base by distance.
    pub ofs_delta: bool,
    /// No text on the progress band.
    pub no_progress: bool,
    /// Annotated tags of what is sent are to be sent too.
    pub include_tag: bool,
    /// How the pack is framed; `None` is not at all.
    pub side_band: Option<SideBand>,
    /// Whatever comes before the pack is framed so too.
    pub side_band_all: bool,
    /// How deep the client's history is and shall be.
    pub depth: Depth,
    /// What it does without.
    pub filter: Option<Filter>,
    /// How haves are answered.
    pub negotiation: Negotiation,
    /// What in it cannot be had; the rest is as if that line were not there.
    pub refusal: Option<RequestError>,
}

/// How a request ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum End {
    /// After the wants: versions 0 and 1, a client that waits for the shallow list.
    Wants,
    /// With a flush: the client will have more to say unless it hears that it need not.
    Flush,
    /// With `done`: the pack is to follow.
    Done,
}

/// The manner in which haves are answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Negotiation {
    /// Versions 0 and 1.
    Acks(Acks),
    /// Version 2.
    Sections {
        /// No pack before `done`, even if the server is ready.
        wait_for_done: bool,
    },
}

/// What a client of version 0 or 1 asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Acks {
    /// How much it wants to hear.
    pub multi_ack: MultiAck,
    /// The pack may follow as soon as the server is ready.
    pub no_done: bool,
}

/// How much a client of version 0 or 1 wants to hear about its haves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Default)]
pub enum MultiAck {
    /// Only of the first that is common.
    #[default]
    None,
    /// `multi_ack`
    Continue,
    /// `multi_ack_detailed`
    Detailed,
}

/// What comes before the pack.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The bytes to send first.
    pub bytes: Vec<u8>,
    /// Whether the pack is to follow; if not, the answer is complete.
    pub pack_follows: bool,
}

impl FetchRequest {
    /// Reads the whole of a request in version 0 or 1.
    pub fn parse_version_0(body: &[u8], limits: &RequestLimits) -> Result<Self, RequestError> {
        v0::parse(body, limits)
    }

    /// Whether nothing is to be sent at all. In version 2 a client may negotiate without wanting anything.
    pub fn is_empty(&self) -> bool {
        let wants_nothing = self.wants.is_empty() && self.want_refs.is_empty() && self.refusal.is_none();
        wants_nothing && self.negotiation != Negotiation::Sections { wait_for_done: true }
    }

    /// Answers the haves. `is_common` tells whether an object is here; `is_ready`, whether each wanted object reaches one
    /// of the common ones listed so far, which is when more haves would tell nothing new.
    ///
    /// `is_ready` is asked as rarely as the answer allows: never without a common object, never twice for the same ones,
    /// never after it said yes.
    pub fn answer(
        &self,
        update: &ShallowUpdate,
        is_common: impl Fn(&ObjectId) -> bool,
        is_ready: impl FnMut(&[ObjectId]) -> bool,
    ) -> Answer {
        if self.is_empty() {
            return Answer { bytes: Vec::new(), pack_follows: false };
        }
        let mut common = Common { ids: Vec::new(), n_asked: 0, is_ready: false, ask: is_ready };
        match self.negotiation {
            Negotiation::Acks(acks) => v0::answer(self, acks, update, is_common, &mut common),
            Negotiation::Sections { wait_for_done } => v2::answer(self, wait_for_done, update, is_common, &mut common),
        }
    }

    /// Appends the answer that takes the place of all others: why the client gets nothing.
    pub fn refuse(&self, out: &mut Vec<u8>, reason: &str) {
        match self.side_band.filter(|_| self.side_band_all) {
            Some(side_band) => write_band(out, side_band, Band::Error, reason.as_bytes()),
            None => write_err(out, reason),
        }
    }

    /// Takes what became of a line: a refusal is kept, for the lines after it say how it is to be told.
    fn note(&mut self, taken: Result<(), RequestError>) -> Result<(), RequestError> {
        match taken {
            Err(error) if error.is_refusal() => {
                self.refusal.get_or_insert(error);
                Ok(())
            }
            taken => taken,
        }
    }

    const fn new(negotiation: Negotiation, side_band: Option<SideBand>) -> Self {
        Self {
            wants: Vec::new(),
            want_refs: Vec::new(),
            haves: Vec::new(),
            end: End::Flush,
            thin_pack: false,
            ofs_delta: false,
            no_progress: false,
            include_tag: false,
            side_band,
            side_band_all: false,
            depth: Depth { shallow: Vec::new(), n_commits: None, is_relative: false, since: None, not: Vec::new() },
            filter: None,
            negotiation,
            refusal: None,
        }
    }
}

/// The haves found common so far, and whether they are enough.
struct Common<F> {
    ids: Vec<ObjectId>,
    /// How many there were when `ask` was last called.
    n_asked: usize,
    is_ready: bool,
    ask: F,
}

impl<F: FnMut(&[ObjectId]) -> bool> Common<F> {
    fn is_ready(&mut self) -> bool {
        if !self.is_ready && self.ids.len() > self.n_asked {
            self.n_asked = self.ids.len();
            self.is_ready = (self.ask)(&self.ids);
        }
        self.is_ready
    }
}

fn push_id(
    ids: &mut Vec<ObjectId>,
    hex: &[u8],
    line: &[u8],
    kind: &'static str,
    n_max: usize,
) -> Result<(), RequestError> {
    let id = ObjectId::from_hex(hex).map_err(|_| RequestError::UnexpectedLine(Excerpt::of(line)))?;
    if ids.len() >= n_max {
        return Err(RequestError::TooMany { kind, n_max });
    }
    ids.push(id);
    Ok(())
}
