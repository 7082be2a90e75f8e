//! Version 2's `ls-refs`, as it is asked and as the answer is read. Source: gitprotocol-v2(5), "ls-refs".

use super::remote_refs::RefList;
use super::{Capabilities, RemoteError, RemoteLimits, RemoteRefs, line_or_flush};
use crate::ObjectId;
use crate::pkt_line::{PacketStream, write_delimiter, write_flush, write_line};
use crate::protocol::Excerpt;
use crate::refs::HEAD;

/// What is asked for: always what tags are of and which ref HEAD is, be it there or not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct LsRefsRequest<'a> {
    /// Only refs that start with one of these, and HEAD; all refs when there is none. A server may tell of others.
    pub prefixes: &'a [&'a str],
}

impl LsRefsRequest<'_> {
    /// Appends the whole request to a server of version 2. `agent` is this client's name and version, without spaces.
    pub fn write(&self, out: &mut Vec<u8>, capabilities: &Capabilities, agent: &str) {
        write_command(out, "ls-refs", capabilities, agent);
        write_line(out, &[b"peel"]);
        write_line(out, &[b"symrefs"]);
        if capabilities.unborn {
            write_line(out, &[b"unborn"]);
        }
        let head = Some(HEAD).filter(|_| !self.prefixes.is_empty());
        for prefix in head.iter().chain(self.prefixes) {
            write_line(out, &[b"ref-prefix ", prefix.as_bytes()]);
        }
        write_flush(out);
    }
}

/// Appends what comes before the arguments of a command. A client must not say who it is to a server that does not.
pub(super) fn write_command(out: &mut Vec<u8>, name: &str, capabilities: &Capabilities, agent: &str) {
    write_line(out, &[b"command=", name.as_bytes()]);
    if capabilities.agent {
        write_line(out, &[b"agent=", agent.as_bytes()]);
    }
    if capabilities.object_format {
        write_line(out, &[b"object-format=sha1"]);
    }
    write_delimiter(out);
}

/// Reads the answer from chunks of any size.
#[derive(Debug)]
pub struct LsRefsResponse {
    text_len_max: usize,
    packets: PacketStream,
    list: RefList,
    is_at_end: bool,
}

impl LsRefsResponse {
    /// A reader at the start of an answer.
    pub fn new(limits: RemoteLimits) -> Self {
        Self {
            text_len_max: limits.text_len_max,
            packets: PacketStream::new(),
            list: RefList::new(limits),
            is_at_end: false,
        }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), RemoteError> {
        let mut rest = chunk;
        while !self.is_at_end {
            let Some(packet) = self.packets.read(&mut rest)? else { return Ok(()) };
            match line_or_flush(packet, self.text_len_max)? {
                Some(line) => take_line(line, &mut self.list)?,
                None => self.is_at_end = true,
            }
        }
        if rest.is_empty() { Ok(()) } else { Err(RemoteError::TrailingBytes) }
    }

    /// Says that no more comes.
    pub fn finish(self) -> Result<RemoteRefs, RemoteError> {
        if !self.is_at_end {
            return Err(RemoteError::Truncated { n_missing: self.packets.n_missing() });
        }
        Ok(self.list.finish())
    }
}

