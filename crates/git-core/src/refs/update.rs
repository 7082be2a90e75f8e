//! How a push moves refs: what is stored and what is asked go in, what is to be done comes out. Nothing is written here.
//!
//! The old value that a client names is the lock: a ref moves from that value or not at all. Deletions are decided before
//! the other updates of a push, so that `a` can give way to `a/b`. Source: git-receive-pack(1).

use core::fmt;
use core::ops::Bound;
use std::collections::{BTreeMap, BTreeSet};

use super::RefName;
use crate::ObjectId;

/// One ref's change, as a client asks for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RefUpdate {
    /// The ref.
    pub name: RefName,
    /// What it must point at now; `None` when it must not be there.
    pub old_id: Option<ObjectId>,
    /// What it shall point at; `None` when it shall go.
    pub new_id: Option<ObjectId>,
}

/// What is to be done for an accepted update.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Change {
    /// The ref is made or moved.
    Write(ObjectId),
    /// The ref goes.
    Delete,
    /// The ref was to go and is not there: accepted, with a warning.
    Absent,
}

/// What becomes of one update.
pub type Outcome = Result<Change, Rejection>;

/// Why an update is refused; its text is the reason that `git push` shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rejection {
    /// Refused before the refs were looked at.
    Earlier(String),
    /// Nothing but `refs/` and one component, or a part that is no name by itself.
    FunnyName,
    /// More than one update in the push is for this ref.
    Duplicate(RefName),
    /// It was to be made and is there.
    AlreadyExists,
    /// It was to be moved or to go and is not there.
    DoesNotExist,
    /// It points at something other than the client believes.
    StaleOldValue,
    /// A stored ref is a directory of the new one's name, or the other way round.
    Exists {
        /// The stored ref.
        existing: RefName,
        /// The ref that cannot be made.
        name: RefName,
    },
    /// The same between two refs that the push makes.
    AtTheSameTime {
        /// The ref that cannot be made.
        name: RefName,
        /// The ref that is made.
        other: RefName,
    },
    /// Another update of an atomic push was refused.
    AtomicPushFailure,
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Earlier(reason) => f.write_str(reason),
            Self::FunnyName => f.write_str("funny refname"),
            Self::Duplicate(name) => write!(f, "multiple updates for ref '{name}' not allowed"),
            Self::AlreadyExists => f.write_str("reference already exists"),
            Self::DoesNotExist => f.write_str("reference does not exist"),
            Self::StaleOldValue => f.write_str("incorrect old value provided"),
            Self::Exists { existing, name } => write!(f, "'{existing}' exists; cannot create '{name}'"),
            Self::AtTheSameTime { name, other } => {
                write!(f, "cannot process '{name}' and '{other}' at the same time")
            }
            Self::AtomicPushFailure => f.write_str("atomic push failure"),
        }
    }
}

impl core::error::Error for Rejection {}

/// Decides every update of a push against the stored refs; the outcomes are in the order of `updates`.
///
/// An `Err` among `updates` is the reason why that one has been refused already. With `atomic`, one refusal is everybody's.
pub fn decide(
    current: &BTreeMap<RefName, ObjectId>,
    updates: &[Result<RefUpdate, String>],
    atomic: bool,
) -> Vec<Outcome> {
    let mut outcomes = check_each(current, updates);
    check_names(current, updates, &mut outcomes);
    if atomic && outcomes.iter().any(Result::is_err) {
        for outcome in &mut outcomes {
            if outcome.is_ok() {
                *outcome = Err(Rejection::AtomicPushFailure);
            }
        }
    }
    outcomes
}

/// What can be said of each update by itself.
fn check_each(current: &BTreeMap<RefName, ObjectId>, updates: &[Result<RefUpdate, String>]) -> Vec<Outcome> {
    let mut seen = BTreeSet::new();
    let repeated: BTreeSet<&RefName> =
        updates.iter().flatten().map(|update| &update.name).filter(|name| !seen.insert(*name)).collect();
    let check = |update: &Result<RefUpdate, String>| match update {
        Err(reason) => Err(Rejection::Earlier(reason.clone())),
        Ok(update) if repeated.contains(&update.name) => Err(Rejection::Duplicate(update.name.clone())),
        Ok(update) => check_value(current.get(&update.name).copied(), update),
    };
    updates.iter().map(check).collect()
}

