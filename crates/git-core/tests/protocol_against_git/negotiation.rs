//! The part of a fetch that comes before the pack.

use git_core::ObjectId;
use git_core::pkt_line::{write_delimiter, write_flush, write_line};
use git_core::protocol::RequestLimits;
use git_core::protocol::command::Command;
use git_core::protocol::fetch::ShallowUpdate;
use git_core::protocol::fetch::{Answer, End, FetchRequest};

use crate::git::{Numbers, Repo};

const LIMITS: RequestLimits =
    RequestLimits { n_wants_max: 100, n_haves_max: 100, n_shallow_max: 100, n_ref_prefixes_max: 0 };

/// A line of ten commits with a branch at its end, and two objects that are nowhere.
struct Fixture {
    repo: Repo,
    commits: Vec<ObjectId>,
    unknown: [ObjectId; 2],
}

impl Fixture {
    fn new(test: &str) -> Self {
        let repo = Repo::new(test);
        let commits = repo.commits(10);
        repo.set_ref("refs/heads/main", commits[9]);
        repo.git(&["config", "uploadpack.allowReachableSHA1InWant", "true"]);
        let unknown = [1, 2].map(|n| ObjectId::from_bytes([n; 20]));
        Self { repo, commits, unknown }
    }

    fn position(&self, id: &ObjectId) -> Option<usize> {
        self.commits.iter().position(|commit| commit == id)
    }

    fn haves(&self, numbers: &mut Numbers) -> Vec<ObjectId> {
        (0..numbers.below(6))
            .map(|_| if numbers.below(3) == 0 { numbers.pick(&self.unknown) } else { numbers.pick(&self.commits) })
            .collect()
    }

    /// Haves of which none is another or its parent. Git remembers parents along with what it acknowledges, so that
    /// without `multi_ack` it acknowledges too many and in version 2, since 2.47, fewer than it could.
    fn strangers(&self, numbers: &mut Numbers) -> Vec<ObjectId> {
        let mut haves: Vec<ObjectId> = self.commits.iter().copied().step_by(2).chain(self.unknown).collect();
        haves.retain(|_| numbers.below(2) == 0);
        let n = haves.len().max(1);
        haves.rotate_left(numbers.below(n));
        haves
    }

    /// A commit is reached when it or a child of it is common: so Git has it.
    fn answer(&self, request: &FetchRequest) -> Answer {
        let reached = |want: &ObjectId, common: &[ObjectId]| {
            let want = self.position(want).unwrap();
            common.iter().filter_map(|id| self.position(id)).any(|have| have <= want + 1)
        };
        request.answer(
            &ShallowUpdate::default(),
            |id| self.position(id).is_some(),
            |common| request.wants.iter().all(|want| reached(want, common)),
        )
    }

    fn check(&self, request: &FetchRequest, body: &[u8], git_protocol: Option<&str>) {
        let theirs = self.repo.serve(&["upload-pack", "--stateless-rpc"], body, git_protocol);
        let ours = self.answer(request);
        let described = || String::from_utf8_lossy(body).into_owned();
        let rest = theirs.strip_prefix(ours.bytes.as_slice());
        let rest = rest.unwrap_or_else(|| {
            let (ours, theirs) = (ours.bytes.escape_ascii(), theirs.escape_ascii());
            panic!("{}\nours: {ours}\ngit's: {theirs}", described())
        });
        let begins_pack = rest.starts_with(b"PACK") || matches!(rest.get(4), Some(1 | 2));
        assert_eq!((begins_pack, rest.is_empty()), (ours.pack_follows, !ours.pack_follows), "{}", described());
    }
}

fn write_ids(body: &mut Vec<u8>, keyword: &str, ids: &[ObjectId]) {
    for id in ids {
        write_line(body, &[keyword.as_bytes(), b" ", id.to_hex().as_bytes()]);
    }
}

#[test]
fn version_0_acknowledges_as_git_does() {
    let fixture = Fixture::new("negotiate-0");
    let mut numbers = Numbers(3);
    for round in 0..240 {
        let multi_ack = ["", " multi_ack", " multi_ack_detailed", " multi_ack_detailed no-done"][round % 4];
        let side_band = numbers.pick(&["", " side-band", " side-band-64k"]);
        let want = numbers.pick(&fixture.commits);
        let haves = if multi_ack.is_empty() { fixture.strangers(&mut numbers) } else { fixture.haves(&mut numbers) };
        let mut body = Vec::new();
        write_line(&mut body, &[b"want ", want.to_hex().as_bytes(), multi_ack.as_bytes(), side_band.as_bytes()]);
        write_ids(&mut body, "want", &fixture.commits[9..]);
        write_flush(&mut body);
        write_ids(&mut body, "have", &haves);
        match numbers.below(3) {
            0 if haves.is_empty() => {}
            1 => write_line(&mut body, &[b"done"]),
            _ => write_flush(&mut body),
        }
        let request = FetchRequest::parse_version_0(&body, &LIMITS).unwrap();
        fixture.check(&request, &body, None);
    }
}

#[test]
fn version_0_without_wants_is_answered_with_nothing() {
    let fixture = Fixture::new("negotiate-0-empty");
    let request = FetchRequest::parse_version_0(b"0000", &LIMITS).unwrap();
    fixture.check(&request, b"0000", None);
}

#[test]
fn version_2_acknowledges_as_git_does() {
    let fixture = Fixture::new("negotiate-2");
    let mut numbers = Numbers(4);
    for _ in 0..120 {
        let mut body = Vec::new();
        write_line(&mut body, &[b"command=fetch"]);
        write_line(&mut body, &[b"object-format=sha1"]);
        write_delimiter(&mut body);
        for argument in ["thin-pack", "ofs-delta", "include-tag", "no-progress", "wait-for-done", "done"] {
            if numbers.below(4) == 0 {
                write_line(&mut body, &[argument.as_bytes()]);
            }
        }
        if numbers.below(8) != 0 {
            write_ids(&mut body, "want", &[numbers.pick(&fixture.commits)]);
        }
        write_ids(&mut body, "have", &fixture.strangers(&mut numbers));
        write_flush(&mut body);
        let Ok(Some(Command::Fetch(request))) = Command::parse(&body, &LIMITS) else { panic!("no fetch") };
        if request.wants.is_empty() && (request.haves.is_empty() || request.end == End::Done) {
            // A pack of nothing: its framing is the same as any pack's.
            continue;
        }
        fixture.check(&request, &body, Some("version=2"));
    }
}
