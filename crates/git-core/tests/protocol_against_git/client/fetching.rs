//! Packs that `git upload-pack` sends, judged by `git index-pack`.

use core::num::NonZeroU32;
use std::collections::BTreeSet;

use git_core::ObjectId;
use git_core::protocol::client::{Capabilities, FetchRequest, RemoteError, RemoteText};
use git_core::protocol::fetch::MultiAck;

use super::remote::{Fetched, HEADERS, LIMITS, Remote, read_fetch, repo_with_content};
use crate::git::Repo;

/// What the refs of a remote point at, each once.
fn tips(remote: &Remote) -> Vec<ObjectId> {
    let ids: BTreeSet<ObjectId> = remote.refs().refs.iter().map(|one| one.id).collect();
    ids.into_iter().collect()
}

fn fetch(remote: &Remote, request: &FetchRequest<'_>, side_band: bool) -> Fetched {
    let (response, answer) = remote.fetch(request, side_band);
    read_fetch(response, [&answer[..]]).unwrap()
}

/// Takes packs into a new repository whose history ends where it was told, and says which objects there are.
fn taken_in(test: &str, all: &[&Fetched], wants: &[ObjectId]) -> BTreeSet<String> {
    let repo = Repo::new(test);
    for fetched in all {
        repo.set_shallow(&fetched.shallow);
        repo.git_with(&["index-pack", "--strict", "--stdin"], &fetched.pack);
    }
    for (nth, want) in wants.iter().enumerate() {
        repo.git(&["update-ref", &format!("refs/heads/{nth}"), &peeled(&repo, want)]);
    }
    repo.git(&["fsck", "--strict"]);
    objects(&repo)
}

fn peeled(repo: &Repo, id: &ObjectId) -> String {
    repo.git(&["rev-parse", &format!("{id}^{{}}")])
}

fn objects(repo: &Repo) -> BTreeSet<String> {
    let listed = repo.git(&["cat-file", "--batch-all-objects", "--batch-check=%(objectname)"]);
    listed.lines().map(str::to_owned).collect()
}

#[test]
fn everything_comes_in_every_version_and_framing() {
    for (nth, header) in HEADERS.into_iter().enumerate() {
        let remote = Remote { repo: repo_with_content("client-full", 200_000), header };
        let wants = tips(&remote);
        for side_band in [true, false] {
            let request = FetchRequest { wants: &wants, ..FetchRequest::default() };
            let fetched = fetch(&remote, &request, side_band || remote.is_version_2());
            assert_eq!((fetched.shallow.len(), fetched.unshallow.len()), (0, 0));
            assert_eq!(fetched.progress.is_empty(), !side_band && !remote.is_version_2());
            let taken = taken_in(&format!("client-full-{nth}-taken"), &[&fetched], &wants);
            assert_eq!(taken, objects(&remote.repo), "{header:?}");
        }
    }
}

#[test]
fn a_tag_comes_along_when_it_is_asked_for() {
    for header in HEADERS {
        let remote = Remote { repo: repo_with_content("client-include-tag", 10), header };
        let wants = [remote.repo.git(&["rev-parse", "refs/heads/main"]).parse().unwrap()];
        let tag = remote.repo.git(&["rev-parse", "refs/tags/v1"]);
        for include_tag in [false, true] {
            let request = FetchRequest { wants: &wants, include_tag, ..FetchRequest::default() };
            let taken = taken_in("client-include-tag-taken", &[&fetch(&remote, &request, true)], &wants);
            assert_eq!(taken.contains(&tag), include_tag, "{header:?}");
        }
    }
}

#[test]
fn a_depth_of_one_brings_one_commit_and_the_next_depth_the_rest() {
    for header in HEADERS {
        let remote = Remote { repo: repo_with_content("client-depth", 10), header };
        let wants: [ObjectId; 1] = [remote.repo.git(&["rev-parse", "refs/heads/main"]).parse().unwrap()];
        let request = FetchRequest { wants: &wants, depth: NonZeroU32::new(1), ..FetchRequest::default() };
        let all = NonZeroU32::new(i32::MAX.cast_unsigned());
        let deeper = FetchRequest { haves: &wants, shallow: &wants, depth: all, ..request };
        for side_band in [true, remote.is_version_2()] {
            let first = fetch(&remote, &request, side_band);
            assert_eq!((&first.shallow[..], first.unshallow.len()), (&wants[..], 0), "{header:?}");
            assert_eq!(taken_in("client-depth-taken", &[&first], &wants).len(), 3);
            let second = fetch(&remote, &deeper, side_band);
            assert_eq!((second.shallow.len(), &second.unshallow[..]), (0, &wants[..]), "{header:?}");
            assert_eq!(taken_in("client-depth-taken", &[&first, &second], &wants).len(), 6);
        }
    }
}

#[test]
fn what_is_here_does_not_come() {
    for header in HEADERS {
        let remote = Remote { repo: repo_with_content("client-haves", 10), header };
        let id = |name| remote.repo.git(&["rev-parse", name]).parse().unwrap();
        let (wants, haves) =
            ([id("refs/heads/main")], [id("refs/heads/next"), id("refs/heads/a/b"), ObjectId::from_bytes([1; 20])]);
        let request = FetchRequest { wants: &wants, haves: &haves, ..FetchRequest::default() };
        let told = remote.discover().capabilities;
        assert_eq!(told.multi_ack == MultiAck::Detailed, !remote.is_version_2());
        for multi_ack in [MultiAck::None, MultiAck::Continue, MultiAck::Detailed] {
            for side_band in [told.side_band, told.side_band.filter(|_| remote.is_version_2())] {
                let (response, answer) = remote.fetch_with(&request, Capabilities { multi_ack, side_band, ..told });
                let fetched = read_fetch(response, [&answer[..]]).unwrap();
                assert_eq!(fetched.pack.get(8..12), Some(&[0, 0, 0, 1][..]), "{header:?} {multi_ack:?}");
            }
        }
    }
}

#[test]
fn a_shallow_remote_says_in_version_2_where_its_history_ends() {
    let repo = repo_with_content("client-shallow-fetch", 10);
    let end = [repo.git(&["rev-parse", "refs/heads/main"]).parse().unwrap()];
    repo.set_shallow(&end);
    let remote = Remote { repo, header: Some("version=2") };
    let request = FetchRequest { wants: &end, ..FetchRequest::default() };
    let fetched = fetch(&remote, &request, true);
    assert_eq!(fetched.shallow, end);
    assert_eq!(taken_in("client-shallow-fetch-taken", &[&fetched], &end).len(), 3);
}

#[test]
fn an_object_that_is_not_there_is_refused_in_gits_words() {
    let wants = [ObjectId::from_bytes([1; 20])];
    for header in HEADERS {
        let remote = Remote { repo: repo_with_content("client-refused", 10), header };
        for depth in [None, NonZeroU32::new(1)] {
            let request = FetchRequest { wants: &wants, depth, ..FetchRequest::default() };
            let (response, answer) = remote.fetch(&request, true);
            let words = format!("upload-pack: not our ref {}", wants[0]);
            let refused = RemoteError::Refused(RemoteText::clean(words.as_bytes(), LIMITS.text_len_max));
            assert_eq!(read_fetch(response, [&answer[..]]), Err(refused), "{header:?}");
        }
    }
}
