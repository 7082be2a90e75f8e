//! `info/refs` and `ls-refs`.

use std::collections::BTreeSet;

use git_core::pkt_line::{Packet, Reader, write_delimiter, write_flush, write_line};
use git_core::protocol::command::Command;
use git_core::protocol::{RequestLimits, Service, Version, advertise};

use crate::git::Repo;

const LIMITS: RequestLimits =
    RequestLimits { n_wants_max: 10, n_haves_max: 10, n_shallow_max: 10, n_ref_prefixes_max: 100 };

/// Branches, tags of commits and of tags, notes, and names that sort close to each other.
fn repo_with_refs(test: &str) -> Repo {
    let repo = Repo::new(test);
    let commits = repo.commits(3);
    for (nth, name) in ["heads/main", "heads/a-b", "heads/a/b", "notes/commits", "tags/light"].into_iter().enumerate() {
        repo.set_ref(&format!("refs/{name}"), commits[nth % 3]);
    }
    repo.git(&["config", "user.name", "A"]);
    repo.git(&["config", "user.email", "a@b"]);
    repo.git(&["tag", "-a", "-m", "one", "v1", &commits[0].to_hex()]);
    repo.git(&["tag", "-a", "-m", "tag of a tag", "v1-signed", "v1"]);
    repo
}

fn lines(bytes: &[u8]) -> Vec<String> {
    let mut reader = Reader::new(bytes);
    let mut lines = Vec::new();
    loop {
        match reader.read().unwrap() {
            Packet::Line(line) => lines.push(String::from_utf8(line.to_vec()).unwrap()),
            Packet::End => return lines,
            other => lines.push(format!("{other:?}")),
        }
    }
}

/// The lines with the list of capabilities taken out, and the capabilities but for who speaks.
fn parts(lines: Vec<String>) -> (Vec<String>, BTreeSet<String>) {
    let mut capabilities = BTreeSet::new();
    let without = lines.into_iter().map(|line| match line.split_once('\0') {
        Some((start, list)) => {
            capabilities.extend(list.split(' ').filter(|one| !one.starts_with("agent=")).map(str::to_owned));
            start.to_owned()
        }
        None => line,
    });
    (without.collect(), capabilities)
}

#[test]
fn refs_are_advertised_as_git_does_and_nothing_that_git_cannot() {
    let shallow = repo_with_refs("advertise-shallow");
    let commits = shallow.refs().rows;
    let mut ends = vec![commits["refs/heads/main"].0, commits["refs/heads/a/b"].0];
    ends.sort_unstable();
    shallow.set_shallow(&ends);
    for (test, repo, ends) in [
        ("full", repo_with_refs("advertise-full"), vec![]),
        ("empty", Repo::new("advertise-empty"), vec![]),
        ("shallow", shallow, ends),
    ] {
        repo.git(&["config", "uploadpack.allowTipSHA1InWant", "true"]);
        repo.git(&["config", "uploadpack.allowReachableSHA1InWant", "true"]);
        repo.git(&["config", "uploadpack.allowFilter", "true"]);
        repo.git(&["config", "receive.advertisePushOptions", "true"]);
        for service in [Service::UploadPack, Service::ReceivePack] {
            for (version, header) in [(Version::V0, None), (Version::V1, Some("version=1"))] {
                let command = service.name().strip_prefix("git-").unwrap();
                let theirs = repo.serve(&[command, "--stateless-rpc", "--advertise-refs"], b"", header);
                let mut ours = Vec::new();
                repo.refs().with(|refs| advertise::write(&mut ours, (service, version), refs, &ends, "a"));

                let mut our_lines = lines(&ours);
                assert_eq!(
                    our_lines.drain(..2).collect::<Vec<_>>(),
                    [format!("# service=git-{command}"), "Flush".into()]
                );
                let (our_lines, our_capabilities) = parts(our_lines);
                let (their_lines, their_capabilities) = parts(lines(&theirs));
                if (test, service) == ("empty", Service::UploadPack) && their_capabilities.is_empty() {
                    // Older versions of Git tell nothing to a client that fetches from an empty repository.
                    continue;
                }
                assert_eq!(our_lines, their_lines, "{test} {service:?} {version:?}");
                let unknown: Vec<_> = our_capabilities.difference(&their_capabilities).collect();
                assert!(unknown.is_empty(), "{test} {service:?} {version:?}: {unknown:?}");
            }
        }
    }
}

#[test]
fn version_2_advertises_nothing_that_git_cannot() {
    let repo = Repo::new("advertise-2");
    let keys = ["uploadpack.allowFilter", "uploadpack.allowRefInWant", "uploadpack.allowSidebandAll"];
    for key in keys.into_iter().chain(["transfer.advertiseObjectInfo"]) {
        repo.git(&["config", key, "true"]);
    }
    let theirs = lines(&repo.serve(&["upload-pack", "--stateless-rpc", "--advertise-refs"], b"", Some("version=2")));
    let mut ours = Vec::new();
    repo.refs().with(|refs| advertise::write(&mut ours, (Service::UploadPack, Version::V2), refs, &[], "a"));
    for line in lines(&ours) {
        let (key, features) = line.split_once('=').unwrap_or((&line, ""));
        let known = theirs.iter().any(|other| {
            let (other_key, other_features) = other.split_once('=').unwrap_or((other, ""));
            let known = |feature: &str| other_features.split(' ').any(|other| other == feature);
            // Git 2.47 does not say what there is to be known of objects; later versions do.
            key == other_key
                && (matches!(key, "agent" | "object-info")
                    || features.split(' ').all(|one| one.is_empty() || known(one)))
        });
        assert!(known, "{line}: git knows {theirs:?}");
    }
}

#[test]
fn ls_refs_is_answered_as_git_does() {
    let unborn_among_others = repo_with_refs("ls-refs-unborn");
    unborn_among_others.git(&["symbolic-ref", "HEAD", "refs/heads/none"]);
    let repos = [repo_with_refs("ls-refs"), Repo::new("ls-refs-empty"), unborn_among_others];
    let argument_lists: &[&[&str]] = &[
        &[],
        &["peel"],
        &["symrefs"],
        &["peel", "symrefs", "unborn"],
        &["unborn"],
        &["symrefs", "unborn", "ref-prefix refs/tags/"],
        &["symrefs", "unborn", "ref-prefix HEAD", "ref-prefix refs/heads/"],
        &["peel", "ref-prefix refs/tags/v1", "ref-prefix refs/heads/a", "ref-prefix refs/heads/a/"],
        &["ref-prefix refs/heads/main", "ref-prefix refs/heads/main", "ref-prefix H"],
        &["ref-prefix refs/none/"],
        &["ref-prefix "],
    ];
    for repo in &repos {
        for arguments in argument_lists {
            let mut body = Vec::new();
            write_line(&mut body, &[b"command=ls-refs"]);
            write_line(&mut body, &[b"object-format=sha1"]);
            write_delimiter(&mut body);
            for argument in *arguments {
                write_line(&mut body, &[argument.as_bytes()]);
            }
            write_flush(&mut body);
            let theirs = repo.serve(&["upload-pack", "--stateless-rpc"], &body, Some("version=2"));
            let Ok(Some(Command::LsRefs(request))) = Command::parse(&body, &LIMITS) else { panic!("{arguments:?}") };
            let mut ours = Vec::new();
            repo.refs().with(|refs| request.answer(&mut ours, refs));
            assert_eq!(lines(&ours), lines(&theirs), "{arguments:?}");
        }
    }
}
