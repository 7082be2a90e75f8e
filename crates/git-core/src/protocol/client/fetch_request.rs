//! What is asked of a server that sends a pack. Source: gitprotocol-pack(5), "Packfile Negotiation"; gitprotocol-v2(5),
//! "fetch".
//!
//! `no-progress` is absent: a server that tells how far it is shows that it is alive.

use core::num::NonZeroU32;

use super::ls_refs::write_command;
use super::{Capabilities, RemoteError};
use crate::ObjectId;
use crate::pkt_line::{SideBand, write_flush, write_line};
use crate::protocol::Version;
use crate::protocol::fetch::MultiAck;

/// A request for a pack, complete in itself: there is no second round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct FetchRequest<'a> {
    /// Objects to be sent; at least one. Servers may refuse what no ref of theirs points at.
    pub wants: &'a [ObjectId],
    /// Objects that are here, with all they reach, and need not be sent.
    pub haves: &'a [ObjectId],
    /// Commits that are here without their parents.
    pub shallow: &'a [ObjectId],
    /// How many commits deep history shall be, `None` for all of it.
    pub depth: Option<NonZeroU32>,
    /// Annotated tags of what is sent shall be sent too, if the server can.
    pub include_tag: bool,
}

impl FetchRequest<'_> {
    /// Appends the whole request, in the server's version. `agent` is this client's name and version, without spaces.
    ///
    /// Fails, with nothing appended, when nothing is wanted, and when ends of history matter and the server cannot have
    /// any.
    pub fn write(&self, out: &mut Vec<u8>, capabilities: &Capabilities, agent: &str) -> Result<(), RemoteError> {
        if self.wants.is_empty() {
            return Err(RemoteError::NothingWanted);
        }
        if !capabilities.shallow && (self.depth.is_some() || !self.shallow.is_empty()) {
            return Err(RemoteError::NotOffered("shallow"));
        }
        match capabilities.version {
            Version::V0 | Version::V1 => self.write_version_0(out, capabilities, agent),
            Version::V2 => self.write_version_2(out, capabilities, agent),
        }
        Ok(())
    }

    fn write_version_2(&self, out: &mut Vec<u8>, capabilities: &Capabilities, agent: &str) {
        write_command(out, "fetch", capabilities, agent);
        write_line(out, &[b"ofs-delta"]);
        if self.include_tag {
            write_line(out, &[b"include-tag"]);
        }
        write_ids(out, b"want ", self.wants);
        self.write_depth(out);
        write_ids(out, b"have ", self.haves);
        write_line(out, &[b"done"]);
        write_flush(out);
    }

    /// How haves are acknowledged makes no difference here, but Azure DevOps refuses who does not say `multi_ack`.
    fn write_version_0(&self, out: &mut Vec<u8>, capabilities: &Capabilities, agent: &str) {
        let mut list = String::new();
        match capabilities.multi_ack {
            MultiAck::Detailed => list.push_str(" multi_ack_detailed"),
            MultiAck::Continue => list.push_str(" multi_ack"),
            MultiAck::None => {}
        }
        match capabilities.side_band {
            Some(SideBand::Large) => list.push_str(" side-band-64k"),
            Some(SideBand::Small) => list.push_str(" side-band"),
            None => {}
        }
        if capabilities.ofs_delta {
            list.push_str(" ofs-delta");
        }
        if self.include_tag && capabilities.include_tag {
            list.push_str(" include-tag");
        }
        if capabilities.agent {
            list.push_str(" agent=");
            list.push_str(agent);
        }
        if let Some((first, others)) = self.wants.split_first() {
            write_line(out, &[b"want ", first.to_hex().as_bytes(), list.as_bytes()]);
            write_ids(out, b"want ", others);
        }
        self.write_depth(out);
        write_flush(out);
        write_ids(out, b"have ", self.haves);
        write_line(out, &[b"done"]);
    }

    fn write_depth(&self, out: &mut Vec<u8>) {
        write_ids(out, b"shallow ", self.shallow);
        if let Some(depth) = self.depth {
            write_line(out, &[b"deepen ", depth.to_string().as_bytes()]);
        }
    }
}

