//! The answer to `GET info/refs`: what is here and what can be done with it. Source: gitprotocol-http(5), "Discovering
//! References"; gitprotocol-pack(5), "Reference Discovery"; gitprotocol-v2(5), "Capability Advertisement".

use super::{Ref, Refs, Service, Version, capabilities};
use crate::ObjectId;
use crate::pkt_line::{write_flush, write_line};

/// Appends the whole answer for the service to a client that asks for the version. `shallow` are the commits at which the
/// history ends, `agent` is this server's name and version, without spaces.
pub fn write(
    out: &mut Vec<u8>,
    (service, version): (Service, Version),
    refs: &Refs<'_>,
    shallow: &[ObjectId],
    agent: &str,
) {
    let version = version.for_service(service);
    if version == Version::V2 {
        return write_version_2(out, agent);
    }
    write_line(out, &[b"# service=", service.name().as_bytes()]);
    write_flush(out);
    if version == Version::V1 {
        write_line(out, &[b"version 1"]);
    }
    let mut refs_out = RefLines { out, capabilities: Some(capability_list(service, refs, agent)) };
    match service {
        Service::UploadPack => {
            refs.head().iter().chain(refs.sorted).for_each(|entry| refs_out.write_with_peeled(entry));
        }
        Service::ReceivePack => refs.sorted.iter().for_each(|entry| refs_out.write(entry.id, &[entry.name])),
    }
    refs_out.finish();
    for id in shallow {
        write_line(out, &[b"shallow ", id.to_hex().as_bytes()]);
    }
    write_flush(out);
}

/// Version 2 says nothing of refs: they are asked for by `ls-refs`. The line that names the service is left out, as
/// git-http-backend(1) does.
fn write_version_2(out: &mut Vec<u8>, agent: &str) {
    write_line(out, &[b"version 2"]);
    write_line(out, &[b"agent=", agent.as_bytes()]);
    for capability in capabilities::VERSION_2 {
        write_line(out, &[capability.as_bytes()]);
    }
    write_flush(out);
}

fn capability_list(service: Service, refs: &Refs<'_>, agent: &str) -> String {
    let known = match service {
        Service::UploadPack => capabilities::UPLOAD_PACK,
        Service::ReceivePack => capabilities::RECEIVE_PACK,
    };
    let mut list = known.join(" ");
    if service == Service::UploadPack && refs.head().is_some() {
        list.push_str(" symref=HEAD:");
        list.push_str(refs.head_target);
    }
    list.push_str(" agent=");
    list.push_str(agent);
    list
}

/// Lines of refs, the first of which carries the capabilities.
struct RefLines<'a> {
    out: &'a mut Vec<u8>,
    capabilities: Option<String>,
}