fn check_value(stored: Option<ObjectId>, update: &RefUpdate) -> Outcome {
    if update.name.is_funny() || (update.new_id.is_some() && update.name.is_one_level()) {
        return Err(Rejection::FunnyName);
    }
    match (stored, update.old_id) {
        (Some(_), None) if update.new_id.is_some() => Err(Rejection::AlreadyExists),
        (None, Some(_)) => Err(Rejection::DoesNotExist),
        (stored, old_id) if stored != old_id => Err(Rejection::StaleOldValue),
        (stored, _) => Ok(match (update.new_id, stored) {
            (Some(new_id), _) => Change::Write(new_id),
            (None, Some(_)) => Change::Delete,
            (None, None) => Change::Absent,
        }),
    }
}

/// Refuses refs that cannot be beside each other: `refs/heads/a` and `refs/heads/a/b`.
fn check_names(current: &BTreeMap<RefName, ObjectId>, updates: &[Result<RefUpdate, String>], outcomes: &mut [Outcome]) {
    let mut going = BTreeSet::new();
    for (update, outcome) in updates.iter().zip(&*outcomes) {
        if let (Ok(update), Ok(Change::Delete)) = (update, outcome) {
            going.insert(&update.name);
        }
    }
    let mut coming = BTreeMap::new();
    for (update, outcome) in updates.iter().zip(outcomes) {
        let (Ok(RefUpdate { name, old_id: None, new_id }), Ok(_)) = (update, &*outcome) else {
            continue;
        };
        if let Some(existing) = conflict(current, name, |existing| !going.contains(existing)) {
            *outcome = Err(Rejection::Exists { existing: existing.clone(), name: name.clone() });
        } else if let Some(new_id) = new_id {
            if let Some(other) = conflict(&coming, name, |_| true) {
                *outcome = Err(Rejection::AtTheSameTime { name: name.clone(), other: other.clone() });
            } else {
                coming.insert(name.clone(), *new_id);
            }
        }
    }
}

