//! What a server says it can do, as far as a fetch makes use of it. Who it says it is makes no difference.
//! Source: gitprotocol-capabilities(5); gitprotocol-v2(5), "Capability Advertisement".

use super::RemoteError;
use crate::pkt_line::SideBand;
use crate::protocol::capabilities::{foreign_object_format, split};
use crate::protocol::fetch::MultiAck;
use crate::protocol::{Excerpt, Version};

/// What a server can do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "each is a flag of its own on the wire")]
pub struct Capabilities {
    /// The version that it speaks, and that requests have to be in.
    pub version: Version,
    /// The widest framing of packs that it knows; `None` is not at all.
    pub side_band: Option<SideBand>,
    /// Versions 0 and 1: how much it can tell of what is common.
    pub multi_ack: MultiAck,
    /// It can send deltas that name their base by distance.
    pub ofs_delta: bool,
    /// It can send annotated tags along with what they are of.
    pub include_tag: bool,
    /// It can send histories that end early.
    pub shallow: bool,
    /// It can leave objects out.
    pub filter: bool,
    /// It speaks of HEAD although its branch is not there.
    pub unborn: bool,
    /// It says who it is, and so may be told who asks.
    pub agent: bool,
    /// It says which object ids it has, and so may be told which are meant.
    pub object_format: bool,
}

impl Capabilities {
    /// A server of version 0 or 1 that says nothing.
    pub(super) const fn none(version: Version) -> Self {
        Self {
            version,
            side_band: None,
            multi_ack: MultiAck::None,
            ofs_delta: false,
            include_tag: false,
            shallow: false,
            filter: false,
            unborn: false,
            agent: false,
            object_format: false,
        }
    }

    /// A server of version 2 that says nothing more.
    pub(super) const fn of_version_2() -> Self {
        Self { side_band: Some(SideBand::Large), ofs_delta: true, include_tag: true, ..Self::none(Version::V2) }
    }

    /// Takes one of the lines after `version 2`.
    pub(super) fn take_version_2(&mut self, line: &[u8], commands: &mut Commands) -> Result<(), RemoteError> {
        let (key, value) = match line.iter().position(|byte| *byte == b'=') {
            Some(at) => (line.get(..at).unwrap_or_default(), line.get(at + 1..).unwrap_or_default()),
            None => (line, &b""[..]),
        };
        match key {
            b"ls-refs" => {
                commands.ls_refs = true;
                self.unborn = split(value).any(|feature| feature == b"unborn");
            }
            b"fetch" => {
                commands.fetch = true;
                self.shallow = split(value).any(|feature| feature == b"shallow");
                self.filter = split(value).any(|feature| feature == b"filter");
            }
            _ => self.take_any_version(line)?,
        }
        Ok(())
    }

    /// Takes one of the list after the first ref. Those that are not known make no difference.
    pub(super) fn take_version_0(&mut self, capability: &[u8]) -> Result<(), RemoteError> {
        match capability {
            b"side-band" => self.side_band = self.side_band.max(Some(SideBand::Small)),
            b"side-band-64k" => self.side_band = Some(SideBand::Large),
            b"multi_ack" => self.multi_ack = self.multi_ack.max(MultiAck::Continue),
            b"multi_ack_detailed" => self.multi_ack = MultiAck::Detailed,
            b"ofs-delta" => self.ofs_delta = true,
            b"include-tag" => self.include_tag = true,
            b"shallow" => self.shallow = true,
            b"filter" => self.filter = true,
            _ => self.take_any_version(capability)?,
        }
        Ok(())
    }

    /// Of several object formats the first is the one in which ids are told.
    fn take_any_version(&mut self, capability: &[u8]) -> Result<(), RemoteError> {
        if capability.starts_with(b"agent=") {
            self.agent = true;
        }
        if capability.starts_with(b"object-format=") && !self.object_format {
            if let Some(format) = foreign_object_format(capability) {
                return Err(RemoteError::ForeignObjectFormat(Excerpt::of(format)));
            }
            self.object_format = true;
        }
        Ok(())
    }
}

/// The commands of version 2 that a fetch takes, as far as a server has told that it has them.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Commands {
    ls_refs: bool,
    fetch: bool,
}

impl Commands {
    /// A server that lacks one is of no use.
    pub(super) fn check(self) -> Result<(), RemoteError> {
        match (self.ls_refs, self.fetch) {
            (true, true) => Ok(()),
            (false, _) => Err(RemoteError::NotOffered("ls-refs")),
            (_, false) => Err(RemoteError::NotOffered("fetch")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn version_2(lines: &[&'static str]) -> Result<Capabilities, RemoteError> {
        let (mut capabilities, mut commands) = (Capabilities::of_version_2(), Commands::default());
        lines.iter().try_for_each(|line| capabilities.take_version_2(line.as_bytes(), &mut commands))?;
        commands.check().map(|()| capabilities)
    }

    fn version_0(list: &str) -> Result<Capabilities, RemoteError> {
        let mut capabilities = Capabilities::none(Version::V0);
        split(list.as_bytes()).try_for_each(|capability| capabilities.take_version_0(capability))?;
        Ok(capabilities)
    }

    #[test]
    fn features_of_commands_are_told_apart() {
        let all =
            ["agent=git/2", "ls-refs=unborn", "fetch=shallow wait-for-done filter", "object-format=sha1", "new=x"];
        let told = version_2(&all).unwrap();
        assert!(told.unborn && told.shallow && told.filter && told.agent && told.object_format);
        let told = version_2(&["ls-refs=shallow", "fetch=unborn"]).unwrap();
        assert!(!(told.unborn || told.shallow || told.filter || told.agent || told.object_format));
        assert_eq!((told.side_band, told.ofs_delta, told.include_tag), (Some(SideBand::Large), true, true));
    }

    #[test]
    fn a_server_without_a_command_that_is_needed_is_refused() {
        assert_eq!(version_2(&["fetch"]), Err(RemoteError::NotOffered("ls-refs")));
        assert_eq!(version_2(&["ls-refs", "fetch-more"]), Err(RemoteError::NotOffered("fetch")));
    }

    #[test]
    fn of_two_of_a_kind_the_better_wins_whatever_the_order() {
        let told = |list| version_0(list).map(|told| (told.side_band, told.multi_ack)).unwrap();
        let best = (Some(SideBand::Large), MultiAck::Detailed);
        assert_eq!(told("side-band side-band-64k multi_ack multi_ack_detailed"), best);
        assert_eq!(told("side-band-64k side-band multi_ack_detailed multi_ack"), best);
        assert_eq!(told("side-band multi_ack"), (Some(SideBand::Small), MultiAck::Continue));
        assert_eq!(told("ofs-delta"), (None, MultiAck::None));
    }

    #[test]
    fn the_first_object_format_counts() {
        let foreign = RemoteError::ForeignObjectFormat(Excerpt::of(b"sha256"));
        assert_eq!(version_0("object-format=sha256 object-format=sha1"), Err(foreign.clone()));
        assert!(version_0("object-format=sha1 object-format=sha256").unwrap().object_format);
        assert_eq!(version_2(&["ls-refs", "fetch", "object-format=sha256"]), Err(foreign));
    }
}
