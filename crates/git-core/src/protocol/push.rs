//! The head of a push: which refs are to be moved, and how the client wants to hear of it. The pack comes after it, and
//! is not looked at here. Source: gitprotocol-pack(5), "Reference Update Request and Packfile Transfer".
//!
//! Push certificates are absent; a client that sends one is refused.

use super::{Excerpt, RequestError, capabilities};
use crate::ObjectId;
use crate::pkt_line::{Decoded, HEADER_LEN, chomp, decode};

/// How much the head of a push may hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PushLimits {
    /// Most refs in one push.
    pub n_commands_max: usize,
    /// Most `shallow` lines.
    pub n_shallow_max: usize,
    /// Longest line before the push options, in bytes, the capabilities on the first one included.
    pub line_len_max: usize,
    /// Most push options.
    pub n_options_max: usize,
    /// Longest that they may be together, in bytes.
    pub options_len_max: usize,
}

/// One ref's change, as it stands on the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PushCommand {
    /// The ref, not yet known to be well-formed; the report repeats it byte by byte.
    pub name: Vec<u8>,
    /// What the client believes that it points at.
    pub old_id: Option<ObjectId>,
    /// What it shall point at; `None` when it shall go.
    pub new_id: Option<ObjectId>,
}

/// Everything before the pack.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the wire")]
pub struct PushHead {
    /// The changes, in the client's order.
    pub commands: Vec<PushCommand>,
    /// Commits whose parents the client does not have.
    pub shallow: Vec<ObjectId>,
    /// Whether a report is to be written; the two versions of it are the same as long as refs are moved as asked.
    pub report_status: bool,
    /// The report and all text are to be framed as `side-band-64k`.
    pub side_band_64k: bool,
    /// All or nothing.
    pub atomic: bool,
    /// Whether push options follow the commands.
    pub has_options: bool,
    /// What the client says with `git push --push-option`, as it was typed.
    pub options: Vec<Vec<u8>>,
    /// Why the push is to be refused in its report, whatever it brings: more push options than the caller allows. A client
    /// shows the words of a report, and not those of an answer that is no success.
    pub refused: Option<String>,
}

impl PushHead {
    /// A head without commands: what `git` sends before a large push to see whether it may.
    pub fn is_probe(&self) -> bool {
        self.commands.is_empty() && self.shallow.is_empty()
    }

    /// Whether a pack follows: it does unless everything is a deletion.
    pub fn has_pack(&self) -> bool {
        self.commands.iter().any(|command| command.new_id.is_some())
    }

    fn take_line(&mut self, line: &[u8], limits: &PushLimits) -> Result<(), RequestError> {
        let (line, list) = match line.iter().position(|byte| *byte == 0) {
            Some(nul) => line.split_at(nul),
            None => (line, b"".as_slice()),
        };
        capabilities::split(list.strip_prefix(b"\0").unwrap_or_default())
            .try_for_each(|capability| self.take_capability(capability))?;
        if line == b"push-cert" {
            return Err(RequestError::NotOffered(Excerpt::of(line)));
        }
        let unexpected = || RequestError::UnexpectedLine(Excerpt::of(line));
        if let Some(hex) = line.strip_prefix(b"shallow ") {
            let id = ObjectId::from_hex(hex).map_err(|_| unexpected())?;
            return push_bounded(&mut self.shallow, id, "shallow", limits.n_shallow_max);
        }
        let command = PushCommand::parse(line).ok_or_else(unexpected)?;
        push_bounded(&mut self.commands, command, "command", limits.n_commands_max)
    }

    /// A capability that is not known makes no difference, but for those that change what follows.
    fn take_capability(&mut self, capability: &[u8]) -> Result<(), RequestError> {
        if let Some(format) = capabilities::foreign_object_format(capability) {
            return Err(RequestError::ForeignObjectFormat(Excerpt::of(format)));
        }
        match capability {
            b"report-status" | b"report-status-v2" => self.report_status = true,
            b"side-band-64k" => self.side_band_64k = true,
            b"atomic" => self.atomic = true,
            b"push-options" => self.has_options = true,
            _ => {}
        }
        Ok(())
    }

    fn take_option(&mut self, option: &[u8], limits: &PushLimits) {
        let PushLimits { n_options_max, options_len_max, .. } = *limits;
        let len = option.len() + self.options.iter().map(Vec::len).sum::<usize>();
        if self.options.len() >= n_options_max {
            self.refused = Some(format!("more than {n_options_max} push options"));
        } else if len > options_len_max {
            self.refused = Some(format!("more than {options_len_max} bytes of push options"));
        }
        if self.refused.is_none() {
            self.options.push(option.to_vec());
        }
    }
}

impl PushCommand {
    /// Reads `<old> <new> <name>`.
    fn parse(line: &[u8]) -> Option<Self> {
        let (old, rest) = line.split_at_checked(ObjectId::HEX_LEN)?;
        let (new, rest) = rest.strip_prefix(b" ")?.split_at_checked(ObjectId::HEX_LEN)?;
        Some(Self {
            name: rest.strip_prefix(b" ")?.to_vec(),
            old_id: ObjectId::from_wire_hex(old).ok()?,
            new_id: ObjectId::from_wire_hex(new).ok()?,
        })
    }
}