/// Reads `<id> <name>` or `unborn <name>`, and what is said of it; what is not known makes no difference.
fn take_line(line: &[u8], list: &mut RefList) -> Result<(), RemoteError> {
    let unexpected = || RemoteError::UnexpectedLine(Excerpt::of(line));
    let mut fields = line.split(|byte| *byte == b' ');
    let id = fields.next().unwrap_or_default();
    let name = fields.next().ok_or_else(unexpected)?;
    let (mut target, mut peeled_id) = (None, None);
    for attribute in fields {
        if let Some(name) = attribute.strip_prefix(b"symref-target:") {
            target = Some(name);
        } else if let Some(hex) = attribute.strip_prefix(b"peeled:") {
            peeled_id = Some(ObjectId::from_hex(hex).map_err(|_| unexpected())?);
        }
    }
    if let Some(target) = target.filter(|_| name == HEAD.as_bytes()) {
        list.set_head_target(target);
    }
    if id == b"unborn" {
        return Ok(());
    }
    list.push(name, ObjectId::from_wire_hex(id).map_err(|_| unexpected())?, peeled_id)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{HEADER_LEN, write_err};
    use crate::protocol::Version;
    use crate::protocol::client::RemoteText;

    const LIMITS: RemoteLimits =
        RemoteLimits { n_refs_max: 3, ref_name_len_max: 99, n_shallow_max: 0, text_len_max: 99 };
    const OFFERED: Capabilities =
        Capabilities { unborn: true, agent: true, object_format: true, ..Capabilities::none(Version::V2) };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn request(prefixes: &[&str], capabilities: &Capabilities) -> String {
        let mut out = Vec::new();
        LsRefsRequest { prefixes }.write(&mut out, capabilities, "client/1");
        String::from_utf8(out).unwrap()
    }

    fn answer(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            write_line(&mut out, &[line.as_bytes()]);
        }
        write_flush(&mut out);
        out
    }

    fn read(answer: &[u8], chunk_len: usize) -> Result<RemoteRefs, RemoteError> {
        let mut response = LsRefsResponse::new(LIMITS);
        answer.chunks(chunk_len).try_for_each(|chunk| response.push(chunk))?;
        response.finish()
    }

    fn read_lines(lines: &[&str]) -> Result<RemoteRefs, RemoteError> {
        read(&answer(lines), usize::MAX)
    }

    #[test]
    fn a_request_says_what_the_server_offers_and_no_more() {
        assert_eq!(
            request(&["refs/heads/", "refs/tags/"], &OFFERED),
            "0014command=ls-refs\n0013agent=client/1\n0017object-format=sha1\n00010009peel\n000csymrefs\n000bunborn\n\
             0014ref-prefix HEAD\n001bref-prefix refs/heads/\n001aref-prefix refs/tags/\n0000"
        );
        assert_eq!(
            request(&[], &Capabilities::none(Version::V2)),
            "0014command=ls-refs\n00010009peel\n000csymrefs\n0000"
        );
    }

    #[test]
    fn a_ref_comes_with_what_is_said_of_it() {
        let refs = read_lines(&[
            &format!("{} HEAD symref-target:refs/heads/main", id(1)),
            &format!("{} refs/heads/main new:x", id(1)),
            &format!("{} refs/remotes/a/HEAD symref-target:refs/remotes/a/b", id(3)),
            &format!("{} refs/tags/v1 peeled:{}", id(2), id(1)),
        ]);
        let refs = refs.unwrap();
        let head = refs.head.unwrap();
        assert_eq!((head.target.unwrap().as_str(), head.id), ("refs/heads/main", Some(id(1))));
        let kept: Vec<_> = refs.refs.iter().map(|one| (one.name.as_str(), one.id, one.peeled_id)).collect();
        assert_eq!(
            kept,
            [
                ("refs/heads/main", id(1), None),
                ("refs/remotes/a/HEAD", id(3), None),
                ("refs/tags/v1", id(2), Some(id(1)))
            ]
        );
    }

    #[test]
    fn head_may_be_unborn_or_detached() {
        let unborn = read_lines(&["unborn HEAD symref-target:refs/heads/main", "unborn refs/x"]).unwrap();
        let head = unborn.head.unwrap();
        assert_eq!((head.target.unwrap().as_str(), head.id, unborn.refs.len()), ("refs/heads/main", None, 0));
        let head = read_lines(&[&format!("{} HEAD", id(1))]).unwrap().head.unwrap();
        assert_eq!((head.target, head.id), (None, Some(id(1))));
        assert_eq!(read_lines(&[]), Ok(RemoteRefs::default()));
    }

    #[test]
    fn chunks_make_no_difference() {
        let one = format!("{} refs/heads/a", id(1));
        let sound = answer(&[&one, &format!("{} refs/heads/b", id(2))]);
        let mut answers = vec![sound.clone(), [&sound[..], b"0"].concat(), sound[..sound.len() - 2].to_vec()];
        answers.push(answer(&[&one, "no line of this"]));
        for answer in answers {
            let whole = read(&answer, answer.len());
            for chunk_len in 1..answer.len() {
                assert_eq!(read(&answer, chunk_len), whole, "{}", answer.escape_ascii());
            }
        }
    }

    #[test]
    fn an_answer_ends_with_its_flush_and_not_before_or_after() {
        let sound = answer(&[&format!("{} refs/heads/a", id(1))]);
        for len in 0..sound.len() {
            assert!(matches!(read(&sound[..len], 7), Err(RemoteError::Truncated { .. })), "{len}");
        }
        assert_eq!(read(b"", 1), Err(RemoteError::Truncated { n_missing: HEADER_LEN }));
        assert_eq!(read(b"00000000", 4), Err(RemoteError::TrailingBytes));
    }

    #[test]
    fn what_means_nothing_is_refused_as_it_stands() {
        let peeled = format!("{} refs/tags/a peeled:1", id(1));
        for line in ["", "unborn", "x refs/heads/a", &peeled] {
            assert_eq!(read_lines(&[line]), Err(RemoteError::UnexpectedLine(Excerpt::of(line.as_bytes()))));
        }
        assert_eq!(read(b"0001", 4), Err(RemoteError::UnexpectedPacket("delimiter")));
    }

    #[test]
    fn the_remotes_own_words_and_too_many_refs_end_it() {
        let mut refused = Vec::new();
        write_err(&mut refused, "upload-pack: busy");
        let words = RemoteText::clean(b"upload-pack: busy", 99);
        assert_eq!(read(&refused, 5), Err(RemoteError::Refused(words)));
        let lines = [1, 2, 3, 4].map(|n| format!("{} refs/heads/{n}", id(n)));
        let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
        assert_eq!(read_lines(&lines), Err(RemoteError::TooMany { kind: "ref", n_max: 3 }));
    }
}
