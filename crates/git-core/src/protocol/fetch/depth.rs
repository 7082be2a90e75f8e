//! Histories that end early: where the client's do, and how deep it wants them to be. Source: gitprotocol-pack(5),
//! "Packfile Negotiation"; gitprotocol-v2(5), "fetch".

use super::push_id;
use crate::ObjectId;
use crate::pkt_line::write_bare_line;
use crate::protocol::{Excerpt, RequestError, RequestLimits};

/// What `git fetch --unshallow` asks for: all there is.
pub const DEPTH_INFINITE: u32 = i32::MAX.cast_unsigned();

/// What a request says of depth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Depth {
    /// Commits that the client has without their parents.
    pub shallow: Vec<ObjectId>,
    /// How many commits deep it wants to be; never 0.
    pub n_commits: Option<u32>,
    /// Counted from its shallow commits, not from what it wants.
    pub is_relative: bool,
    /// It wants no commit older than this, in seconds since the epoch.
    pub since: Option<i64>,
    /// Names of refs whose history it does not want.
    pub not: Vec<Vec<u8>>,
}

/// What a client is told of its depth.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ShallowUpdate {
    /// Commits that it gets without their parents.
    pub shallow: Vec<ObjectId>,
    /// Commits of its own whose parents it gets now.
    pub unshallow: Vec<ObjectId>,
}

impl Depth {
    /// Whether the client wants to be as deep as it says, and not as it is.
    pub fn is_asked_for(&self) -> bool {
        self.n_commits.is_some() || self.since.is_some() || !self.not.is_empty()
    }

    /// Whether there is anything to be told.
    pub(super) fn is_said(&self) -> bool {
        self.is_asked_for() || !self.shallow.is_empty()
    }

    /// Takes a line that says something of depth; false for another.
    pub(super) fn take(&mut self, line: &[u8], limits: &RequestLimits) -> Result<bool, RequestError> {
        let invalid = || RequestError::UnexpectedLine(Excerpt::of(line));
        let (keyword, value) = match line.iter().position(|byte| *byte == b' ') {
            Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
            None => (line, &b""[..]),
        };
        match keyword {
            b"shallow" => push_id(&mut self.shallow, value, line, "shallow", limits.n_shallow_max)?,
            b"deepen" => {
                let n_commits = number(value).and_then(|n| u32::try_from(n).ok()).filter(|&n| n > 0);
                self.n_commits = Some(n_commits.ok_or_else(invalid)?.min(DEPTH_INFINITE));
            }
            b"deepen-since" => self.since = Some(number(value).filter(|&since| since > 0).ok_or_else(invalid)?),
            b"deepen-not" if self.not.len() >= limits.n_ref_prefixes_max => {
                return Err(RequestError::TooMany { kind: "deepen-not", n_max: limits.n_ref_prefixes_max });
            }
            b"deepen-not" => self.not.push(value.to_vec()),
            b"deepen-relative" => self.is_relative = true,
            _ => return Ok(false),
        }
        if self.n_commits.is_some() && (self.since.is_some() || !self.not.is_empty()) {
            return Err(RequestError::MixedDepths);
        }
        Ok(true)
    }
}

fn number(digits: &[u8]) -> Option<i64> {
    core::str::from_utf8(digits).ok()?.parse().ok()
}

impl ShallowUpdate {
    /// Whether there is nothing to be told.
    pub fn is_empty(&self) -> bool {
        self.shallow.is_empty() && self.unshallow.is_empty()
    }

    /// The lines that tell it, without what stands around them; `band` goes before each. Git ends them without a line feed, and
    /// libgit2 accepts no other.
    pub(super) fn write(&self, out: &mut Vec<u8>, band: &[u8]) {
        for id in &self.shallow {
            write_bare_line(out, &[band, b"shallow ", id.to_hex().as_bytes()]);
        }
        for id in &self.unshallow {
            write_bare_line(out, &[band, b"unshallow ", id.to_hex().as_bytes()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RequestLimits =
        RequestLimits { n_wants_max: 0, n_haves_max: 0, n_shallow_max: 2, n_ref_prefixes_max: 2 };

    fn parse(lines: &[&str]) -> Result<Depth, RequestError> {
        let mut depth = Depth::default();
        for line in lines {
            assert!(depth.take(line.as_bytes(), &LIMITS)?, "{line}");
        }
        Ok(depth)
    }

    #[test]
    fn every_line_is_read() {
        let id = ObjectId::from_bytes([7; 20]);
        let depth = parse(&[&format!("shallow {id}"), "deepen 3", "deepen-relative"]).unwrap();
        assert_eq!((depth.shallow, depth.n_commits, depth.is_relative), (vec![id], Some(3), true));
        let depth = parse(&["deepen-since 1700000000", "deepen-not main", "deepen-not refs/tags/v1"]).unwrap();
        assert_eq!((depth.since, depth.not), (Some(1_700_000_000), vec![b"main".to_vec(), b"refs/tags/v1".to_vec()]));
        assert_eq!(parse(&["deepen 2147483647"]).unwrap().n_commits, Some(DEPTH_INFINITE));
        assert_eq!(Depth::default().take(b"have x", &LIMITS), Ok(false));
    }

    #[test]
    fn what_is_no_depth_is_refused() {
        for line in ["deepen 0", "deepen -1", "deepen", "deepen x", "deepen-since 0", "deepen-since x", "shallow x"] {
            assert_eq!(parse(&[line]), Err(RequestError::UnexpectedLine(Excerpt::of(line.as_bytes()))));
        }
        assert_eq!(parse(&["deepen 1", "deepen-not main"]), Err(RequestError::MixedDepths));
        let id = format!("shallow {}", ObjectId::from_bytes([7; 20]));
        assert_eq!(parse(&[id.as_str(); 3]), Err(RequestError::TooMany { kind: "shallow", n_max: 2 }));
        assert_eq!(parse(&["deepen-not a"; 3]), Err(RequestError::TooMany { kind: "deepen-not", n_max: 2 }));
    }
}