fn push_bounded<T>(list: &mut Vec<T>, item: T, kind: &'static str, n_max: usize) -> Result<(), RequestError> {
    if list.len() >= n_max {
        return Err(RequestError::TooMany { kind, n_max });
    }
    list.push(item);
    Ok(())
}

/// Reads the head of a push from chunks of any size.
#[derive(Debug)]
pub struct PushParser {
    limits: PushLimits,
    /// A packet that has not come to its end.
    partial: Vec<u8>,
    head: PushHead,
    is_in_options: bool,
}

/// What a chunk led to.
#[derive(Debug)]
pub enum Fed {
    /// The chunk is used up.
    NeedMore(PushParser),
    /// The head is there; the rest of the chunk, after so many bytes, is the pack.
    Done(PushHead, usize),
}

impl PushParser {
    /// A parser at the start of a request.
    pub fn new(limits: PushLimits) -> Self {
        Self { limits, partial: Vec::new(), head: PushHead::default(), is_in_options: false }
    }

    /// Takes the next chunk of the request.
    pub fn feed(mut self, chunk: &[u8]) -> Result<Fed, RequestError> {
        let mut rest = chunk;
        loop {
            let n_missing = match decode(&self.partial)? {
                Decoded::NeedMore(n_missing) => n_missing,
                // Nobody has an option for a push of nothing.
                Decoded::Flush if self.head.has_options && !self.is_in_options && !self.head.commands.is_empty() => {
                    self.is_in_options = true;
                    self.partial.clear();
                    HEADER_LEN
                }
                Decoded::Flush => return Ok(Fed::Done(self.head, chunk.len().saturating_sub(rest.len()))),
                Decoded::Delimiter => return Err(RequestError::UnexpectedPacket("delimiter")),
                Decoded::ResponseEnd => return Err(RequestError::UnexpectedPacket("response-end")),
                Decoded::Line { data, .. } => {
                    if self.is_in_options {
                        self.head.take_option(chomp(data), &self.limits);
                    } else {
                        self.head.take_line(chomp(data), &self.limits)?;
                    }
                    self.partial.clear();
                    HEADER_LEN
                }
            };
            let len = self.partial.len().saturating_add(n_missing).saturating_sub(HEADER_LEN);
            if len > self.limits.line_len_max && !self.is_in_options {
                return Err(RequestError::LineTooLong { len, len_max: self.limits.line_len_max });
            }
            let (taken, left) = rest.split_at(n_missing.min(rest.len()));
            self.partial.extend_from_slice(taken);
            rest = left;
            if taken.len() < n_missing {
                return Ok(Fed::NeedMore(self));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{PktLineError, write_flush, write_line};

    const LIMITS: PushLimits =
        PushLimits { n_commands_max: 2, n_shallow_max: 1, line_len_max: 300, n_options_max: 2, options_len_max: 400 };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn command(old: u8, new: u8, name: &str) -> String {
        format!("{} {} {name}", id(old), id(new))
    }

    fn body(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            write_line(&mut out, &[line.as_bytes()]);
        }
        write_flush(&mut out);
        out
    }

    /// The head and what is left after it, read in chunks of `chunk_len` bytes.
    fn feed(input: &[u8], chunk_len: usize) -> Result<(PushHead, Vec<u8>), RequestError> {
        let mut parser = PushParser::new(LIMITS);
        for (n, chunk) in input.chunks(chunk_len).enumerate() {
            match parser.feed(chunk)? {
                Fed::NeedMore(more) => parser = more,
                Fed::Done(head, used) => return Ok((head, input[n * chunk_len + used..].to_vec())),
            }
        }
        Err(RequestError::UnexpectedEnd)
    }

    fn refused(lines: &[&str]) -> RequestError {
        feed(&body(lines), 1000).unwrap_err()
    }

    #[test]
    fn a_push_has_commands_capabilities_and_a_pack() {
        let first = command(1, 2, "refs/heads/main\0 report-status-v2 side-band-64k quiet atomic agent=git/2.47");
        let mut input = body(&[&first, &command(1, 0, "refs/heads/old")]);
        input.extend_from_slice(b"PACK...");
        let (head, rest) = feed(&input, 1000).unwrap();
        assert_eq!(rest, b"PACK...");
        assert_eq!(
            head.commands,
            [
                PushCommand { name: b"refs/heads/main".to_vec(), old_id: Some(id(1)), new_id: Some(id(2)) },
                PushCommand { name: b"refs/heads/old".to_vec(), old_id: Some(id(1)), new_id: None },
            ]
        );
        assert!(head.report_status && head.side_band_64k && head.atomic);
        assert!(head.has_pack() && !head.is_probe());
    }

    #[test]
    fn chunk_boundaries_make_no_difference() {
        let shallow = format!("shallow {}", id(7));
        let first = command(0, 2, "refs/heads/main\0report-status");
        let mut input = body(&[&shallow, &first, &command(1, 2, "refs/heads/b")]);
        input.extend_from_slice(b"PACK\0\0\0\x020000");
        let whole = feed(&input, input.len()).unwrap();
        for chunk_len in 1..input.len() {
            assert_eq!(feed(&input, chunk_len).unwrap(), whole, "{chunk_len}");
        }
        assert_eq!(whole.0.shallow, [id(7)]);
    }

    /// A push with options, and `PACK` after it.
    fn with_options(options: &[&str]) -> Vec<u8> {
        let mut input =
            body(&[&command(0, 2, "refs/heads/a\0report-status push-options"), &command(1, 2, "refs/heads/b")]);
        input.extend(body(options));
        input.extend_from_slice(b"PACK");
        input
    }

    #[test]
    fn options_stand_between_the_commands_and_the_pack() {
        let input = with_options(&["ci.skip", "review=a b"]);
        for chunk_len in 1..input.len() {
            let (head, rest) = feed(&input, chunk_len).unwrap();
            assert_eq!((rest.is_empty(), rest.starts_with(b"PACK")), (false, true), "{chunk_len}");
            assert_eq!(head.options, [&b"ci.skip"[..], b"review=a b"]);
            assert_eq!((head.commands.len(), head.refused), (2, None));
        }
        assert_eq!(feed(&with_options(&[]), 7).unwrap().0.options, [[0; 0]; 0]);
    }

    #[test]
    fn more_options_than_allowed_are_for_the_report() {
        let refused = |options: &[&str]| feed(&with_options(options), 64).unwrap().0.refused;
        assert_eq!(refused(&["a", "b", "c"]).as_deref(), Some("more than 2 push options"));
        let long = "x".repeat(200);
        assert_eq!(refused(&[&long, &long]), None);
        assert_eq!(refused(&[&long, &format!("{long}x")]).as_deref(), Some("more than 400 bytes of push options"));
        let head = feed(&with_options(&[&"x".repeat(60_000), "a"]), 64).unwrap().0;
        assert_eq!((head.options.len(), head.refused.is_some()), (0, true));
    }

    #[test]
    fn a_flush_alone_is_a_probe() {
        let (head, rest) = feed(b"0000", 4).unwrap();
        assert!(head.is_probe() && !head.has_pack() && rest.is_empty());
    }

    #[test]
    fn deletions_alone_bring_no_pack() {
        let (head, _) = feed(&body(&[&command(1, 0, "refs/heads/a")]), 9).unwrap();
        assert!(!head.has_pack() && !head.is_probe());
    }

    #[test]
    fn a_name_that_is_no_name_is_kept_for_the_report() {
        let mut input = Vec::new();
        write_line(&mut input, &[command(1, 2, "refs/../").as_bytes(), b"\xff x"]);
        write_flush(&mut input);
        assert_eq!(feed(&input, 3).unwrap().0.commands[0].name, b"refs/../\xff x");
    }

    #[test]
    fn what_was_not_offered_is_refused_in_words() {
        assert_eq!(refused(&["push-cert\0report-status"]), RequestError::NotOffered(Excerpt::of(b"push-cert")));
        let sha256 = command(1, 2, "refs/heads/a\0object-format=sha256");
        assert_eq!(refused(&[&sha256]), RequestError::ForeignObjectFormat(Excerpt::of(b"sha256")));
    }

    #[test]
    fn a_line_that_is_no_command_is_refused() {
        for line in ["", "refs/heads/a", command(1, 2, "").trim_end(), "shallow 11", "have x"] {
            assert_eq!(refused(&[line]), RequestError::UnexpectedLine(Excerpt::of(line.as_bytes())));
        }
        assert_eq!(feed(b"0001", 4).unwrap_err(), RequestError::UnexpectedPacket("delimiter"));
        assert_eq!(
            feed(b"POST", 4).unwrap_err(),
            RequestError::PktLine(PktLineError::LengthNotHex { digits: *b"POST" })
        );
    }

    #[test]
    fn every_limit_is_kept() {
        let a = command(1, 2, "refs/heads/a");
        let shallow = format!("shallow {}", id(7));
        assert_eq!(refused(&[&a, &a, &a]), RequestError::TooMany { kind: "command", n_max: 2 });
        assert_eq!(refused(&[&shallow, &shallow]), RequestError::TooMany { kind: "shallow", n_max: 1 });
        // The header alone is enough to refuse a long line.
        assert_eq!(feed(b"0131", 4).unwrap_err(), RequestError::LineTooLong { len: 301, len_max: 300 });
    }

    #[test]
    fn a_head_that_stops_midway_asks_for_more() {
        let input = body(&[&command(1, 2, "refs/heads/a")]);
        assert_eq!(feed(&input[..input.len() - 1], 8).unwrap_err(), RequestError::UnexpectedEnd);
    }
}
