//! The answer to `GET info/refs?service=git-upload-pack`: what a server can do and, in versions 0 and 1, its refs.
//! Source: gitprotocol-http(5), "Discovering References"; gitprotocol-pack(5), "Reference Discovery";
//! gitprotocol-v2(5), "Capability Advertisement".

use super::capabilities::Commands;
use super::remote_refs::RefList;
use super::{Capabilities, RemoteError, RemoteLimits, RemoteRefs, line_or_flush};
use crate::ObjectId;
use crate::pkt_line::{HEADER_LEN, PacketStream};
use crate::protocol::{Excerpt, Service, Version, capabilities};

const SERVICE: &[u8] = b"# service=";
/// Of so many bytes it can be said whether they are packets, and if they are not, what is repeated of them.
const HEAD_LEN: usize = 128;

/// What a server tells first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Discovery {
    /// What it can do.
    pub capabilities: Capabilities,
    /// Its refs; `None` in version 2, where [`super::LsRefsRequest`] asks for them.
    pub refs: Option<RemoteRefs>,
    /// Commits at which its history ends. Version 2 tells them with the pack, and not here.
    pub shallow: Vec<ObjectId>,
}

impl Discovery {
    /// Reads the whole body of an answer.
    pub fn parse(body: &[u8], limits: &RemoteLimits) -> Result<Self, RemoteError> {
        let mut response = DiscoveryResponse::new(*limits);
        response.push(body)?;
        response.finish()
    }
}

/// Reads the answer from chunks of any size.
#[derive(Debug)]
pub struct DiscoveryResponse {
    /// The first bytes, until they are enough to tell whether these are packets.
    head: Option<Vec<u8>>,
    packets: PacketStream,
    told: Told,
}

impl DiscoveryResponse {
    /// A reader at the start of an answer.
    pub fn new(limits: RemoteLimits) -> Self {
        let capabilities = Capabilities::none(Version::V0);
        let told = Told { limits, at: At::Start, capabilities, list: RefList::new(limits), shallow: Vec::new() };
        Self { head: Some(Vec::new()), packets: PacketStream::new(), told }
    }

    /// Takes the next bytes.
    pub fn push(&mut self, chunk: &[u8]) -> Result<(), RemoteError> {
        let Some(head) = &mut self.head else { return self.read(chunk) };
        head.extend_from_slice(chunk);
        if head.len() < HEAD_LEN { Ok(()) } else { self.pass_head() }
    }

    /// Says that no more comes.
    pub fn finish(mut self) -> Result<Discovery, RemoteError> {
        self.pass_head()?;
        let n_missing = self.packets.n_missing();
        let Told { at, capabilities, list, shallow, .. } = self.told;
        match at {
            At::End if capabilities.version == Version::V2 => Ok(Discovery { capabilities, refs: None, shallow }),
            At::End => Ok(Discovery { capabilities, refs: Some(list.finish()), shallow }),
            _ => Err(RemoteError::Truncated { n_missing }),
        }
    }

    fn pass_head(&mut self) -> Result<(), RemoteError> {
        let Some(head) = self.head.take() else { return Ok(()) };
        refuse_other_protocols(head.get(..HEAD_LEN).unwrap_or(&head))?;
        self.read(&head)
    }

    fn read(&mut self, chunk: &[u8]) -> Result<(), RemoteError> {
        let mut rest = chunk;
        while !matches!(self.told.at, At::End) {
            let Some(packet) = self.packets.read(&mut rest)? else { return Ok(()) };
            self.told.take(line_or_flush(packet, self.told.limits.text_len_max)?)?;
        }
        if rest.is_empty() { Ok(()) } else { Err(RemoteError::TrailingBytes) }
    }
}

/// What has been told so far.
#[derive(Debug)]
struct Told {
    limits: RemoteLimits,
    at: At,
    capabilities: Capabilities,
    list: RefList,
    shallow: Vec<ObjectId>,
}

/// What the next line is.
#[derive(Debug, Clone, Copy)]
enum At {
    Start,
    /// Something that stands between the name of the service, which servers may leave out in version 2, and a flush.
    Service,
    /// The first line after that.
    First,
    Version2(Commands),
    /// The first ref, or a flush: older versions of Git say nothing at all of an empty repository.
    FirstRef,
    Ref,
    End,
}

