//! Imports from `git upload-pack` itself: what comes, in steps that are killed, and what a server does that lies or fails.

mod ends;

use std::cell::Cell;

use super::*;
use crate::config::{IMPORT_FAILURE_KEPT_MS, REF_NAME_LEN_MAX};
use crate::durable::Fault;
use crate::error::Error;
use crate::ops::get_repo::get_repo;
use crate::ops::import::{ImportFault, ImportRepo, Limits, Step, import, step};
use crate::remote::{MemoryAnswer, MemoryRemote, RemoteRequest, RemoteUrl, Unreachable, UrlFault};
use crate::token::TokenSecret;

use git_core::pkt_line::{Band, SideBand, write_band};
use git_core::refs::BranchName;

/// What becomes of an answer.
type Lie = fn(&Work, Vec<u8>) -> Vec<u8>;

/// The answer to a fetch in version 2, with this pack.
fn with_pack(pack: &[u8]) -> Vec<u8> {
    let mut answer = Vec::new();
    write_line(&mut answer, &[b"packfile"]);
    write_band(&mut answer, SideBand::Large, Band::Data, pack);
    write_flush(&mut answer);
    answer
}

/// What `git http-backend` would answer.
fn backend(work: &Work, request: &RemoteRequest<'_>) -> MemoryAnswer {
    let protocol = request.git_protocol.unwrap_or_default();
    let run = |args: &[&str], input: &[u8]| {
        let mut command = Command::new("git");
        command.current_dir(&work.0).args(["-c", "uploadpack.allowAnySHA1InWant=true", "upload-pack"]).args(args);
        command.arg(".").env("GIT_PROTOCOL", protocol).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = command.spawn().unwrap();
        child.stdin.take().unwrap().write_all(input).ok();
        child.wait_with_output().unwrap().stdout
    };
    MemoryAnswer::ok(match request.body {
        None => run(&["--http-backend-info-refs"], b""),
        Some(body) => run(&["--stateless-rpc"], body),
    })
}

fn is_fetch(request: &RemoteRequest<'_>) -> bool {
    request.body.is_some_and(|body| body.windows(5).any(|word| word == b"want "))
}

/// A server of the protocol of old: it does not hear which version is asked for.
fn old(request: &RemoteRequest<'_>, work: &Work) -> MemoryAnswer {
    backend(work, &RemoteRequest { git_protocol: None, ..*request })
}

fn wanted(branch: Option<&str>, depth: Option<u32>, all_refs: bool) -> ImportRepo {
    ImportRepo {
        namespace: names().0,
        name: names().1,
        url: RemoteUrl::parse("https://example.com/upstream.git", false).unwrap(),
        branch: branch.map(|branch| BranchName::parse(branch, REF_NAME_LEN_MAX).unwrap()),
        depth,
        all_refs,
        description: None,
        read_only: false,
    }
}

/// A place without a repo, where one is imported.
struct Importer {
    objects: Rc<MemoryObjects>,
    store: Rc<MemoryPacks>,
}

impl Importer {
    fn new() -> Self {
        let objects = Rc::new(MemoryObjects::default());
        objects.wait(1_760_000_000_000);
        Self { objects, store: Rc::default() }
    }

    fn begin(&self, remote: &MemoryRemote<'_>, wanted: ImportRepo) -> Result<Server, Error> {
        let (namespace, name) = names();
        let created = block_on(import(&*self.objects, remote, "account", self.objects.now(), wanted))?;
        let (objects, store) = (Rc::clone(&self.objects), Rc::clone(&self.store));
        let repo = objects.repo(&namespace, &name).unwrap();
        let token_sha256 = TokenSecret::parse(&created.token.plaintext).unwrap().sha256();
        Ok(Server {
            objects,
            repo,
            name,
            token_sha256,
            store,
            takes_shallow: false,
            room: ROOM,
            witness: Witness::of_tests(),
        })
    }

    fn step(
        &self,
        server: &Server,
        remote: &MemoryRemote<'_>,
        storage_max: u64,
    ) -> Result<Step, crate::durable::Failure> {
        let limits = Limits { repo_storage_max: storage_max, patience_ms: 1 };
        block_on(step(&server.repo, (&*self.store, remote), limits, || self.objects.now()))
    }

    /// Imports all of it, with no more than a few steps.
    fn run(&self, remote: &MemoryRemote<'_>, wanted: ImportRepo) -> Server {
        let server = self.begin(remote, wanted).unwrap();
        for _ in 0..10 {
            if !self.step(&server, remote, 1 << 40).unwrap().goes_on() {
                return server;
            }
        }
        panic!("the import does not end");
    }

