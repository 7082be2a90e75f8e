//! A request in version 2: one command, capabilities, arguments. Source: gitprotocol-v2(5), "Command Request".

use super::fetch::FetchRequest;
use super::ls_refs::LsRefs;
use super::object_info::ObjectInfo;
use super::{Excerpt, RequestError, RequestLimits, capabilities};
use crate::pkt_line::{Packet, Reader};

/// What a client asks for in version 2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Command {
    /// `ls-refs`
    LsRefs(LsRefs),
    /// `fetch`
    Fetch(FetchRequest),
    /// `object-info`
    ObjectInfo(ObjectInfo),
}

impl Command {
    /// Reads the whole of a request; `None` is a client that has nothing to ask: a flush and no more, or not even that.
    pub fn parse(body: &[u8], limits: &RequestLimits) -> Result<Option<Self>, RequestError> {
        let mut reader = Reader::new(body);
        let mut name = None;
        let mut is_empty = true;
        let arguments = loop {
            let before = reader.clone();
            match reader.read()? {
                Packet::Line(line) => take_key(line, &mut name)?,
                Packet::Flush | Packet::End if is_empty => return Ok(None),
                // The flush ends an empty list of arguments as well.
                Packet::Flush => break before,
                Packet::Delimiter => break reader,
                packet => return Err(RequestError::unexpected(&packet)),
            }
            is_empty = false;
        };
        let arguments = &mut Arguments::new(arguments);
        match name.ok_or(RequestError::NoCommand)? {
            b"ls-refs" => LsRefs::parse(arguments, limits.n_ref_prefixes_max).map(Self::LsRefs).map(Some),
            b"fetch" => FetchRequest::parse_version_2(arguments, limits).map(Self::Fetch).map(Some),
            b"object-info" => ObjectInfo::parse(arguments, limits.n_wants_max).map(Self::ObjectInfo).map(Some),
            other => Err(RequestError::UnknownCommand(Excerpt::of(other))),
        }
    }
}

/// One line before the arguments. Agents and server options are read and make no difference.
fn take_key<'a>(line: &'a [u8], name: &mut Option<&'a [u8]>) -> Result<(), RequestError> {
    if let Some(command) = line.strip_prefix(b"command=") {
        return match name.replace(command) {
            None => Ok(()),
            Some(_) => Err(RequestError::SecondCommand(Excerpt::of(command))),
        };
    }
    if let Some(format) = capabilities::foreign_object_format(line) {
        return Err(RequestError::ForeignObjectFormat(Excerpt::of(format)));
    }
    match line.split(|byte| *byte == b'=').next() {
        Some(b"agent" | b"object-format" | b"server-option") => Ok(()),
        _ => Err(RequestError::UnknownCapability(Excerpt::of(line))),
    }
}

/// The arguments of a command, up to the flush that ends the request.
#[derive(Debug)]
pub(super) struct Arguments<'a> {
    reader: Reader<'a>,
}

impl<'a> Arguments<'a> {
    pub(super) const fn new(reader: Reader<'a>) -> Self {
        Self { reader }
    }

    /// The next argument, without its line feed; `None` at the flush.
    pub(super) fn next(&mut self) -> Result<Option<&'a [u8]>, RequestError> {
        match self.reader.read()? {
            Packet::Line(line) => Ok(Some(line)),
            Packet::Flush => Ok(None),
            packet => Err(RequestError::unexpected(&packet)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{PktLineError, write_delimiter, write_flush, write_line};

    const LIMITS: RequestLimits =
        RequestLimits { n_wants_max: 9, n_haves_max: 9, n_shallow_max: 9, n_ref_prefixes_max: 9 };

    fn parse(keys: &[&str]) -> Result<Option<Command>, RequestError> {
        let mut body = Vec::new();
        for key in keys {
            write_line(&mut body, &[key.as_bytes()]);
        }
        write_flush(&mut body);
        Command::parse(&body, &LIMITS)
    }

    #[test]
    fn a_command_may_come_without_arguments_and_anywhere_among_the_capabilities() {
        let request = parse(&["agent=git/2.47", "command=ls-refs", "object-format=sha1", "server-option=x=y"]);
        assert_eq!(request, Ok(Some(Command::LsRefs(LsRefs::default()))));
    }

    #[test]
    fn a_flush_alone_asks_for_nothing() {
        assert_eq!(parse(&[]), Ok(None));
        assert_eq!(Command::parse(b"", &LIMITS), Ok(None));
    }

    #[test]
    fn what_this_server_does_not_know_is_refused_by_name() {
        let refused = |keys: &[&str]| parse(keys).unwrap_err().to_string();
        assert_eq!(refused(&["command=bundle-uri"]), "invalid command 'bundle-uri'");
        assert_eq!(refused(&["command=ls-refs=x"]), "invalid command 'ls-refs=x'");
        assert_eq!(refused(&["command=fetch", "command=ls-refs"]), "command 'ls-refs' requested after another command");
        assert_eq!(refused(&["command=fetch", "session-id=1"]), "unknown capability 'session-id=1'");
        assert_eq!(refused(&["agent=git"]), "no command requested");
        assert_eq!(
            refused(&["command=fetch", "object-format=sha256"]),
            "mismatched object format: server sha1; client sha256"
        );
    }

    #[test]
    fn a_request_that_stops_midway_is_refused() {
        assert_eq!(Command::parse(b"0014command=ls-refs\n", &LIMITS), Err(RequestError::UnexpectedEnd));
        assert_eq!(Command::parse(b"0014command=ls-refs\n0001", &LIMITS), Err(RequestError::UnexpectedEnd));
        assert_eq!(
            Command::parse(b"0014command=ls", &LIMITS),
            Err(RequestError::PktLine(PktLineError::Truncated { n_missing: 6 }))
        );
    }

    #[test]
    fn a_second_delimiter_is_refused() {
        let mut body = Vec::new();
        write_line(&mut body, &[b"command=ls-refs"]);
        write_delimiter(&mut body);
        write_delimiter(&mut body);
        assert_eq!(Command::parse(&body, &LIMITS), Err(RequestError::UnexpectedPacket("delimiter")));
    }
}
