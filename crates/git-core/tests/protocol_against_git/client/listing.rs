//! What a remote is, and its refs, in every version of the protocol.

use git_core::ObjectId;
use git_core::pkt_line::SideBand;
use git_core::protocol::client::{Discovery, RemoteError, RemoteHead, RemoteRef, RemoteRefs};
use git_core::protocol::{Excerpt, Version};
use git_core::refs::RefName;

use super::remote::{HEADERS, LIMITS, Remote, read_refs, repo_with_content};
use crate::git::Repo;

fn name(name: &str) -> RefName {
    RefName::parse(name.as_bytes(), 255).unwrap()
}

/// What `git for-each-ref` knows, with this HEAD.
fn stored(repo: &Repo, head: Option<RemoteHead>) -> RemoteRefs {
    let listed = repo.git(&["for-each-ref", "--format=%(refname) %(objectname) %(objecttype)"]);
    let refs = listed.lines().map(|line| {
        let fields: Vec<&str> = line.split(' ').collect();
        let peeled = (fields[2] == "tag").then(|| repo.git(&["rev-parse", &format!("{}^{{}}", fields[0])]));
        let peeled_id = peeled.map(|hex| hex.parse().unwrap());
        RemoteRef { name: name(fields[0]), id: fields[1].parse().unwrap(), peeled_id }
    });
    RemoteRefs { head, refs: refs.collect(), n_left_out: 0 }
}

fn head(repo: &Repo, target: Option<&str>) -> RemoteHead {
    RemoteHead { target: target.map(name), id: Some(repo.git(&["rev-parse", "HEAD"]).parse().unwrap()) }
}

#[test]
fn refs_are_what_the_repository_has() {
    for header in HEADERS {
        let repo = repo_with_content("client-refs", 10);
        let expected = stored(&repo, Some(head(&repo, Some("refs/heads/main"))));
        assert_eq!(expected.refs.iter().filter(|one| one.peeled_id.is_some()).count(), 2);
        assert_eq!(Remote { repo, header }.refs(), expected, "{header:?}");
    }
}

#[test]
fn a_detached_head_has_no_target() {
    for header in HEADERS {
        let repo = repo_with_content("client-detached", 10);
        repo.git(&["update-ref", "--no-deref", "HEAD", "refs/heads/next"]);
        let expected = stored(&repo, Some(head(&repo, None)));
        assert_eq!(Remote { repo, header }.refs(), expected, "{header:?}");
    }
}

#[test]
fn an_unborn_head_is_known_in_version_2_alone() {
    for header in HEADERS {
        for repo in [repo_with_content("client-unborn", 10), Repo::new("client-empty")] {
            repo.git(&["symbolic-ref", "HEAD", "refs/heads/none"]);
            let head = RemoteHead { target: Some(name("refs/heads/none")), id: None };
            let expected = stored(&repo, Some(head).filter(|_| header == Some("version=2")));
            assert_eq!(Remote { repo, header }.refs(), expected, "{header:?}");
        }
    }
}

#[test]
fn a_ref_with_a_broken_name_is_left_out() {
    for header in HEADERS {
        let repo = repo_with_content("client-broken-name", 10);
        let mut expected = stored(&repo, Some(head(&repo, Some("refs/heads/main"))));
        repo.git(&["pack-refs", "--all"]);
        let broken = format!("{} refs/heads/n..m", repo.git(&["rev-parse", "HEAD"]));
        repo.set_file("packed-refs", &(repo.file("packed-refs") + "\n" + &broken + "\n"));
        expected.n_left_out = 1;
        assert_eq!(Remote { repo, header }.refs(), expected, "{header:?}");
    }
}

#[test]
fn prefixes_leave_refs_out_and_head_never() {
    let remote = Remote { repo: repo_with_content("client-prefixes", 10), header: Some("version=2") };
    let refs = read_refs([&remote.ls_refs(&["refs/tags/", "refs/heads/n"])[..]]).unwrap();
    let names: Vec<&str> = refs.refs.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["refs/heads/next", "refs/tags/v1", "refs/tags/v1-signed"]);
    assert_eq!(refs.head.and_then(|head| head.target), Some(name("refs/heads/main")));
}

#[test]
fn capabilities_are_those_of_git() {
    for (header, version) in HEADERS.into_iter().zip([Version::V0, Version::V1, Version::V2]) {
        let repo = repo_with_content("client-capabilities", 10);
        repo.git(&["config", "uploadpack.allowFilter", "true"]);
        let told = Remote { repo, header }.discover();
        assert_eq!((told.capabilities.version, told.capabilities.side_band), (version, Some(SideBand::Large)));
        assert_eq!((told.capabilities.unborn, told.refs.is_none()), (version == Version::V2, version == Version::V2));
        let capabilities = told.capabilities;
        assert!(capabilities.ofs_delta && capabilities.include_tag && capabilities.shallow && capabilities.filter);
        assert!(capabilities.agent && capabilities.object_format);
    }
}

#[test]
fn a_shallow_remote_says_so_before_version_2() {
    let repo = repo_with_content("client-shallow", 10);
    let end: ObjectId = repo.git(&["rev-parse", "refs/heads/next"]).parse().unwrap();
    repo.set_shallow(&[end]);
    assert_eq!(Remote { repo, header: None }.discover().shallow, [end]);
}

#[test]
fn a_repository_with_other_object_ids_is_refused() {
    let repo = Repo::new("client-sha256");
    repo.git(&["init", "-q", "--bare", "--object-format=sha256", "other"]);
    let tree = repo.git(&["-C", "other", "mktree"]);
    let who = ["-c", "user.name=A", "-c", "user.email=a@b"];
    let commit = repo.git(&[&["-C", "other"][..], &who, &["commit-tree", "-m", "a", &tree]].concat());
    for has_refs in [false, true] {
        if has_refs {
            repo.git(&["-C", "other", "update-ref", "refs/heads/main", &commit]);
        }
        for header in HEADERS {
            let answer =
                repo.serve(&["-C", "other", "upload-pack", "--stateless-rpc", "--advertise-refs"], b"", header);
            let refused = Err(RemoteError::ForeignObjectFormat(Excerpt::of(b"sha256")));
            assert_eq!(Discovery::parse(&answer, &LIMITS), refused, "{header:?} {has_refs}");
        }
    }
}

#[test]
fn the_files_of_a_repository_are_told_from_a_server() {
    let repo = repo_with_content("client-dumb", 10);
    repo.git(&["update-server-info"]);
    assert_eq!(Discovery::parse(repo.file("info/refs").as_bytes(), &LIMITS), Err(RemoteError::DumbHttp));
}
