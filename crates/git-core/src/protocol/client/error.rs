//! Why nothing comes of a fetch from a remote. The words are for the person who asked for it.

use core::fmt;

use super::RemoteText;
use crate::pkt_line::PktLineError;
use crate::protocol::Excerpt;

/// What is wrong with what a remote says, or with asking it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RemoteError {
    /// No answer of a Git server: a page for people, or nothing at all.
    NotGit(Excerpt),
    /// A list of refs as a plain web server gives it, which knows nothing of packs made to order.
    DumbHttp,
    /// The remote's own words: an `ERR` packet, or the error band.
    Refused(RemoteText),
    /// The framing is broken.
    PktLine(PktLineError),
    /// The answer ends too early.
    Truncated {
        /// Bytes that are missing, at the least.
        n_missing: usize,
    },
    /// There is more after the end of the answer.
    TrailingBytes,
    /// A packet of another kind than belongs there.
    UnexpectedPacket(&'static str),
    /// A line that means nothing where it stands.
    UnexpectedLine(Excerpt),
    /// Version 2: a section that was not asked for, or not in its place.
    UnexpectedSection(Excerpt),
    /// A packet on a band that there is none of.
    UnknownBand(u8),
    /// The remote's repository has other object ids.
    ForeignObjectFormat(Excerpt),
    /// More lines of one kind than the caller allows.
    TooMany {
        /// The kind: `ref`, `shallow`.
        kind: &'static str,
        /// The most that is allowed.
        n_max: usize,
    },
    /// What the remote does not offer, and is needed.
    NotOffered(&'static str),
    /// A request that wants nothing.
    NothingWanted,
}

impl From<PktLineError> for RemoteError {
    fn from(error: PktLineError) -> Self {
        match error {
            PktLineError::Truncated { n_missing } => Self::Truncated { n_missing },
            error => Self::PktLine(error),
        }
    }
}

impl fmt::Display for RemoteError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotGit(start) => write!(f, "the remote is no Git server: its answer begins with '{start}'"),
            Self::DumbHttp => f.write_str("the remote speaks the dumb HTTP protocol only"),
            Self::Refused(text) => write!(f, "remote error: {text}"),
            Self::PktLine(error) => write!(f, "the remote's answer is broken: {error}"),
            Self::Truncated { n_missing } => {
                write!(f, "the remote's answer ends too early: at least {n_missing} bytes are missing")
            }
            Self::TrailingBytes => f.write_str("the remote's answer goes on after its end"),
            Self::UnexpectedPacket(kind) => write!(f, "the remote sent an unexpected {kind} packet"),
            Self::UnexpectedLine(line) => write!(f, "the remote sent an unexpected line: '{line}'"),
            Self::UnexpectedSection(header) => write!(f, "the remote sent an unexpected section: '{header}'"),
            Self::UnknownBand(number) => write!(f, "the remote sent a packet on the unknown band {number}"),
            Self::ForeignObjectFormat(format) => {
                write!(f, "mismatched object format: remote {format}; supported is sha1")
            }
            Self::TooMany { kind, n_max } => write!(f, "the remote sent more than {n_max} {kind} lines"),
            Self::NotOffered(capability) => write!(f, "the remote does not offer '{capability}'"),
            Self::NothingWanted => f.write_str("nothing is wanted of the remote"),
        }
    }
}

impl core::error::Error for RemoteError {
    fn source(&self) -> Option<&(dyn core::error::Error + 'static)> {
        match self {
            Self::PktLine(error) => Some(error),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_is_a_fact_with_its_numbers() {
        for (error, words) in [
            (
                RemoteError::NotGit(Excerpt::of(b"<a>\n")),
                "the remote is no Git server: its answer begins with '<a>\\n'",
            ),
            (RemoteError::Refused(RemoteText::clean(b"no\n", 9)), "remote error: no"),
            (
                PktLineError::Truncated { n_missing: 3 }.into(),
                "the remote's answer ends too early: at least 3 bytes are missing",
            ),
            (
                PktLineError::LengthOutOfRange { len: 3 }.into(),
                "the remote's answer is broken: bad pkt-line length 3: not within 4 to 65520",
            ),
            (RemoteError::TooMany { kind: "ref", n_max: 7 }, "the remote sent more than 7 ref lines"),
        ] {
            assert_eq!(error.to_string(), words);
        }
    }
}