    fn info(&self) -> Result<crate::repo::call::RepoInfo, Error> {
        block_on(get_repo(&*self.objects, &names().0, &names().1))
    }

    /// Why there is no repo.
    fn failure(&self) -> String {
        match self.info() {
            Err(Error::Refused { refusal: crate::repo::call::Refusal::ImportFailed { reason, .. }, .. }) => reason,
            other => panic!("{other:?}"),
        }
    }
}

/// A repository with a side branch, tags of both kinds on both, a tag of a tag, and a note.
fn upstream(name: &str) -> Work {
    let work = Work::new(name);
    for n in 0..4 {
        work.commit(&format!("src/file-{n}"), text(n));
    }
    work.commit("noise", noise(3, 700_000));
    work.git(&["tag", "light", "HEAD~1"]);
    work.git(&["tag", "-a", "-m", "one", "v1", "HEAD~2"]);
    work.git(&["tag", "-a", "-m", "of a tag", "v1-again", "v1"]);
    work.git(&["checkout", "-q", "-b", "side", "HEAD~3"]);
    work.commit("side", text(9));
    work.git(&["tag", "-a", "-m", "side", "side-tag"]);
    work.git(&["tag", "side-light"]);
    work.git(&["checkout", "-q", "main"]);
    work.git(&["notes", "add", "-m", "a note"]);
    work
}

fn refs_of(work: &Work, patterns: &[&str]) -> Vec<(String, String)> {
    let listed = work.git(&[&["for-each-ref", "--format=%(refname) %(objectname)"], patterns].concat());
    listed.lines().map(|line| line.split_once(' ').unwrap()).map(|(name, id)| (name.into(), id.into())).collect()
}

fn assert_complete(server: &Server, work: &Work, name: &str) {
    let refs = server.refs();
    let wants: Vec<_> = refs.iter().map(|(_, id)| id.as_str()).collect();
    let clone = Work::new(name);
    clone.git_with(&["index-pack", "--stdin", "--strict"], server.fetch(&wants, &[], &[]));
    let all = [&["rev-list", "--objects", "--no-object-names"], &wants[..]].concat();
    assert_eq!(clone.git(&all), work.git(&all));
}

