//! Answers of `git upload-pack` cut into chunks, and cut off.

use core::num::NonZeroU32;

use git_core::ObjectId;
use git_core::protocol::client::{Discovery, FetchRequest, RemoteError};

use super::remote::{HEADERS, LIMITS, Remote, read_fetch, read_refs, repo_with_content};
use crate::git::Numbers;

/// `bytes` in chunks of up to `len_max` bytes each.
fn chunks<'a>(mut bytes: &'a [u8], len_max: usize, numbers: &mut Numbers) -> Vec<&'a [u8]> {
    let mut chunks = Vec::new();
    while !bytes.is_empty() {
        let (chunk, rest) = bytes.split_at(numbers.below(len_max.min(bytes.len()) + 1));
        chunks.push(chunk);
        bytes = rest;
    }
    chunks
}

fn main_id(remote: &Remote) -> [ObjectId; 1] {
    [remote.repo.git(&["rev-parse", "refs/heads/main"]).parse().unwrap()]
}

#[test]
fn chunks_make_no_difference_to_a_pack() {
    let mut numbers = Numbers(7);
    for header in HEADERS {
        let remote = Remote { repo: repo_with_content("client-chunks", 200_000), header };
        let wants = main_id(&remote);
        for (side_band, depth) in [(true, None), (true, NonZeroU32::new(2)), (remote.is_version_2(), None)] {
            let request = FetchRequest { wants: &wants, depth, ..FetchRequest::default() };
            let (response, answer) = remote.fetch(&request, side_band);
            let whole = read_fetch(response.clone(), [&answer[..]]).unwrap();
            assert!(whole.pack.len() > 200_000);
            for round in 0..60 {
                let len_max = [5, 100, 70_000][round % 3];
                let cut = read_fetch(response.clone(), chunks(&answer, len_max, &mut numbers)).unwrap();
                assert!(cut == whole, "{header:?} {len_max}");
            }
        }
    }
}

#[test]
fn chunks_make_no_difference_to_a_list_of_refs() {
    let remote = Remote { repo: repo_with_content("client-chunks-refs", 10), header: Some("version=2") };
    let answer = remote.ls_refs(&[]);
    let whole = read_refs([&answer[..]]);
    assert!(whole.is_ok());
    let mut numbers = Numbers(8);
    for _ in 0..300 {
        assert_eq!(read_refs(chunks(&answer, 60, &mut numbers)), whole);
    }
}

#[test]
fn an_answer_that_is_cut_off_anywhere_is_known_to_be() {
    for header in HEADERS {
        let remote = Remote { repo: repo_with_content("client-cut", 10), header };
        let advertisement = remote.advertisement();
        assert!(matches!(Discovery::parse(b"", &LIMITS), Err(RemoteError::NotGit(_))));
        for len in 1..advertisement.len() {
            let told = Discovery::parse(&advertisement[..len], &LIMITS);
            assert!(matches!(told, Err(RemoteError::Truncated { .. })), "{header:?} {len}: {told:?}");
        }
        if remote.is_version_2() {
            let answer = remote.ls_refs(&[]);
            for len in 0..answer.len() {
                let told = read_refs([&answer[..len]]);
                assert!(matches!(told, Err(RemoteError::Truncated { .. })), "{len}: {told:?}");
            }
        }
        let wants = main_id(&remote);
        let request = FetchRequest { wants: &wants, depth: NonZeroU32::new(1), ..FetchRequest::default() };
        let (response, answer) = remote.fetch(&request, true);
        for len in 0..answer.len() {
            let told = read_fetch(response.clone(), [&answer[..len]]);
            assert!(matches!(told, Err(RemoteError::Truncated { .. })), "{header:?} {len}: {told:?}");
        }
    }
}