impl Told {
    /// Takes the next line, `None` for a flush.
    fn take(&mut self, line: Option<&[u8]>) -> Result<(), RemoteError> {
        self.at = match (self.at, line) {
            (At::Start, Some(line)) if line.starts_with(SERVICE) => {
                if line.strip_prefix(SERVICE) != Some(Service::UploadPack.name().as_bytes()) {
                    return Err(RemoteError::UnexpectedLine(Excerpt::of(line)));
                }
                At::Service
            }
            (At::Service, Some(_)) => At::Service,
            (At::Service, None) => At::First,
            (At::Start | At::First, Some(b"version 2")) => {
                self.capabilities = Capabilities::of_version_2();
                At::Version2(Commands::default())
            }
            (At::Start | At::First, Some(b"version 1")) => {
                self.capabilities = Capabilities::none(Version::V1);
                At::FirstRef
            }
            (At::Version2(mut commands), Some(line)) => {
                self.capabilities.take_version_2(line, &mut commands)?;
                At::Version2(commands)
            }
            (At::Version2(commands), None) => {
                commands.check()?;
                At::End
            }
            (At::Start | At::First | At::FirstRef, Some(line)) => {
                let line = self.take_capabilities(line)?;
                self.take_ref(line)?;
                At::Ref
            }
            (At::Ref, Some(line)) => {
                self.take_ref(line)?;
                At::Ref
            }
            (_, None) | (At::End, _) => At::End,
        };
        Ok(())
    }

    /// Takes what follows the first ref, and returns that.
    fn take_capabilities<'a>(&mut self, line: &'a [u8]) -> Result<&'a [u8], RemoteError> {
        let Some(nul) = line.iter().position(|byte| *byte == 0) else { return Ok(line) };
        for capability in capabilities::split(line.get(nul + 1..).unwrap_or_default()) {
            self.capabilities.take_version_0(capability)?;
            if let Some(target) = capability.strip_prefix(b"symref=HEAD:") {
                self.list.set_head_target(target);
            }
        }
        Ok(line.get(..nul).unwrap_or_default())
    }

    fn take_ref(&mut self, line: &[u8]) -> Result<(), RemoteError> {
        let unexpected = || RemoteError::UnexpectedLine(Excerpt::of(line));
        if let Some(hex) = line.strip_prefix(b"shallow ") {
            let id = ObjectId::from_hex(hex).map_err(|_| unexpected())?;
            let n_max = self.limits.n_shallow_max;
            if self.shallow.len() >= n_max {
                return Err(RemoteError::TooMany { kind: "shallow", n_max });
            }
            self.shallow.push(id);
            return Ok(());
        }
        let (hex, name) = line.split_at_checked(ObjectId::HEX_LEN).ok_or_else(unexpected)?;
        let id = ObjectId::from_wire_hex(hex).map_err(|_| unexpected())?;
        let name = name.strip_prefix(b" ").ok_or_else(unexpected)?;
        if self.list.take_peeled(name, id) { Ok(()) } else { self.list.push(name, id, None) }
    }
}