#[test]
fn a_branch_comes_with_the_tags_that_its_history_reaches_in_either_version() {
    let work = upstream("import-branch");
    let wanted_refs = refs_of(&work, &["refs/heads/main", "refs/tags/light", "refs/tags/v1", "refs/tags/v1-again"]);
    for (n, serve) in
        [backend as fn(&Work, &RemoteRequest<'_>) -> _, |work, request| old(request, work)].into_iter().enumerate()
    {
        let remote = MemoryRemote::new(1000, |request| Ok(serve(&work, request)));
        let importer = Importer::new();
        let server = importer.run(&remote, wanted(None, None, false));
        assert_eq!(server.refs(), wanted_refs);
        assert_complete(&server, &work, &format!("import-branch-clone-{n}"));
        let info = importer.info().unwrap();
        assert_eq!(
            (info.source.as_deref(), info.default_branch.as_str()),
            (Some("git:https://example.com/upstream.git"), "main")
        );
        assert_eq!((info.status, info.last_push_at), (crate::repo::call::Status::Ready, None));
        let next = work.commit("pushed", text(7));
        assert!(server.push(&work, &next).unwrap().contains("ok refs/heads/main"));
        work.git(&["reset", "-q", "--hard", "HEAD~1"]);
    }
}

#[test]
fn every_branch_tag_and_note_comes_when_all_are_asked_for_and_another_branch_when_it_is_named() {
    let work = upstream("import-all");
    work.git(&["update-ref", "refs/pull/1/head", "side"]);
    let remote = MemoryRemote::new(100_000, |request| Ok(backend(&work, request)));
    let server = Importer::new().run(&remote, wanted(None, None, true));
    assert_eq!(server.refs(), refs_of(&work, &["refs/heads", "refs/tags", "refs/notes"]));
    assert_complete(&server, &work, "import-all-clone");
    let importer = Importer::new();
    let server = importer.run(&remote, wanted(Some("side"), None, false));
    assert_eq!(server.refs(), refs_of(&work, &["refs/heads/side", "refs/tags/side-*"]));
    assert_eq!(importer.info().unwrap().default_branch, "side");
    assert_complete(&server, &work, "import-side-clone");
}

#[test]
fn a_depth_makes_a_shallow_repo_and_an_empty_upstream_an_empty_one() {
    let work = upstream("import-depth");
    for serve in [backend as fn(&Work, &RemoteRequest<'_>) -> _, |work, request| old(request, work)] {
        let remote = MemoryRemote::new(1000, |request| Ok(serve(&work, request)));
        let importer = Importer::new();
        let server = importer.run(&remote, wanted(None, Some(2), false));
        assert_eq!(server.refs(), refs_of(&work, &["refs/heads/main", "refs/tags/light"]));
        assert!(importer.info().unwrap().shallow);
        assert_eq!(server.open(View::Fetch).snapshot.shallow, [work.git(&["rev-parse", "main~1"])]);
    }
    let empty = Work::new("import-empty");
    empty.git(&["symbolic-ref", "HEAD", "refs/heads/trunk"]);
    let remote = MemoryRemote::new(1000, |request| Ok(backend(&empty, request)));
    let importer = Importer::new();
    let server = importer.run(&remote, wanted(None, None, false));
    assert_eq!((server.refs(), importer.info().unwrap().default_branch), (vec![], "trunk".into()));
}

#[test]
fn a_step_that_is_killed_anywhere_is_taken_again() {
    let work = upstream("import-killed");
    for fault in [Fault::Lost, Fault::AnswerLost] {
        for calls in 0.. {
            let importer = Importer::new();
            let remote = MemoryRemote::new(100_000, |request| Ok(backend(&work, request)));
            let server = importer.begin(&remote, wanted(None, None, false)).unwrap();
            importer.objects.fail_after(calls, fault);
            let mut over = false;
            for _ in 0..20 {
                over |= importer.step(&server, &remote, 1 << 40).is_ok_and(|step| !step.goes_on());
            }
            let has_failed = importer.objects.has_failed();
            importer.objects.heal();
            assert!(over);
            assert_complete(&server, &work, "import-killed-clone");
            if !has_failed {
                assert!(calls >= 4, "an import made {calls} calls");
                break;
            }
        }
    }
}

#[test]
fn what_is_wrong_with_a_server_is_said_at_once() {
    let answer = |status, location: Option<&str>, body: &[u8]| {
        let (location, body) = (location.map(ToOwned::to_owned), body.to_vec());
        MemoryRemote::new(10, move |_| {
            Ok(MemoryAnswer { location: location.clone(), body: body.clone(), ..MemoryAnswer::status(status) })
        })
    };
    let refused = |remote: &MemoryRemote<'_>| {
        let importer = Importer::new();
        let error = importer.begin(remote, wanted(None, None, false)).map(drop).unwrap_err();
        assert_eq!(importer.info(), Err(Error::RepoNotFound("repo".into())), "{error:?}");
        assert_eq!(block_on(importer.objects.namespace(&names().0).unwrap().info()).unwrap(), None);
        match error {
            Error::Import(fault) => fault,
            other => panic!("{other:?}"),
        }
    };
    assert_eq!(refused(&answer(401, None, b"")), ImportFault::AuthRequired);
    assert_eq!(refused(&answer(404, None, b"")), ImportFault::NotFound);
    assert!(matches!(refused(&answer(503, None, b"")), ImportFault::Unavailable(_)));
    assert!(matches!(refused(&answer(200, None, b"<!doctype html>")), ImportFault::NotGit(_)));
    assert!(matches!(refused(&answer(200, None, b"001e# service=git-uplo")), ImportFault::Unavailable(_)));
    let around = "/upstream.git/info/refs?service=git-upload-pack";
    assert!(matches!(refused(&answer(302, Some(around), b"")), ImportFault::Unavailable(_)));
    let private = "https://10.0.0.1/a/info/refs?service=git-upload-pack";
    assert!(matches!(refused(&answer(302, Some(private), b"")), ImportFault::Url(UrlFault::Redirect(_))));
    assert!(matches!(refused(&MemoryRemote::none()), ImportFault::Unavailable(_)));
    let silent = MemoryRemote::new(1, |_| Err(Unreachable::Silent { ms: 1000 }));
    assert_eq!(refused(&silent), ImportFault::Unavailable("the remote was silent for 1 seconds".into()));
    let begins = |body: &'static [u8]| {
        MemoryRemote::new(10, move |_| Ok(MemoryAnswer { stalls: true, ..MemoryAnswer::ok(body.to_vec()) }))
    };
    let slow = ImportFault::Unavailable("the remote took longer than 30 seconds to tell its refs".into());
    assert_eq!(refused(&begins(b"001e# service=git-uplo")), slow);
    let work = Work::new("import-no-branch");
    work.commit("a", "a");
    let remote = MemoryRemote::new(1000, |request| Ok(backend(&work, request)));
    let error = Importer::new().begin(&remote, wanted(Some("none"), None, false)).map(drop).unwrap_err();
    assert_eq!(error, Error::Import(ImportFault::NoBranch(Some("none".into()))));
}

#[test]
fn a_redirect_decides_where_the_pack_is_asked_for() {
    let work = upstream("import-redirect");
    let remote = MemoryRemote::new(100_000, |request| {
        if request.url.starts_with("https://example.com/") {
            let location = Some("https://other.example/b/info/refs?service=git-upload-pack".into());
            return Ok(MemoryAnswer { location, ..MemoryAnswer::status(301) });
        }
        assert!(request.url.starts_with("https://other.example/b/"));
        Ok(backend(&work, request))
    });
    let server = Importer::new().run(&remote, wanted(None, None, false));
    assert_complete(&server, &work, "import-redirect-clone");
}

#[test]
fn a_server_that_lies_is_refused_and_the_reason_is_told_for_a_day() {
    let work = upstream("import-lies");
    let lies: [(Lie, &str); 4] = [
        (
            |_, mut answer| {
                let at = answer.len() / 2;
                answer[at] ^= 0x40;
                answer
            },
            "the remote's pack is refused",
        ),
        (|_, _| b"000dpackfile\n0010\x03not today0000".to_vec(), "not today"),
        (
            |work, _| {
                let other = work.git(&["rev-parse", "side-light~1"]);
                let pack = work.git_with(&["pack-objects", "--revs", "--stdout", "-q"], other);
                with_pack(&pack)
            },
            "did not send",
        ),
        (
            |work, _| {
                let pack = work.git_with(&["pack-objects", "--stdout", "-q"], work.git(&["rev-parse", "main"]));
                with_pack(&pack)
            },
            "missing",
        ),
    ];
    for (lie, reason) in lies {
        let remote = MemoryRemote::new(100_000, |request| {
            let answer = backend(&work, request);
            Ok(if is_fetch(request) { MemoryAnswer::ok(lie(&work, answer.body)) } else { answer })
        });
        let importer = Importer::new();
        let server = importer.begin(&remote, wanted(None, None, false)).unwrap();
        let mut n_steps = 0;
        while importer.step(&server, &remote, 1 << 40).unwrap().goes_on() {
            n_steps += 1;
            assert!(n_steps < 10);
        }
        assert!(importer.failure().contains(reason), "{}", importer.failure());
        importer.objects.wait(IMPORT_FAILURE_KEPT_MS);
        importer.objects.ring_repo(&names().0, &names().1);
        assert_eq!(importer.info(), Err(Error::RepoNotFound("repo".into())));
        assert!(importer.begin(&remote, wanted(None, None, false)).is_ok(), "the name is free");
    }
}

#[test]
fn a_server_that_fails_is_asked_again_a_few_times_and_one_that_sends_too_much_is_not() {
    let work = upstream("import-fails");
    let n_failures = Cell::new(2);
    let remote = MemoryRemote::new(100_000, |request| {
        let answer = backend(&work, request);
        if !is_fetch(request) || n_failures.get() == 0 {
            return Ok(answer);
        }
        n_failures.set(n_failures.get() - 1);
        Ok(MemoryAnswer { body: answer.body[..answer.body.len() / 2].to_vec(), breaks_off: true, ..answer })
    });
    let importer = Importer::new();
    let server = importer.run(&remote, wanted(None, None, false));
    assert_complete(&server, &work, "import-fails-clone");
    n_failures.set(100);
    let importer = Importer::new();
    let server = importer.begin(&remote, wanted(None, None, false)).unwrap();
    let steps: Vec<_> = (0..4).map(|_| importer.step(&server, &remote, 1 << 40).unwrap()).collect();
    assert_eq!(steps, [Step::Again, Step::Again, Step::Again, Step::Over]);
    assert!(importer.failure().contains("broke off"), "{}", importer.failure());
    n_failures.set(0);
    let importer = Importer::new();
    let server = importer.begin(&remote, wanted(None, None, false)).unwrap();
    assert_eq!(importer.step(&server, &remote, 500_000), Ok(Step::Over));
    assert!(importer.failure().contains("storage limit reached"), "{}", importer.failure());
}