/// The first of `refs` that stays and is a directory in `name`, or has `name` as a directory.
fn conflict<'a>(
    refs: &'a BTreeMap<RefName, ObjectId>,
    name: &RefName,
    stays: impl Fn(&RefName) -> bool,
) -> Option<&'a RefName> {
    let name = name.as_str();
    let above = name
        .match_indices('/')
        .filter_map(|(slash, _)| refs.get_key_value(name.get(..slash)?))
        .map(|(directory, _)| directory);
    let prefix = format!("{name}/");
    let below = refs
        .range::<str, _>((Bound::Included(prefix.as_str()), Bound::Unbounded))
        .map(|(inside, _)| inside)
        .take_while(|inside| inside.as_str().starts_with(&prefix));
    above.chain(below).find(|found| stays(found))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(name: &str) -> RefName {
        RefName::parse(name.as_bytes(), 255).unwrap()
    }

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn stored(refs: &[(&str, u8)]) -> BTreeMap<RefName, ObjectId> {
        refs.iter().map(|(text, n)| (name(text), id(*n))).collect()
    }

    /// Updates from and to ids written as numbers, 0 being "none".
    fn updates(updates: &[(&str, u8, u8)]) -> Vec<Result<RefUpdate, String>> {
        let wire = |n: u8| (n != 0).then(|| id(n));
        updates
            .iter()
            .map(|(text, old, new)| RefUpdate { name: name(text), old_id: wire(*old), new_id: wire(*new) })
            .map(Ok)
            .collect()
    }

    #[test]
    fn a_ref_moves_from_the_value_that_the_client_named() {
        let current = stored(&[("refs/heads/a", 1), ("refs/heads/b", 1)]);
        let updates = updates(&[("refs/heads/a", 1, 2), ("refs/heads/b", 1, 0), ("refs/heads/c", 0, 3)]);
        let outcomes = decide(&current, &updates, true);
        assert_eq!(outcomes, [Ok(Change::Write(id(2))), Ok(Change::Delete), Ok(Change::Write(id(3)))]);
    }

    #[test]
    fn any_other_old_value_is_refused_and_the_rest_goes_ahead() {
        let current = stored(&[("refs/heads/a", 1), ("refs/heads/b", 1), ("refs/heads/c", 1)]);
        let updates = updates(&[
            ("refs/heads/a", 2, 3),
            ("refs/heads/b", 0, 3),
            ("refs/heads/gone", 1, 3),
            ("refs/heads/c", 2, 0),
            ("refs/heads/d", 0, 3),
        ]);
        assert_eq!(
            decide(&current, &updates, false),
            [
                Err(Rejection::StaleOldValue),
                Err(Rejection::AlreadyExists),
                Err(Rejection::DoesNotExist),
                Err(Rejection::StaleOldValue),
                Ok(Change::Write(id(3))),
            ]
        );
    }

    #[test]
    fn deleting_what_is_not_there_is_fine_only_for_a_client_that_knows_it() {
        let current = stored(&[("refs/heads/a", 1)]);
        let updates = updates(&[("refs/heads/b", 0, 0), ("refs/heads/c", 1, 0), ("refs/heads/a", 0, 0)]);
        assert_eq!(
            decide(&current, &updates, false),
            [Ok(Change::Absent), Err(Rejection::DoesNotExist), Err(Rejection::StaleOldValue)]
        );
    }

    #[test]
    fn what_is_not_there_because_something_is_in_its_way_cannot_be_deleted() {
        let current = stored(&[("refs/heads/a", 1)]);
        let in_the_way = Rejection::Exists { existing: name("refs/heads/a"), name: name("refs/heads/a/b") };
        assert_eq!(decide(&current, &updates(&[("refs/heads/a/b", 0, 0)]), false), [Err(in_the_way)]);
    }

    #[test]
    fn a_directory_and_a_file_of_one_name_cannot_both_be() {
        let current = stored(&[("refs/heads/a", 1), ("refs/heads/d/e/f", 1), ("refs/heads/d-", 1)]);
        let updates = updates(&[("refs/heads/a/b", 0, 2), ("refs/heads/d", 0, 2), ("refs/heads/d/e/g", 0, 2)]);
        let outcomes = decide(&current, &updates, false);
        assert_eq!(
            outcomes[0].as_ref().map_err(ToString::to_string),
            Err("'refs/heads/a' exists; cannot create 'refs/heads/a/b'".to_owned())
        );
        assert_eq!(
            outcomes[1],
            Err(Rejection::Exists { existing: name("refs/heads/d/e/f"), name: name("refs/heads/d") })
        );
        assert_eq!(outcomes[2], Ok(Change::Write(id(2))));
    }

    #[test]
    fn a_deletion_makes_room_wherever_it_stands_in_the_push() {
        let current = stored(&[("refs/heads/a", 1), ("refs/heads/b/c", 1)]);
        let updates = updates(&[
            ("refs/heads/a/b", 0, 2),
            ("refs/heads/a", 1, 0),
            ("refs/heads/b/c", 1, 0),
            ("refs/heads/b", 0, 2),
        ]);
        let made = Ok(Change::Write(id(2)));
        assert_eq!(decide(&current, &updates, true), [made.clone(), Ok(Change::Delete), Ok(Change::Delete), made]);
    }

    #[test]
    fn a_refused_deletion_makes_no_room() {
        let current = stored(&[("refs/heads/a", 1)]);
        let updates = updates(&[("refs/heads/a", 2, 0), ("refs/heads/a/b", 0, 2)]);
        assert!(matches!(
            decide(&current, &updates, false)[..],
            [Err(Rejection::StaleOldValue), Err(Rejection::Exists { .. })]
        ));
    }

    #[test]
    fn of_two_new_refs_in_each_others_way_the_first_is_made() {
        let updates = updates(&[("refs/heads/a/b", 0, 1), ("refs/heads/a", 0, 1)]);
        assert_eq!(
            decide(&BTreeMap::new(), &updates, false),
            [
                Ok(Change::Write(id(1))),
                Err(Rejection::AtTheSameTime { name: name("refs/heads/a"), other: name("refs/heads/a/b") })
            ]
        );
    }

    #[test]
    fn two_updates_of_one_ref_are_both_refused() {
        let updates = updates(&[("refs/heads/a", 0, 1), ("refs/heads/b", 0, 1), ("refs/heads/a", 1, 2)]);
        let twice = Err(Rejection::Duplicate(name("refs/heads/a")));
        assert_eq!(decide(&BTreeMap::new(), &updates, false), [twice.clone(), Ok(Change::Write(id(1))), twice]);
    }

    #[test]
    fn one_refusal_in_an_atomic_push_is_everybodys() {
        let current = stored(&[("refs/heads/a", 1)]);
        let mut updates = updates(&[("refs/heads/b", 0, 2), ("refs/heads/a", 9, 2)]);
        updates.push(Err("bad pack".to_owned()));
        assert_eq!(
            decide(&current, &updates, true),
            [
                Err(Rejection::AtomicPushFailure),
                Err(Rejection::StaleOldValue),
                Err(Rejection::Earlier("bad pack".to_owned()))
            ]
        );
    }

    #[test]
    fn a_ref_directly_below_refs_can_go_but_not_come() {
        let current = stored(&[("refs/stash", 1)]);
        let updates = updates(&[("refs/stash", 1, 0), ("refs/other", 0, 1), ("refs/@", 0, 0)]);
        assert_eq!(
            decide(&current, &updates, false),
            [Ok(Change::Delete), Err(Rejection::FunnyName), Err(Rejection::FunnyName)]
        );
    }
}
