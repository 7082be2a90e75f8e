//! Requests and answers with bytes changed, taken out and put in: something is read or an error is given, never a panic,
//! and the same in any chunks.

use std::num::NonZeroU32;

use git_core::ObjectId;
use git_core::pkt_line::{Band, SideBand, write_band, write_flush, write_line};
use git_core::protocol::client::{
    self, Capabilities, Discovery, DiscoveryResponse, Event, FetchResponse, LsRefsResponse, RemoteLimits,
};
use git_core::protocol::command::Command;
use git_core::protocol::fetch::{FetchRequest, ShallowUpdate};
use git_core::protocol::push::{Fed, PushLimits, PushParser};
use git_core::protocol::{Ref, Refs, RequestLimits, Service, Version, advertise};
use git_core::refs::{BranchName, RefName};

const LIMITS: RequestLimits = RequestLimits { n_wants_max: 2, n_haves_max: 2, n_shallow_max: 2, n_ref_prefixes_max: 2 };
const REMOTE_LIMITS: RemoteLimits =
    RemoteLimits { n_refs_max: 3, ref_name_len_max: 20, n_shallow_max: 2, text_len_max: 20 };
const ONES: &str = "1111111111111111111111111111111111111111";
const TWOS: &str = "2222222222222222222222222222222222222222";

/// A request or an answer of lines; an empty one is a flush.
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

/// Variants of `input`, each with up to four small changes.
fn variants(input: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let mut state: usize = 1;
    let mut below = move |bound: usize| {
        state = state.wrapping_mul(1_103_515_245).wrapping_add(12345) & 0x7fff_ffff;
        (state >> 8) % bound
    };
    (0..4000).map(move |_| {
        let mut bytes = input.to_vec();
        for _ in 0..=below(4) {
            let at = below(bytes.len());
            match below(4) {
                0 => bytes[at] ^= 1 << below(8),
                1 => drop(bytes.drain(at..(at + below(9)).min(bytes.len()))),
                2 => bytes.insert(at, b"0\n\0 f"[below(5)]),
                _ => bytes.truncate(at + 1),
            }
            bytes.push(b'0');
        }
        bytes
    })
}

/// What became of a push that arrives in chunks of `chunk_len` bytes.
fn feed(input: &[u8], chunk_len: usize) -> String {
    let limits =
        PushLimits { n_commands_max: 2, n_shallow_max: 1, line_len_max: 300, n_options_max: 2, options_len_max: 100 };
    let mut parser = PushParser::new(limits);
    for (nth, chunk) in input.chunks(chunk_len).enumerate() {
        match parser.feed(chunk) {
            Ok(Fed::NeedMore(more)) => parser = more,
            Ok(Fed::Done(head, used)) => return format!("{head:?} in {} bytes", nth * chunk_len + used),
            Err(error) => return error.to_string(),
        }
    }
    "more".to_owned()
}

#[test]
fn a_broken_push_is_read_the_same_in_any_chunks() {
    let shallow = format!("shallow {ONES}");
    let first = format!("{ONES} {TWOS} refs/heads/main\0report-status atomic push-options agent=git/2");
    let second = format!("{TWOS} {ONES} refs/heads/b");
    let input = body(&[&shallow, &first, &second, "", "an option", "", "no line of this"]);
    assert!(feed(&input, input.len()).starts_with("PushHead"));
    for bytes in variants(&input) {
        let whole = feed(&bytes, bytes.len());
        for chunk_len in [1, 3, 64] {
            assert_eq!(feed(&bytes, chunk_len), whole, "{}", bytes.escape_ascii());
        }
    }
}

#[test]
fn a_broken_fetch_in_version_0_is_refused_or_answered() {
    let (first, second) = (format!("want {ONES} no-done multi_ack"), format!("want {TWOS}"));
    let input = body(&[&first, &second, "", &format!("have {TWOS}"), "done"]);
    assert!(FetchRequest::parse_version_0(&input, &LIMITS).is_ok());
    for bytes in variants(&input) {
        if let Ok(request) = FetchRequest::parse_version_0(&bytes, &LIMITS) {
            assert!(request.wants.len() <= 2 && request.haves.len() <= 2);
            request.answer(&ShallowUpdate::default(), |_| true, |_| true);
        }
    }
}

#[test]
fn a_broken_fetch_in_version_2_is_refused_or_answered() {
    let mut input = body(&["command=fetch", "agent=git/2"]);
    input.extend_from_slice(b"0001");
    input.extend(body(&["thin-pack", &format!("want {ONES}"), &format!("have {TWOS}"), ""]));
    assert!(matches!(Command::parse(&input, &LIMITS), Ok(Some(Command::Fetch(_)))));
    for bytes in variants(&input) {
        if let Ok(Some(Command::Fetch(request))) = Command::parse(&bytes, &LIMITS) {
            assert!(request.wants.len() <= 2 && request.haves.len() <= 2);
            request.answer(&ShallowUpdate::default(), |_| true, |_| true);
        }
    }
}

