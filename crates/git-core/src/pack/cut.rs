//! Histories that end in a pack: commits of a client that does not have their parents, pushed to a repository that does not
//! have them either. Source: gitprotocol-pack(5), "shallow" lines of a push; git-config(1), `receive.shallowUpdate`.

use std::collections::{BTreeMap, BTreeSet};

use super::ids::IdNo;
use super::resolved::Resolved;
use crate::ObjectId;

impl Resolved {
    /// Ends the history at those of the client's `shallow` commits that are in this pack and have a parent that is neither
    /// in it nor, as `is_here` says, in the repository; returns them. Their parents are then not [outside](Self::outside).
    pub fn cut(&mut self, shallow: &[ObjectId], is_here: impl Fn(ObjectId) -> bool) -> Vec<ObjectId> {
        let shallow: BTreeSet<IdNo> = shallow.iter().filter_map(|&id| self.received.ids.find(id)).collect();
        let (ids, contents) = (&self.received.ids, &mut self.received.contents);
        let is_missing = |no: &IdNo| ids.entry(*no).is_none() && !ids.id(*no).is_some_and(&is_here);
        let in_pack = contents.commits.iter().filter(|commit| shallow.contains(&commit.id_no));
        let cut = in_pack.filter(|commit| contents.parents_of(commit).any(|parent| is_missing(&parent)));
        let cut: BTreeSet<IdNo> = cut.map(|commit| commit.id_no).collect();
        let cut_ids = cut.iter().filter_map(|&no| ids.id(no)).collect();
        contents.cut = cut;
        cut_ids
    }

    /// Those of `tips` from which a commit is reached, within this pack, at which the history ends.
    pub fn reach_cut(&self, tips: &[ObjectId]) -> BTreeSet<ObjectId> {
        let contents = &self.received.contents;
        let mut children: BTreeMap<IdNo, Vec<IdNo>> = BTreeMap::new();
        let of_commits = contents.commits.iter().map(|commit| (commit.id_no, contents.parents_of(commit)));
        for (child, parent) in of_commits.flat_map(|(child, parents)| parents.map(move |parent| (child, parent))) {
            children.entry(parent).or_default().push(child);
        }
        for (&tag, &target) in &contents.tags {
            children.entry(target).or_default().push(tag);
        }
        let mut reaching = BTreeSet::new();
        let mut stack: Vec<IdNo> = contents.cut.iter().copied().collect();
        while let Some(no) = stack.pop() {
            if reaching.insert(no) {
                stack.extend(children.get(&no).into_iter().flatten());
            }
        }
        let reaches = |id: &ObjectId| self.received.ids.find(*id).is_some_and(|no| reaching.contains(&no));
        tips.iter().copied().filter(reaches).collect()
    }