fn write_ids(out: &mut Vec<u8>, keyword: &[u8], ids: &[ObjectId]) {
    for id in ids {
        write_line(out, &[keyword, id.to_hex().as_bytes()]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::RequestLimits;
    use crate::protocol::command::Command;
    use crate::protocol::fetch;

    const IDS: [ObjectId; 4] = [
        ObjectId::from_bytes([0x11; 20]),
        ObjectId::from_bytes([0x22; 20]),
        ObjectId::from_bytes([0x33; 20]),
        ObjectId::from_bytes([0x44; 20]),
    ];
    const ALL: Capabilities = Capabilities {
        version: Version::V0,
        side_band: Some(SideBand::Large),
        multi_ack: MultiAck::Detailed,
        ofs_delta: true,
        include_tag: true,
        shallow: true,
        filter: true,
        unborn: true,
        agent: true,
        object_format: true,
    };
    const FULL: FetchRequest<'_> = FetchRequest {
        wants: IDS.split_at(2).0,
        haves: IDS.split_at(3).1,
        shallow: IDS.split_at(3).1,
        depth: NonZeroU32::new(7),
        include_tag: true,
    };

    fn written(request: &FetchRequest<'_>, capabilities: &Capabilities) -> String {
        let mut out = Vec::new();
        request.write(&mut out, capabilities, "client/1").unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn version_0_uses_what_the_server_offers() {
        let [ones, twos, _, fours] = IDS;
        assert_eq!(
            written(&FULL, &ALL),
            format!(
                "0078want {ones} multi_ack_detailed side-band-64k ofs-delta include-tag agent=client/1\n0032want {twos}\n\
                 0035shallow {fours}\n000ddeepen 7\n00000032have {fours}\n0009done\n"
            )
        );
        let one = FetchRequest { wants: &IDS[..1], include_tag: true, ..FetchRequest::default() };
        let small = Capabilities {
            side_band: Some(SideBand::Small),
            multi_ack: MultiAck::Continue,
            ..Capabilities::none(Version::V1)
        };
        assert_eq!(written(&one, &small), format!("0046want {ones} multi_ack side-band\n00000009done\n"));
        assert_eq!(written(&one, &Capabilities::none(Version::V0)), format!("0032want {ones}\n00000009done\n"));
    }

    #[test]
    fn version_2_is_a_command() {
        let [ones, twos, _, fours] = IDS;
        let version_2 = Capabilities { version: Version::V2, ..ALL };
        assert_eq!(
            written(&FULL, &version_2),
            format!(
                "0012command=fetch\n0013agent=client/1\n0017object-format=sha1\n0001000eofs-delta\n0010include-tag\n\
                 0032want {ones}\n0032want {twos}\n0035shallow {fours}\n000ddeepen 7\n0032have {fours}\n0009done\n0000"
            )
        );
        let one = FetchRequest { wants: &IDS[..1], ..FetchRequest::default() };
        let plain = "0012command=fetch\n0001000eofs-delta\n";
        let expected = format!("{plain}0032want {ones}\n0009done\n0000");
        assert_eq!(written(&one, &Capabilities::none(Version::V2)), expected);
    }

    #[test]
    fn the_other_half_reads_what_was_meant() {
        let limits = RequestLimits { n_wants_max: 9, n_haves_max: 9, n_shallow_max: 9, n_ref_prefixes_max: 0 };
        let version_0 = fetch::FetchRequest::parse_version_0(written(&FULL, &ALL).as_bytes(), &limits).unwrap();
        let body = written(&FULL, &Capabilities { version: Version::V2, ..ALL });
        let Ok(Some(Command::Fetch(version_2))) = Command::parse(body.as_bytes(), &limits) else { panic!("no fetch") };
        for read in [version_0, version_2] {
            assert_eq!((&read.wants[..], &read.haves[..], &read.depth.shallow[..]), (&IDS[..2], &IDS[3..], &IDS[3..]));
            assert_eq!((read.depth.n_commits, read.side_band, read.end), (Some(7), ALL.side_band, fetch::End::Done));
            assert!(read.ofs_delta && read.include_tag && !read.thin_pack && !read.no_progress);
            assert_eq!((read.refusal, read.filter), (None, None));
        }
    }

    #[test]
    fn what_cannot_be_asked_is_not_asked() {
        let mut out = Vec::new();
        let nothing = FetchRequest { haves: &IDS, ..FetchRequest::default() };
        assert_eq!(nothing.write(&mut out, &ALL, "a"), Err(RemoteError::NothingWanted));
        let one = FetchRequest { wants: &IDS[..1], ..FetchRequest::default() };
        for version in [Version::V0, Version::V2] {
            for request in [FetchRequest { depth: NonZeroU32::new(1), ..one }, FetchRequest { shallow: &IDS, ..one }] {
                let refused = request.write(&mut out, &Capabilities { version, shallow: false, ..ALL }, "a");
                assert_eq!(refused, Err(RemoteError::NotOffered("shallow")));
            }
        }
        assert!(out.is_empty());
    }
}
