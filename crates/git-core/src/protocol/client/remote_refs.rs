//! The refs of a remote, however it told them.

use super::{RemoteError, RemoteLimits};
use crate::ObjectId;
use crate::refs::{HEAD, RefName};

/// What follows the name of a tag where its object at the end of the chain stands.
const PEELED: &[u8] = b"^{}";

/// All that a remote tells of its refs.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RemoteRefs {
    /// HEAD, if the remote speaks of it.
    pub head: Option<RemoteHead>,
    /// Sorted by name, each name once.
    pub refs: Vec<RemoteRef>,
    /// Refs that are left out, because of their names or because they point at nothing.
    pub n_left_out: usize,
}

/// A remote's HEAD.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteHead {
    /// The ref that it is. `None` when it is detached, when the server does not say (version 0 before Git 1.8.4), and
    /// when it is no ref that can be kept.
    pub target: Option<RefName>,
    /// What it points at; `None` when its branch is not there.
    pub id: Option<ObjectId>,
}

/// A ref of a remote.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RemoteRef {
    /// Full name.
    pub name: RefName,
    /// What it points at.
    pub id: ObjectId,
    /// For an annotated tag, the object at the end of the chain of tags.
    pub peeled_id: Option<ObjectId>,
}

/// Refs as they are told, one by one.
#[derive(Debug)]
pub(super) struct RefList {
    limits: RemoteLimits,
    refs: RemoteRefs,
}

impl RefList {
    pub(super) fn new(limits: RemoteLimits) -> Self {
        Self { limits, refs: RemoteRefs::default() }
    }

    /// Takes a ref.
    ///
    /// A name that no ref can have here costs that one ref and not the fetch, as with git: fetch-pack drops what
    /// `check_refname_format` refuses (`filter_refs`), and so does git-fetch, in words (`get_fetch_map`, "Ignoring funny
    /// ref"). A remote of long standing may hold such a name, and nobody here could rename it. Here names that are not
    /// UTF-8 or too long fall under the same rule. Git tells a ref with a broken name as forty zeros; no id is no want.
    pub(super) fn push(
        &mut self,
        name: &[u8],
        id: Option<ObjectId>,
        peeled_id: Option<ObjectId>,
    ) -> Result<(), RemoteError> {
        if name == HEAD.as_bytes() {
            self.head().id = id;
            return Ok(());
        }
        let n_max = self.limits.n_refs_max;
        if self.refs.refs.len().saturating_add(self.refs.n_left_out) >= n_max {
            return Err(RemoteError::TooMany { kind: "ref", n_max });
        }
        match (RefName::parse(name, self.limits.ref_name_len_max), id) {
            (Ok(name), Some(id)) => self.refs.refs.push(RemoteRef { name, id, peeled_id }),
            _ => self.refs.n_left_out = self.refs.n_left_out.saturating_add(1),
        }
        Ok(())
    }

    /// Takes a line of version 0 that is not a ref's own but says what the ref before it is of; false for another.
    /// Without that ref it says nothing: that was HEAD, or was left out. `capabilities^{}`, where there are no refs, too
    /// is told so.
    pub(super) fn take_peeled(&mut self, name: &[u8], id: Option<ObjectId>) -> bool {
        let Some(name) = name.strip_suffix(PEELED) else { return false };
        if let Some(tag) = self.refs.refs.last_mut().filter(|tag| tag.name.as_str().as_bytes() == name) {
            tag.peeled_id = id;
        }
        true
    }

    /// Takes the ref that HEAD is.
    pub(super) fn set_head_target(&mut self, target: &[u8]) {
        self.head().target = RefName::parse(target, self.limits.ref_name_len_max).ok();
    }

    /// All of them. Of two refs of one name the first counts, as it does when git fetches.
    pub(super) fn finish(mut self) -> RemoteRefs {
        self.refs.refs.sort_by(|a, b| a.name.cmp(&b.name));
        self.refs.refs.dedup_by(|next, kept| next.name == kept.name);
        self.refs
    }

    fn head(&mut self) -> &mut RemoteHead {
        self.refs.head.get_or_insert(RemoteHead { target: None, id: None })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMITS: RemoteLimits =
        RemoteLimits { n_refs_max: 3, ref_name_len_max: 20, n_shallow_max: 0, text_len_max: 0 };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn listed(names: &[&[u8]]) -> Result<RemoteRefs, RemoteError> {
        let mut list = RefList::new(LIMITS);
        for (nth, name) in (1..).zip(names) {
            list.push(name, Some(id(nth)), None)?;
        }
        Ok(list.finish())
    }

    fn names(refs: &RemoteRefs) -> Vec<(&str, ObjectId)> {
        refs.refs.iter().map(|one| (one.name.as_str(), one.id)).collect()
    }

    #[test]
    fn a_name_that_cannot_be_kept_costs_its_ref_alone() {
        let bad: [&[u8]; 5] =
            [b"refs/heads/a..b", b"refs/heads/\xff", b"refs/heads/too-long-a", b"MERGE_HEAD", b"refs/a\0b"];
        for bad in bad {
            let refs = listed(&[b"refs/heads/a", bad, b"refs/heads/b"]).unwrap();
            let kept = [("refs/heads/a", id(1)), ("refs/heads/b", id(3))];
            assert_eq!((names(&refs), refs.n_left_out), (kept.to_vec(), 1), "{}", bad.escape_ascii());
        }
    }

    #[test]
    fn a_ref_that_points_at_nothing_is_left_out() {
        let mut list = RefList::new(LIMITS);
        list.push(b"refs/heads/a", None, None).unwrap();
        assert_eq!(list.finish(), RemoteRefs { n_left_out: 1, ..RemoteRefs::default() });
    }

    #[test]
    fn all_that_are_told_count_and_head_does_not() {
        assert!(listed(&[b"HEAD", b"refs/a", b"bad", b"refs/b"]).is_ok());
        assert_eq!(
            listed(&[b"refs/a", b"bad", b"refs/b", b"worse"]),
            Err(RemoteError::TooMany { kind: "ref", n_max: 3 })
        );
    }

    #[test]
    fn refs_are_sorted_and_the_first_of_a_name_counts() {
        let refs = listed(&[b"refs/b", b"refs/a", b"refs/b"]).unwrap();
        assert_eq!(names(&refs), [("refs/a", id(2)), ("refs/b", id(1))]);
    }

    #[test]
    fn what_a_tag_is_of_belongs_to_the_ref_right_before() {
        let mut list = RefList::new(LIMITS);
        list.push(b"refs/tags/a", Some(id(1)), None).unwrap();
        assert!(list.take_peeled(b"refs/tags/b^{}", Some(id(2))));
        assert!(list.take_peeled(b"refs/tags/a^{}", Some(id(3))));
        assert!(!list.take_peeled(b"refs/tags/a", Some(id(4))));
        let refs = list.finish();
        assert_eq!((refs.refs[0].peeled_id, refs.refs.len(), refs.n_left_out), (Some(id(3)), 1, 0));
    }

    #[test]
    fn head_may_be_at_a_ref_that_cannot_be_kept() {
        let mut list = RefList::new(LIMITS);
        list.set_head_target(b"refs/heads/a..b");
        list.push(b"HEAD", Some(id(1)), None).unwrap();
        assert_eq!(list.finish().head, Some(RemoteHead { target: None, id: Some(id(1)) }));
    }
}
