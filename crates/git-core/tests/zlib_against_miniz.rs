//! Streams, sound and broken, as another inflater reads them: we must agree on every verdict, whatever the chunks.

use git_core::zlib::{CorruptStream, Inflater, Stop, deflate};
use miniz_oxide::deflate::compress_to_vec_zlib;
use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{DecompressorOxide, decompress, inflate_flags};

/// Room for what a broken stream may inflate to; sound ones here are far shorter.
const OUT_LEN: usize = 1 << 16;

/// What became of a stream.
#[derive(Debug, PartialEq, Eq)]
enum Verdict {
    Ends { used: usize, plain: Vec<u8> },
    GoesOn,
    Corrupt,
}

fn ours(inflater: &mut Inflater, stream: &[u8], chunk_len: usize) -> Verdict {
    inflater.reset();
    let (mut out, mut used, mut out_len) = (vec![0; OUT_LEN], 0, 0);
    for chunk in stream.chunks(chunk_len) {
        match inflater.inflate(chunk, &mut out) {
            Err(CorruptStream) => return Verdict::Corrupt,
            Ok(done) => {
                (used, out_len) = (used + done.used, out_len + done.output.len());
                match done.stop {
                    Stop::End => {
                        out.truncate(out_len);
                        return Verdict::Ends { used, plain: out };
                    }
                    Stop::Output => return Verdict::GoesOn,
                    Stop::Input => assert_eq!(done.used, chunk.len()),
                }
            }
        }
    }
    Verdict::GoesOn
}

fn theirs(stream: &[u8]) -> Verdict {
    let flags = inflate_flags::TINFL_FLAG_PARSE_ZLIB_HEADER
        | inflate_flags::TINFL_FLAG_HAS_MORE_INPUT
        | inflate_flags::TINFL_FLAG_COMPUTE_ADLER32
        | inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
    let mut out = vec![0; OUT_LEN];
    let (status, used, out_len) = decompress(&mut DecompressorOxide::new(), stream, &mut out, 0, flags);
    match status {
        TINFLStatus::Done => {
            out.truncate(out_len);
            Verdict::Ends { used, plain: out }
        }
        TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => Verdict::GoesOn,
        _ => Verdict::Corrupt,
    }
}

fn noise(len: u32) -> Vec<u8> {
    (0..len).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect()
}

/// Contents whose streams have stored, fixed and dynamic blocks, short and far matches.
fn contents() -> Vec<Vec<u8>> {
    let lines = (0..400).flat_map(|n| format!("line {n} of many: {}\n", n * n % 97).into_bytes()).collect();
    let far = [noise(2000), vec![0; 30_000], noise(2000)].concat();
    vec![Vec::new(), b"a".to_vec(), b"abcabcabcabc".repeat(20), noise(700), lines, far]
}

fn streams() -> Vec<Vec<u8>> {
    let by_us = contents().into_iter().map(|content| deflate(&content));
    let by_them =
        contents().into_iter().flat_map(|content| [0, 1, 6, 9].map(|level| compress_to_vec_zlib(&content, level)));
    by_us.chain(by_them).collect()
}

/// What follows a stream in a pack: enough that a broken one is found out, which one inflater may do earlier than another.
fn followed(stream: &[u8]) -> Vec<u8> {
    [stream, &noise(1000)].concat()
}

/// The verdict on a stream, which is ours in any chunks.
fn check(inflater: &mut Inflater, stream: &[u8]) -> Verdict {
    let expected = theirs(stream);
    for chunk_len in [stream.len().max(1), 13, 1] {
        let actual = ours(inflater, stream, chunk_len);
        // A block whose code has no word for its end is refused at once, as zlib does; miniz reads on for ever.
        let is_endless = (&actual, &expected) == (&Verdict::Corrupt, &Verdict::GoesOn);
        assert!(actual == expected || is_endless, "in chunks of {chunk_len}: {stream:02x?}\n{actual:?}\n{expected:?}");
    }
    expected
}

#[test]
fn sound_streams_inflate_to_what_was_deflated() {
    let mut inflater = Inflater::default();
    let plains = contents().into_iter().chain(contents().into_iter().flat_map(|content| vec![content; 4]));
    for (stream, plain) in streams().iter().zip(plains) {
        assert_eq!(check(&mut inflater, &followed(stream)), Verdict::Ends { used: stream.len(), plain });
    }
}

#[test]
fn a_stream_cut_off_anywhere_goes_on() {
    let mut inflater = Inflater::default();
    for stream in streams() {
        for len in places(&stream) {
            for chunk_len in [len.max(1), 13, 1] {
                assert_eq!(ours(&mut inflater, &stream[..len], chunk_len), Verdict::GoesOn);
            }
        }
    }
}

#[test]
fn a_flipped_byte_anywhere_is_judged_alike() {
    let (mut inflater, mut n_corrupt, mut n) = (Inflater::default(), 0, 0);
    for stream in streams() {
        for at in places(&stream) {
            for flip in [0x01, 0x20, 0xff] {
                let mut broken = followed(&stream);
                broken[at] ^= flip;
                n_corrupt += usize::from(check(&mut inflater, &broken) == Verdict::Corrupt);
                n += 1;
            }
        }
    }
    assert!(n_corrupt * 10 > n * 9, "{n_corrupt} of {n} are corrupt");
}

/// All places near the ends of a stream, where headers and checksum are, and some between.
fn places(stream: &[u8]) -> impl Iterator<Item = usize> {
    let len = stream.len();
    (0..len).filter(move |at| *at < 60 || len - at < 8 || at % 211 == 0)
}