/// Tells what is no packet, so that somebody who gave the URL of a page hears of that.
fn refuse_other_protocols(body: &[u8]) -> Result<(), RemoteError> {
    let line = body.trim_ascii_start().split(|byte| *byte == b'\n').next().unwrap_or_default();
    // The digits of an id may look like a packet's length, but in no packet does a tab follow them.
    let mut fields = line.splitn(2, |byte| *byte == b'\t');
    let id = fields.next().unwrap_or_default();
    let is_id = matches!(id.len(), 40 | 64) && id.iter().all(u8::is_ascii_hexdigit);
    if is_id && fields.next().is_some_and(|name| name.starts_with(b"refs/")) {
        return Err(RemoteError::DumbHttp);
    }
    let digits = body.get(..HEADER_LEN).unwrap_or(body);
    if digits.is_empty() || !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(RemoteError::NotGit(Excerpt::of(line)));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{PktLineError, SideBand, write_err, write_flush, write_line};
    use crate::protocol::client::RemoteText;

    const LIMITS: RemoteLimits =
        RemoteLimits { n_refs_max: 4, ref_name_len_max: 99, n_shallow_max: 1, text_len_max: 20 };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    /// An answer of lines; an empty one is a flush.
    fn body(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            match *line {
                "" => write_flush(&mut out),
                line => write_line(&mut out, &[line.as_bytes()]),
            }
        }
        out
    }

    fn parse(lines: &[&str]) -> Result<Discovery, RemoteError> {
        Discovery::parse(&body(lines), &LIMITS)
    }

    #[test]
    fn version_2_has_capabilities_and_no_refs() {
        let lines = ["version 2", "agent=git/2", "ls-refs=unborn", "fetch=shallow", "object-format=sha1", ""];
        let told = parse(&lines).unwrap();
        assert_eq!((told.capabilities.version, told.refs.as_ref()), (Version::V2, None));
        assert!(told.capabilities.unborn && told.capabilities.shallow && !told.capabilities.filter);
        let with_service = [&["# service=git-upload-pack", "more", ""][..], &lines].concat();
        assert_eq!(parse(&with_service), Ok(told));
    }

    #[test]
    fn version_0_has_refs_and_capabilities_on_the_first() {
        let list = "HEAD\0side-band-64k ofs-delta symref=HEAD:refs/heads/main agent=git/2";
        let (ones, twos) = (id(1), id(2));
        let lines = [
            &format!("{ones} {list}"),
            &format!("{ones} refs/heads/main"),
            &format!("{twos} refs/tags/v1"),
            &format!("{ones} refs/tags/v1^{{}}"),
            &format!("shallow {ones}"),
            "",
        ];
        for (service, version) in [
            (&[][..], Version::V0),
            (&["# service=git-upload-pack", ""], Version::V0),
            (&["# service=git-upload-pack", "", "version 1"], Version::V1),
        ] {
            let told = parse(&[service, &lines].concat()).unwrap();
            let expected = Capabilities {
                side_band: Some(SideBand::Large),
                ofs_delta: true,
                agent: true,
                ..Capabilities::none(version)
            };
            assert_eq!((told.capabilities, told.shallow), (expected, vec![ones]));
            let refs = told.refs.unwrap();
            let head = refs.head.unwrap();
            assert_eq!((head.target.unwrap().as_str(), head.id), ("refs/heads/main", Some(ones)));
            let kept: Vec<_> = refs.refs.iter().map(|one| (one.name.as_str(), one.id, one.peeled_id)).collect();
            assert_eq!(kept, [("refs/heads/main", ones, None), ("refs/tags/v1", twos, Some(ones))]);
        }
    }

    #[test]
    fn an_empty_repository_has_no_refs_and_perhaps_no_capabilities() {
        let dummy = format!("{} capabilities^{{}}\0side-band", ObjectId::ZERO_HEX);
        let told = parse(&["# service=git-upload-pack", "", &dummy, ""]).unwrap();
        assert_eq!((told.refs, told.capabilities.side_band), (Some(RemoteRefs::default()), Some(SideBand::Small)));
        let told = parse(&["# service=git-upload-pack", "", ""]).unwrap();
        assert_eq!((told.refs, told.capabilities), (Some(RemoteRefs::default()), Capabilities::none(Version::V0)));
    }

    #[test]
    fn a_detached_head_has_no_target_and_an_unborn_one_no_id() {
        let head = |lines: &[&str]| parse(lines).unwrap().refs.unwrap().head;
        let detached = head(&[&format!("{} HEAD\0ofs-delta", id(1)), ""]).unwrap();
        assert_eq!((detached.target, detached.id), (None, Some(id(1))));
        let unborn = head(&[&format!("{} refs/tags/a\0symref=HEAD:refs/heads/b", id(1)), ""]).unwrap();
        assert_eq!((unborn.target.unwrap().as_str(), unborn.id), ("refs/heads/b", None));
        assert_eq!(head(&[&format!("{} refs/tags/a\0", id(1)), ""]), None);
    }

    #[test]
    fn what_is_no_git_server_is_told_apart() {
        let parse = |body: &str| Discovery::parse(body.as_bytes(), &LIMITS);
        for page in ["<!DOCTYPE html>", "{}", "ok", "\n<html>\n", ""] {
            assert_eq!(parse(page), Err(RemoteError::NotGit(Excerpt::of(page.trim().as_bytes()))));
        }
        // These digits would be a length.
        let (ones, sha256) = ("00111111".repeat(5), "0011".repeat(16));
        assert_eq!(parse(&format!("{ones}\trefs/heads/main\n{ones}\trefs/x\n")), Err(RemoteError::DumbHttp));
        assert_eq!(parse(&format!("{sha256}\trefs/heads/main\n")), Err(RemoteError::DumbHttp));
    }

    #[test]
    fn the_remotes_own_words_are_told_in_the_place_of_any_line() {
        let refused = Err(RemoteError::Refused(RemoteText::clean(b"access denied", 20)));
        let before = [vec![], body(&["# service=git-upload-pack", ""]), body(&["version 2", "fetch"])];
        for mut answer in before {
            write_err(&mut answer, "access denied\n");
            assert_eq!(Discovery::parse(&answer, &LIMITS), refused);
        }
        let mut long = Vec::new();
        write_err(&mut long, &"x".repeat(1000));
        let Err(RemoteError::Refused(text)) = Discovery::parse(&long, &LIMITS) else { panic!("not refused") };
        assert_eq!(text.as_str().len(), 20);
    }

    #[test]
    fn other_object_ids_are_refused_before_they_are_read() {
        let foreign = Err(RemoteError::ForeignObjectFormat(Excerpt::of(b"sha256")));
        assert_eq!(parse(&[&format!("{} HEAD\0object-format=sha256", "ab".repeat(32)), ""]), foreign);
        assert_eq!(parse(&["version 2", "ls-refs", "fetch", "object-format=sha256", ""]), foreign);
    }

    #[test]
    fn more_than_allowed_is_refused() {
        let refs: Vec<String> = (1..=5).map(|n| format!("{} refs/heads/{n}", id(n))).collect();
        let lines: Vec<&str> = refs.iter().map(String::as_str).chain([""]).collect();
        assert_eq!(parse(&lines), Err(RemoteError::TooMany { kind: "ref", n_max: 4 }));
        let shallow = format!("shallow {}", id(1));
        assert_eq!(parse(&[&shallow, &shallow, ""]), Err(RemoteError::TooMany { kind: "shallow", n_max: 1 }));
    }

    #[test]
    fn an_answer_ends_with_its_flush_and_not_before_or_after() {
        let lines = ["version 2", "ls-refs", "fetch"];
        assert_eq!(parse(&lines), Err(RemoteError::Truncated { n_missing: HEADER_LEN }));
        assert_eq!(Discovery::parse(b"000eversion", &LIMITS), Err(RemoteError::Truncated { n_missing: 3 }));
        assert_eq!(Discovery::parse(b"000", &LIMITS), Err(RemoteError::Truncated { n_missing: 1 }));
        for more in [&["", ""][..], &["", "more"]] {
            assert_eq!(parse(&[&lines, more].concat()), Err(RemoteError::TrailingBytes));
        }
        assert_eq!(Discovery::parse(b"0000x", &LIMITS), Err(RemoteError::TrailingBytes));
    }

    #[test]
    fn what_means_nothing_is_refused_as_it_stands() {
        let no_id = format!("{} HEAD", "x".repeat(40));
        let no_space = format!("{}HEAD", id(1));
        for line in ["version 3", "short", &no_id, &no_space, "shallow 1", "# service=git-receive-pack"] {
            assert_eq!(parse(&[line, ""]), Err(RemoteError::UnexpectedLine(Excerpt::of(line.as_bytes()))));
        }
        assert_eq!(Discovery::parse(b"0001", &LIMITS), Err(RemoteError::UnexpectedPacket("delimiter")));
        assert_eq!(
            Discovery::parse(b"0003", &LIMITS),
            Err(RemoteError::PktLine(PktLineError::LengthOutOfRange { len: 3 }))
        );
    }
}
