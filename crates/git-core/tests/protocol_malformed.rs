//! Requests with bytes changed, taken out and put in: an answer or an error, never a panic, and the same in any chunks.

use git_core::pkt_line::{write_flush, write_line};
use git_core::protocol::RequestLimits;
use git_core::protocol::command::Command;
use git_core::protocol::fetch::{FetchRequest, ShallowUpdate};
use git_core::protocol::push::{Fed, PushLimits, PushParser};
use git_core::refs::{BranchName, RefName};

const LIMITS: RequestLimits = RequestLimits { n_wants_max: 2, n_haves_max: 2, n_shallow_max: 2, n_ref_prefixes_max: 2 };
const ONES: &str = "1111111111111111111111111111111111111111";
const TWOS: &str = "2222222222222222222222222222222222222222";

/// A request of lines; an empty one is a flush.
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