    /// What nothing but commits at which the history ends refers to, as to their parents.
    pub(super) fn beyond_cut(&self) -> BTreeSet<IdNo> {
        let contents = &self.received.contents;
        if contents.cut.is_empty() {
            return BTreeSet::new();
        }
        let is_cut = |no: IdNo| contents.cut.contains(&no);
        let commits = || contents.commits.iter();
        let all_parents = |commit| contents.all_parents_of(commit);
        let mut beyond: BTreeSet<IdNo> =
            commits().filter(|commit| is_cut(commit.id_no)).flat_map(all_parents).collect();
        for needed in commits().flat_map(|commit| contents.parents_of(commit)).chain(contents.tags.values().copied()) {
            beyond.remove(&needed);
        }
        beyond
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::object::ObjectHasher;
    use crate::pack::entry::encode_pack_header;
    use crate::pack::receive::Receiver;
    use crate::pack::select::whole_entry;
    use crate::pack::{Kind, Limits, resolve};
    use crate::sha1::Sha1;

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn commit(parents: &[ObjectId], message: &str) -> (Kind, Vec<u8>, ObjectId) {
        let parents = parents.iter().map(|id| format!("parent {id}\n")).collect::<Vec<_>>().concat();
        let who = "A <a@b> 1 +0000";
        let text = format!("tree {}\n{parents}author {who}\ncommitter {who}\n\n{message}\n", tree());
        object(Kind::Commit, text)
    }

    fn tag(target: ObjectId) -> (Kind, Vec<u8>, ObjectId) {
        object(Kind::Tag, format!("object {target}\ntype commit\ntag t\ntagger A <a@b> 3 +0000\n\nt\n"))
    }

    fn object(kind: Kind, text: String) -> (Kind, Vec<u8>, ObjectId) {
        let id = ObjectHasher::hash(kind, text.as_bytes()).unwrap();
        (kind, text.into_bytes(), id)
    }

    fn tree() -> ObjectId {
        ObjectHasher::hash(Kind::Tree, b"").unwrap()
    }

    fn resolved(objects: &[&(Kind, Vec<u8>, ObjectId)]) -> Resolved {
        let mut pack = encode_pack_header(u32::try_from(objects.len()).unwrap() + 1).to_vec();
        pack.extend(whole_entry(Kind::Tree, b""));
        pack.extend(objects.iter().flat_map(|(kind, content, _)| whole_entry(*kind, content)));
        pack.extend(Sha1::of(&pack).as_bytes());
        let mut receiver = Receiver::new(Limits::for_tests(), crate::object::fsck::MsgIds::NONE);
        receiver.push(&pack).unwrap();
        let mut resolver = receiver.finish().unwrap();
        assert_eq!(resolver.step(), Ok(resolve::Step::Done));
        resolver.finish()
    }

    #[test]
    fn a_shallow_commit_without_its_parents_ends_the_history() {
        let first = commit(&[id(1), id(2)], "first");
        let second = commit(&[first.2], "second");
        let mut pack = resolved(&[&second, &first]);
        assert_eq!(pack.outside(), [(id(1), Kind::Commit), (id(2), Kind::Commit)]);
        assert_eq!(pack.cut(&[first.2, id(9)], |parent| parent == id(1)), [first.2]);
        assert_eq!(pack.outside(), []);
    }

    #[test]
    fn one_whose_parents_are_here_or_that_is_not_in_the_pack_does_not() {
        let first = commit(&[id(1)], "first");
        let second = commit(&[first.2], "second");
        let mut pack = resolved(&[&first, &second]);
        assert_eq!(pack.cut(&[first.2, second.2, id(1)], |parent| parent == id(1)), []);
        assert_eq!(pack.outside(), [(id(1), Kind::Commit)]);
        assert_eq!(pack.cut(&[second.2], |_| false), [], "it is not what the client called shallow");
    }

    #[test]
    fn what_another_object_needs_is_still_outside() {
        let shallow = commit(&[id(1), id(2), id(3)], "shallow");
        let (other, tag) = (commit(&[id(1)], "other"), tag(id(2)));
        let mut pack = resolved(&[&shallow, &other, &tag]);
        assert_eq!(pack.cut(&[shallow.2], |_| false), [shallow.2]);
        let mut outside = pack.outside();
        outside.sort_unstable();
        assert_eq!(outside, [(id(1), Kind::Commit), (id(2), Kind::Commit)]);
    }

    #[test]
    fn tips_above_the_end_are_told_from_others() {
        let shallow = commit(&[id(1)], "shallow");
        let above = commit(&[id(2), shallow.2], "above");
        let (beside, tag) = (commit(&[id(2)], "beside"), tag(above.2));
        let mut pack = resolved(&[&above, &tag, &beside, &shallow]);
        pack.cut(&[shallow.2], |parent| parent == id(2));
        let reaching = pack.reach_cut(&[shallow.2, above.2, beside.2, tag.2, id(1), id(2)]);
        assert_eq!(reaching, BTreeSet::from([shallow.2, above.2, tag.2]));
    }
}