#[test]
fn a_broken_name_is_a_name_or_not() {
    for bytes in variants("refs/heads/ü/@".as_bytes()) {
        if let Ok(name) = RefName::parse(&bytes, 15) {
            assert!(name.as_str().len() <= 15);
        }
        if let Ok(branch) = BranchName::parse(&String::from_utf8_lossy(&bytes), 100) {
            assert!(branch.as_ref_name().as_str().len() <= 100);
        }
    }
}

/// What our own server says first.
fn advertisement(version: Version) -> Vec<u8> {
    let id = ObjectId::from_bytes([0x11; 20]);
    let refs =
        [Ref { name: "refs/heads/a", id, peeled_id: None }, Ref { name: "refs/tags/b", id, peeled_id: Some(id) }];
    let mut out = Vec::new();
    let refs = Refs { head_target: "refs/heads/a", sorted: &refs };
    advertise::write(&mut out, (Service::UploadPack, version), &refs, &[id], "server/1");
    out
}

#[test]
fn a_broken_advertisement_is_refused_or_read_the_same_in_any_chunks() {
    for version in [Version::V0, Version::V1, Version::V2] {
        let input = advertisement(version);
        assert!(Discovery::parse(&input, &REMOTE_LIMITS).is_ok());
        for bytes in variants(&input) {
            let whole = Discovery::parse(&bytes, &REMOTE_LIMITS);
            for chunk_len in [1, 3, 100] {
                let mut response = DiscoveryResponse::new(REMOTE_LIMITS);
                let pushed = bytes.chunks(chunk_len).try_for_each(|chunk| response.push(chunk));
                assert_eq!(pushed.and_then(|()| response.finish()), whole, "{}", bytes.escape_ascii());
            }
            if let Ok(told) = whole {
                let refs = told.refs.unwrap_or_default();
                assert!(refs.refs.len() + refs.n_left_out <= 3 && told.shallow.len() <= 2);
            }
        }
    }
}

#[test]
fn a_broken_list_of_refs_is_read_the_same_in_any_chunks() {
    let head = format!("{ONES} HEAD symref-target:refs/heads/a");
    let tag = format!("{TWOS} refs/tags/v1 peeled:{ONES}");
    let input = body(&[&head, &format!("{ONES} refs/heads/a"), &tag, ""]);
    let read = |bytes: &[u8], chunk_len| {
        let mut response = LsRefsResponse::new(REMOTE_LIMITS);
        bytes.chunks(chunk_len).try_for_each(|chunk| response.push(chunk))?;
        response.finish()
    };
    assert!(read(&input, input.len()).is_ok());
    for bytes in variants(&input) {
        let whole = read(&bytes, bytes.len());
        for chunk_len in [1, 3, 64] {
            assert_eq!(read(&bytes, chunk_len), whole, "{}", bytes.escape_ascii());
        }
    }
}

/// What an answer in chunks of `chunk_len` bytes says before it ends or is refused, byte by byte.
fn read_fetch(mut response: FetchResponse, input: &[u8], chunk_len: usize) -> Vec<String> {
    let mut told = Vec::new();
    for mut chunk in input.chunks(chunk_len) {
        loop {
            match response.read(&mut chunk) {
                Ok(None) => break,
                Ok(Some(Event::PackData(bytes))) => told.extend(bytes.iter().map(|byte| format!("pack {byte}"))),
                Ok(Some(Event::Progress(bytes))) => told.extend(bytes.iter().map(|byte| format!("progress {byte}"))),
                Ok(Some(event)) => told.push(format!("{event:?}")),
                Err(error) => {
                    told.push(error.to_string());
                    return told;
                }
            }
        }
    }
    told.push(format!("{:?}", response.finish()));
    told
}

#[test]
fn a_broken_pack_in_bands_is_read_the_same_in_any_chunks() {
    let shallow = format!("shallow {ONES}");
    let mut pack = Vec::new();
    for (band, data) in [(Band::Progress, b"half".repeat(9)), (Band::Data, b"PACK".repeat(20))] {
        write_band(&mut pack, SideBand::Large, band, &data);
    }
    let mut version_2 = body(&["shallow-info", &shallow]);
    version_2.extend_from_slice(b"0001");
    version_2.extend(body(&["packfile"]));
    for (version, before) in [(Version::V0, body(&[&shallow, "", "NAK"])), (Version::V2, version_2)] {
        let capabilities = Discovery::parse(&advertisement(version), &REMOTE_LIMITS).unwrap().capabilities;
        let request = client::FetchRequest { depth: NonZeroU32::new(1), ..client::FetchRequest::default() };
        for side_band in [capabilities.side_band, None] {
            let response = FetchResponse::new(&request, &Capabilities { side_band, ..capabilities }, 20);
            let input = [&before[..], &pack, b"0000"].concat();
            assert_eq!(read_fetch(response.clone(), &input, input.len()).last().map(String::as_str), Some("Ok(())"));
            for bytes in variants(&input).take(2000) {
                let whole = read_fetch(response.clone(), &bytes, bytes.len());
                for chunk_len in [1, 3, 64] {
                    let told = read_fetch(response.clone(), &bytes, chunk_len);
                    assert_eq!(told, whole, "{}", bytes.escape_ascii());
                }
            }
        }
    }
}
