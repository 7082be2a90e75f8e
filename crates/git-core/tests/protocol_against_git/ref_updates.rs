//! What `git receive-pack` accepts, and what it does to the refs.

use std::collections::BTreeMap;

use git_core::ObjectId;
use git_core::pkt_line::{Packet, Reader, write_flush, write_line};
use git_core::protocol::push::{Fed, PushLimits, PushParser};
use git_core::protocol::report::write_report;
use git_core::refs::{Change, Outcome, RefName, RefUpdate, decide};

use crate::git::{Numbers, Repo};

/// Names that get in each other's way, and two that are no names for new refs.
const CROWDED: &[&str] =
    &["refs/heads/a", "refs/heads/a/b", "refs/heads/a/b/c", "refs/heads/a-b", "refs/tags/a", "refs/one", "refs/@"];
/// Names that do not.
const APART: &[&str] = &["refs/heads/a", "refs/heads/b", "refs/heads/c/d", "refs/tags/a", "refs/notes/x"];

fn refs(repo: &Repo) -> BTreeMap<RefName, ObjectId> {
    let rows = repo.refs().rows;
    rows.iter().map(|(name, (id, _))| (RefName::parse(name.as_bytes(), 255).unwrap(), *id)).collect()
}

/// Updates of different refs, deletions first as older versions of Git only then make room for what comes.
///
/// Left out are deletions that Git takes in more than one way: of a ref of which the client says that it is not there when
/// it is (Git deletes it, we do not), of one that has another in its way, and of one directly below `refs/`.
fn updates(
    numbers: &mut Numbers,
    names: &[&str],
    ids: &[ObjectId],
    current: &BTreeMap<RefName, ObjectId>,
) -> Vec<RefUpdate> {
    let mut updates = Vec::new();
    for name in names {
        if numbers.below(2) == 0 {
            continue;
        }
        let name = RefName::parse(name.as_bytes(), 255).unwrap();
        let stored = current.get(&name).copied();
        let any = |numbers: &mut Numbers| (numbers.below(3) != 0).then(|| numbers.pick(ids));
        let old_id = if numbers.below(4) == 0 { any(numbers) } else { stored };
        let new_id = any(numbers);
        let is_clear = !name.is_one_level() && (old_id.is_some() || (stored.is_none() && is_free(&name, current)));
        if new_id.is_some() || is_clear {
            updates.push(RefUpdate { name, old_id, new_id });
        }
    }
    updates.sort_by_key(|update| update.new_id.is_some());
    updates
}

fn is_free(name: &RefName, current: &BTreeMap<RefName, ObjectId>) -> bool {
    let is_inside = |inner: &RefName, outer: &RefName| inner.as_str().starts_with(&format!("{outer}/"));
    !current.keys().any(|other| is_inside(name, other) || is_inside(other, name))
}

fn body(updates: &[RefUpdate], atomic: bool) -> Vec<u8> {
    let mut body = Vec::new();
    let hex = |id: Option<ObjectId>| id.map_or(ObjectId::ZERO_HEX.to_owned(), |id| id.to_hex());
    let mut capabilities = if atomic { "\0report-status atomic" } else { "\0report-status" };
    for update in updates {
        let command = format!("{} {} {}{capabilities}", hex(update.old_id), hex(update.new_id), update.name);
        write_line(&mut body, &[command.as_bytes()]);
        capabilities = "";
    }
    write_flush(&mut body);
    if updates.iter().any(|update| update.new_id.is_some()) {
        let empty_pack = b"PACK\0\0\0\x02\0\0\0\0";
        body.extend_from_slice(empty_pack);
        body.extend_from_slice(git_core::sha1::Sha1::of(empty_pack).as_bytes());
    }
    body
}

/// The report of a push of which everything is accepted.
fn report_of_success(body: &[u8]) -> Vec<u8> {
    let limits =
        PushLimits { n_commands_max: 10, n_shallow_max: 0, line_len_max: 1000, n_options_max: 0, options_len_max: 0 };
    let Ok(Fed::Done(head, _)) = PushParser::new(limits).feed(body) else { panic!("no head of a push") };
    let mut report = Vec::new();
    write_report(&mut report, &head, Ok(&vec![None; head.commands.len()]));
    report
}

/// For each ref of the report, whether it is `ok`.
fn reported(report: &[u8]) -> Vec<bool> {
    let mut reader = Reader::new(report);
    assert_eq!(reader.read(), Ok(Packet::Line(b"unpack ok")));
    let mut accepted = Vec::new();
    while let Packet::Line(line) = reader.read().unwrap() {
        accepted.push(line.starts_with(b"ok "));
    }
    accepted
}

fn apply(
    mut current: BTreeMap<RefName, ObjectId>,
    updates: &[RefUpdate],
    outcomes: &[Outcome],
) -> BTreeMap<RefName, ObjectId> {
    for (update, outcome) in updates.iter().zip(outcomes) {
        match outcome {
            Ok(Change::Write(id)) => drop(current.insert(update.name.clone(), *id)),
            Ok(Change::Delete) => drop(current.remove(&update.name)),
            Ok(Change::Absent) | Err(_) => {}
        }
    }
    current
}

fn push_and_compare(repo: &Repo, names: &[&str], atomic: bool, seed: u64) {
    repo.git(&["config", "receive.denyDeleteCurrent", "ignore"]);
    let commits = repo.commits(4);
    let mut numbers = Numbers(seed);
    let (mut n_accepted, mut n_refused) = (0, 0);
    for _ in 0..100 {
        let current = refs(repo);
        let updates = updates(&mut numbers, names, &commits, &current);
        if updates.is_empty() {
            continue;
        }
        let outcomes = decide(&current, &updates.iter().cloned().map(Ok).collect::<Vec<_>>(), atomic);
        let body = body(&updates, atomic);
        let report = repo.serve(&["receive-pack", "--stateless-rpc"], &body, None);
        let accepted: Vec<bool> = outcomes.iter().map(Result::is_ok).collect();
        assert_eq!(accepted, reported(&report), "{current:?}\n{updates:?}\n{outcomes:?}\n{}", report.escape_ascii());
        if outcomes.iter().all(Result::is_ok) {
            assert_eq!(report_of_success(&body), report);
        }
        assert_eq!(apply(current, &updates, &outcomes), refs(repo), "{updates:?}");
        n_accepted += accepted.iter().filter(|accepted| **accepted).count();
        n_refused += accepted.iter().filter(|accepted| !**accepted).count();
    }
    assert!(n_accepted > 50 && n_refused > 50, "{n_accepted} accepted, {n_refused} refused: the test says little");
}

#[test]
fn updates_are_accepted_when_git_accepts_them() {
    push_and_compare(&Repo::new("updates"), CROWDED, false, 5);
}

#[test]
fn atomic_updates_are_accepted_when_git_accepts_them() {
    push_and_compare(&Repo::new("updates-atomic"), APART, true, 6);
}
