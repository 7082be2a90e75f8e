//! What can be wrong with a request, whatever it asks for. The words are for the person who runs `git`.

use core::fmt;

use crate::pkt_line::{Packet, PktLineError};

/// How much of a line an error repeats, in bytes.
const EXCERPT_LEN_MAX: usize = 100;

/// Why a request is refused before its meaning is looked at.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestError {
    /// Its framing is broken.
    PktLine(PktLineError),
    /// It ends between two packets, and there should be more.
    UnexpectedEnd,
    /// A flush, delimiter or response-end packet where none belongs.
    UnexpectedPacket(&'static str),
    /// A line that means nothing where it stands.
    UnexpectedLine(Excerpt),
    /// A filter that is none.
    InvalidFilter(Excerpt),
    /// A line that uses what this server did not advertise.
    NotOffered(Excerpt),
    /// A number of commits together with another way to say where history ends.
    MixedDepths,
    /// A line of `object-info` that asks for what nobody knows.
    NoObjectInfo(Excerpt),
    /// What `object-info` is asked for is no object id.
    NoObjectId(Excerpt),
    /// A capability of version 2 that this server does not know.
    UnknownCapability(Excerpt),
    /// A command of version 2 that this server does not know.
    UnknownCommand(Excerpt),
    /// Version 2: capabilities without a command.
    NoCommand,
    /// Version 2: a second command in one request.
    SecondCommand(Excerpt),
    /// The client's repository has other object ids.
    ForeignObjectFormat(Excerpt),
    /// More lines of one kind than the caller allows.
    TooMany {
        /// The kind: `want`, `have`, `oid`, `command`, `shallow`.
        kind: &'static str,
        /// The most that is allowed.
        n_max: usize,
    },
    /// A line longer than the caller allows, in bytes.
    LineTooLong {
        /// Its length.
        len: usize,
        /// The most that is allowed.
        len_max: usize,
    },
}

impl RequestError {
    /// Whether the request was understood and asks for what cannot be had: clients show the words of an answer in the
    /// protocol, and not those of one that is no success.
    pub const fn is_refusal(&self) -> bool {
        matches!(
            self,
            Self::NotOffered(_)
                | Self::InvalidFilter(_)
                | Self::MixedDepths
                | Self::NoObjectInfo(_)
                | Self::NoObjectId(_)
                | Self::ForeignObjectFormat(_)
                | Self::TooMany { .. }
        )
    }

    /// A refusal as it is said in an answer in the protocol.
    pub fn refusal(&self) -> String {
        match self {
            Self::NoObjectInfo(_) | Self::NoObjectId(_) => self.to_string(),
            _ => format!("upload-pack: {self}"),
        }
    }

    /// The error for a packet where a line was to be expected.
    pub(super) const fn unexpected(packet: &Packet<'_>) -> Self {
        match packet {
            Packet::End => Self::UnexpectedEnd,
            packet => Self::UnexpectedPacket(packet.kind()),
        }
    }
}

impl From<PktLineError> for RequestError {
    fn from(error: PktLineError) -> Self {
        Self::PktLine(error)
    }
}

impl fmt::Display for RequestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::PktLine(error) => error.fmt(f),
            Self::UnexpectedEnd => f.write_str("the request ends too early"),
            Self::UnexpectedPacket(kind) => write!(f, "unexpected {kind} packet"),
            Self::UnexpectedLine(line) => write!(f, "unexpected line: '{line}'"),
            Self::InvalidFilter(filter) => write!(f, "invalid filter-spec '{filter}'"),
            Self::NotOffered(line) => write!(f, "not supported by this server: '{line}'"),
            Self::MixedDepths => f.write_str("deepen and deepen-since (or deepen-not) cannot be used together"),
            Self::NoObjectInfo(line) => write!(f, "object-info: unexpected line: '{line}'"),
            Self::NoObjectId(hex) => write!(f, "object-info: protocol error, expected to get oid, not '{hex}'"),
            Self::UnknownCapability(capability) => write!(f, "unknown capability '{capability}'"),
            Self::UnknownCommand(command) => write!(f, "invalid command '{command}'"),
            Self::NoCommand => f.write_str("no command requested"),
            Self::SecondCommand(command) => write!(f, "command '{command}' requested after another command"),
            Self::ForeignObjectFormat(format) => {
                write!(f, "mismatched object format: server sha1; client {format}")
            }
            Self::TooMany { kind, n_max } => write!(f, "more than {n_max} {kind} lines"),
            Self::LineTooLong { len, len_max } => write!(f, "a line of {len} bytes, more than {len_max}"),
        }
    }
}

impl core::error::Error for RequestError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::PktLine(error) => Some(error),
            _ => None,
        }
    }
}

/// The beginning of a line that the other side sent, made printable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt(String);

impl Excerpt {
    /// The first hundred bytes of `line`, with anything but printable ASCII escaped.
    pub fn of(line: &[u8]) -> Self {
        let start = line.get(..EXCERPT_LEN_MAX).unwrap_or(line);
        let more = if start.len() < line.len() { "..." } else { "" };
        Self(format!("{}{more}", start.escape_ascii()))
    }
}

impl fmt::Display for Excerpt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_repeats_a_line_printably_and_not_at_length() {
        assert_eq!(RequestError::UnexpectedLine(Excerpt::of(b"a\x1b[1m")).to_string(), "unexpected line: 'a\\x1b[1m'");
        assert_eq!(Excerpt::of(&[b'x'; 101]).to_string(), format!("{}...", "x".repeat(100)));
    }
}