impl RefLines<'_> {
    fn write(&mut self, id: ObjectId, name: &[&str]) {
        self.write_hex(&id.to_hex(), name);
    }

    fn write_with_peeled(&mut self, entry: &Ref<'_>) {
        self.write(entry.id, &[entry.name]);
        if let Some(peeled_id) = entry.peeled_id {
            self.write(peeled_id, &[entry.name, "^{}"]);
        }
    }

    /// Without refs the capabilities stand on a line of their own.
    fn finish(mut self) {
        if self.capabilities.is_some() {
            self.write_hex(ObjectId::ZERO_HEX, &["capabilities^{}"]);
        }
    }

    fn write_hex(&mut self, hex: &str, name: &[&str]) {
        let capabilities = self.capabilities.take();
        let mut parts = vec![hex.as_bytes(), b" "];
        parts.extend(name.iter().map(|part| part.as_bytes()));
        if let Some(list) = &capabilities {
            parts.extend([b"\0".as_slice(), list.as_bytes()]);
        }
        write_line(self.out, &parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{Packet, Reader};

    const MAIN: Ref<'_> = Ref { name: "refs/heads/main", id: ObjectId::from_bytes([0x11; 20]), peeled_id: None };
    const TAG: Ref<'_> = Ref {
        name: "refs/tags/v1",
        id: ObjectId::from_bytes([0x22; 20]),
        peeled_id: Some(ObjectId::from_bytes([0x11; 20])),
    };

    fn lines(service: Service, version: Version, refs: &Refs<'_>) -> Vec<String> {
        let mut out = Vec::new();
        write(&mut out, (service, version), refs, &[], "server/1");
        let mut reader = Reader::new(&out);
        let mut lines = Vec::new();
        loop {
            match reader.read().unwrap() {
                Packet::Line(line) => lines.push(String::from_utf8(line.to_vec()).unwrap()),
                Packet::Flush => lines.push("0000".to_owned()),
                Packet::End => return lines,
                other => panic!("{other:?}"),
            }
        }
    }

    #[test]
    fn a_fetch_is_told_head_first_and_what_tags_are_of() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[MAIN, TAG] };
        let (ones, twos) = ("11".repeat(20), "22".repeat(20));
        assert_eq!(
            lines(Service::UploadPack, Version::V0, &refs),
            [
                "# service=git-upload-pack".to_owned(),
                "0000".to_owned(),
                format!(
                    "{ones} HEAD\0multi_ack thin-pack side-band side-band-64k ofs-delta no-progress include-tag \
                     multi_ack_detailed allow-tip-sha1-in-want allow-reachable-sha1-in-want no-done shallow \
                     deepen-since deepen-not deepen-relative filter \
                     object-format=sha1 symref=HEAD:refs/heads/main agent=server/1"
                ),
                format!("{ones} refs/heads/main"),
                format!("{twos} refs/tags/v1"),
                format!("{ones} refs/tags/v1^{{}}"),
                "0000".to_owned(),
            ]
        );
    }

    #[test]
    fn a_push_is_told_refs_alone_and_version_1_says_so() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[MAIN, TAG] };
        assert_eq!(
            lines(Service::ReceivePack, Version::V1, &refs),
            [
                "# service=git-receive-pack".to_owned(),
                "0000".to_owned(),
                "version 1".to_owned(),
                format!(
                    "{} refs/heads/main\0report-status report-status-v2 delete-refs side-band-64k quiet atomic \
                     ofs-delta push-options object-format=sha1 agent=server/1",
                    "11".repeat(20)
                ),
                format!("{} refs/tags/v1", "22".repeat(20)),
                "0000".to_owned(),
            ]
        );
    }

    #[test]
    fn a_shallow_repo_says_where_its_history_ends() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[MAIN] };
        let ends = [MAIN.id, ObjectId::from_bytes([0x33; 20])];
        let told = |service, version| {
            let mut out = Vec::new();
            write(&mut out, (service, version), &refs, &ends, "server/1");
            String::from_utf8(out).unwrap()
        };
        let lines = format!("0035shallow {}\n0035shallow {}\n0000", ends[0], ends[1]);
        for service in [Service::UploadPack, Service::ReceivePack] {
            for version in [Version::V0, Version::V1] {
                assert!(told(service, version).ends_with(&lines), "{}", told(service, version));
            }
        }
        assert!(!told(Service::UploadPack, Version::V2).contains("shallow 11"));
    }

    #[test]
    fn an_empty_repo_has_capabilities_all_the_same() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[] };
        for service in [Service::UploadPack, Service::ReceivePack] {
            let lines = lines(service, Version::V0, &refs);
            let Some((name, list)) = lines[2].split_once('\0') else { panic!("{lines:?}") };
            assert_eq!(name, format!("{} capabilities^{{}}", ObjectId::ZERO_HEX));
            assert!(!list.contains("symref"));
            assert_eq!(lines.len(), 4);
        }
    }

    #[test]
    fn version_2_lists_capabilities_and_no_refs() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[MAIN] };
        assert_eq!(
            lines(Service::UploadPack, Version::V2, &refs),
            [
                "version 2",
                "agent=server/1",
                "ls-refs=unborn",
                "fetch=shallow wait-for-done filter ref-in-want sideband-all",
                "server-option",
                "object-format=sha1",
                "object-info=size",
                "0000"
            ]
        );
    }

    #[test]
    fn a_push_in_version_2_is_answered_in_version_0() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[MAIN] };
        assert_eq!(lines(Service::ReceivePack, Version::V2, &refs), lines(Service::ReceivePack, Version::V0, &refs));
    }
}
