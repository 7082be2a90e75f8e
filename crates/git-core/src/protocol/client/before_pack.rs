//! What an answer says before the pack: ends of history, and what is common. Source: gitprotocol-pack(5), "Packfile
//! Negotiation"; gitprotocol-v2(5), "fetch".

use super::{Event, RemoteError, RemoteText};
use crate::ObjectId;
use crate::pkt_line::Packet;
use crate::protocol::Excerpt;

/// What comes next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum State {
    /// Version 0: ends of history, up to a flush.
    ShallowList,
    /// Version 0: what is common, up to the line that says that this is all.
    Acknowledgements,
    /// Version 0 without side-band: the pack, up to the end of the input.
    Pack,
    /// Version 2: the header of a section that comes after this one.
    HeaderAfter(Section),
    /// Version 2: a line of this section, or its end.
    Within(Section),
    /// The pack in bands.
    Bands,
    /// Nothing.
    End,
}

/// The sections of version 2 that may come unasked for, in the only order that they may come in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Section {
    None,
    /// A server must leave it out after `done`. It does no harm.
    Acknowledgments,
    ShallowInfo,
    Packfile,
}

impl State {
    /// What a packet before the pack leads to.
    pub(super) fn after(
        self,
        packet: Packet<'_>,
        pack_state: Self,
        text_len_max: usize,
    ) -> Result<(Self, Option<Event<'static>>), RemoteError> {
        if let Packet::Line(line) = packet
            && let Some(text) = line.strip_prefix(b"ERR ")
        {
            return Err(RemoteError::Refused(RemoteText::clean(text, text_len_max)));
        }
        let next = match (self, packet) {
            (Self::ShallowList | Self::Within(Section::ShallowInfo), Packet::Line(line)) => {
                return Ok((self, Some(shallow_event(line)?)));
            }
            (Self::ShallowList, Packet::Flush) => Self::Acknowledgements,
            (Self::Acknowledgements, Packet::Line(line)) if is_acknowledgement(line) => pack_state,
            (Self::Acknowledgements, Packet::Line(line)) if is_acknowledgement_of_many(line) => self,
            (Self::HeaderAfter(last), Packet::Line(header)) => {
                match Section::from_header(header).filter(|section| *section > last) {
                    Some(Section::Packfile) => Self::Bands,
                    Some(section) => Self::Within(section),
                    // `wanted-refs` and `packfile-uris` were not asked for; with the latter a part of the pack is elsewhere.
                    None => return Err(RemoteError::UnexpectedSection(Excerpt::of(header))),
                }
            }
            (Self::Within(Section::Acknowledgments), Packet::Line(line))
                if is_acknowledgement(line) || line == b"ready" =>
            {
                self
            }
            (Self::Within(section), Packet::Delimiter) => Self::HeaderAfter(section),
            (_, Packet::Line(line)) => return Err(RemoteError::UnexpectedLine(Excerpt::of(line))),
            (_, packet) => return Err(RemoteError::UnexpectedPacket(packet.kind())),
        };
        Ok((next, None))
    }
}

impl Section {
    fn from_header(header: &[u8]) -> Option<Self> {
        match header {
            b"acknowledgments" => Some(Self::Acknowledgments),
            b"shallow-info" => Some(Self::ShallowInfo),
            b"packfile" => Some(Self::Packfile),
            _ => None,
        }
    }
}

fn is_acknowledgement(line: &[u8]) -> bool {
    line == b"NAK" || line.strip_prefix(b"ACK ").is_some_and(|hex| ObjectId::from_hex(hex).is_ok())
}

/// One after which there are others, as there are with `multi_ack` and `multi_ack_detailed`.
fn is_acknowledgement_of_many(line: &[u8]) -> bool {
    let others = [&b" continue"[..], b" common", b" ready"];
    line.starts_with(b"ACK ") && others.iter().any(|more| line.strip_suffix(*more).is_some_and(is_acknowledgement))
}

fn shallow_event(line: &[u8]) -> Result<Event<'static>, RemoteError> {
    let id = |keyword: &[u8]| ObjectId::from_hex(line.strip_prefix(keyword)?).ok();
    let shallow = id(b"shallow ").map(Event::Shallow);
    let event = shallow.or_else(|| id(b"unshallow ").map(Event::Unshallow));
    event.ok_or_else(|| RemoteError::UnexpectedLine(Excerpt::of(line)))
}
