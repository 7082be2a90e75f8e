//! The index that is stored beside a pack.
//!
//! One byte string, all numbers little-endian. An object's number is its place in the pack. Whatever refers to an object
//! is a number in this pack, or with the top bit set a place in the list of ids outside: an index depends on no other.
//!
//! | section | length | content |
//! |---|---|---|
//! | header | 32 | `AIDX`, format, and the counts: objects n, commits c, parents p, introduced i, tags t, outside o |
//! | fan-out | 1024 | for each first byte of an id, how many ids begin with it or a lower one |
//! | ids | 20 n | sorted |
//! | numbers | 4 n | the object's number, in the order of the ids |
//! | entries | 20 n | in pack order: offset (5), kind (1), object's length (6), base (4; all ones: none), place among the ids (4) |
//! | commits | 28 c | in pack order: number, tree, time (8), generation, end of its parents, end of what it introduces |
//! | parents | 4 p | |
//! | introduced | 4 i | |
//! | tags | 8 t | in pack order: number, target |
//! | outside | 20 o | ids |
//!
//! The base of a delta that is stored with its base's id is among the ids outside even if the pack holds it, so that the
//! index tells which deltas name their bases by distance.

mod assemble;
mod deltas;
mod merge;
mod read;
mod write;

pub use deltas::{DeltaEntry, of_deltas};
pub use merge::merge;
pub use read::{CommitRow, Entry, IndexError, PackIndex, Ref};
pub use write::{IndexWriter, write};

/// Version of the format, kept in the catalog too.
pub const FORMAT: u32 = 1;

const MAGIC: [u8; 4] = *b"AIDX";
const HEADER_LEN: usize = 32;
const FANOUT_LEN: usize = 1024;
const ENTRY_LEN: usize = 20;
const COMMIT_LEN: usize = 28;
const TAG_LEN: usize = 8;
const OUTSIDE: u32 = 1 << 31;
const NO_BASE: u32 = u32::MAX;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;
    use crate::pack::entry::encode_pack_header;
    use crate::pack::introduce::{Introducer, Step};
    use crate::pack::receive::Receiver;
    use crate::pack::select::whole_entry;
    use crate::pack::{Kind, Limits, resolve};
    use crate::sha1::Sha1;

    /// The index of a pack with a blob, a tree of it, a commit of that and a tag of the commit.
    fn tiny() -> Vec<u8> {
        let blob = ObjectId::from_hex(b"2e65efe2a145dda7ee51d1741299f848e5bf752e").unwrap();
        let tree = [b"100644 a\0", &blob.as_bytes()[..]].concat();
        let tree_id = crate::object::ObjectHasher::hash(Kind::Tree, &tree).unwrap();
        let commit = format!("tree {tree_id}\nauthor A <a@b> 1 +0000\ncommitter A <a@b> 2 +0000\n\nc\n");
        let commit_id = crate::object::ObjectHasher::hash(Kind::Commit, commit.as_bytes()).unwrap();
        let tag = format!("object {commit_id}\ntype commit\ntag t\ntagger A <a@b> 3 +0000\n\nt\n");
        let objects = [
            (Kind::Blob, b"a".to_vec()),
            (Kind::Tree, tree),
            (Kind::Commit, commit.into_bytes()),
            (Kind::Tag, tag.into_bytes()),
        ];
        let mut pack = encode_pack_header(4).to_vec();
        pack.extend(objects.into_iter().flat_map(|(kind, content)| whole_entry(kind, &content)));
        pack.extend(Sha1::of(&pack).as_bytes());
        let mut receiver = Receiver::new(Limits::for_tests(), crate::object::fsck::MsgIds::NONE);
        receiver.push(&pack).unwrap();
        let mut resolver = receiver.finish().unwrap();
        assert_eq!(resolver.step(), Ok(resolve::Step::Done));
        let mut introducer = Introducer::new(resolver.finish(), &std::collections::BTreeMap::new());
        assert_eq!(introducer.step(), Ok(Step::Done));
        write(introducer)
    }

    #[test]
    fn the_stored_form_is_pinned() {
        let index = tiny();
        let (fixed, tables) = index.split_at(HEADER_LEN + FANOUT_LEN);
        assert_eq!(
            hex::encode(&fixed[..HEADER_LEN]),
            "4149445801000000040000000100000000000000020000000100000000000000"
        );
        assert_eq!(Sha1::of(fixed).to_hex(), "373d620373876b38c861099789380f0a101b4d53");
        assert_eq!(
            hex::encode(tables),
            "2e65efe2a145dda7ee51d1741299f848e5bf752e8c186e87f357bd90798a91fc51558ddc9dd8975997726e525281e8178ea84d6b405477a899cba79bb39954843ff6e09ec3aa2b942938c30c6bd1629e000000000200000003000000010000000c0000000003010000000000ffffffff000000001600000000021d0000000000ffffffff030000003e0000000001620000000000ffffffff010000009900000000045c0000000000ffffffff020000000200000001000000020000000000000001000000000000000200000001000000000000000300000002000000"
        );
    }

    #[test]
    fn what_was_written_is_read() {
        let index = PackIndex::parse(tiny()).unwrap();
        let commit = index.commit(0).unwrap();
        assert_eq!((index.n_objects(), index.n_commits(), commit.number, commit.time), (4, 1, 2, 2));
        assert_eq!(commit.tree, Ref::Here(1));
        assert_eq!(index.introduced(&commit).collect::<Vec<_>>(), [Ref::Here(1), Ref::Here(0)]);
        assert_eq!(index.tag_target(3), Some(Ref::Here(2)));
        for number in 0..4 {
            assert_eq!(index.find(index.id(number).unwrap()), Some(number));
        }
        assert_eq!((index.id(4), index.entry(4), index.commit(1)), (None, None, None));
    }

    #[test]
    fn other_bytes_are_no_index() {
        let index = tiny();
        let error = |bytes: Vec<u8>| PackIndex::parse(bytes).err();
        assert_eq!(error(b"PACK".to_vec()), Some(IndexError::Magic));
        let (expected, actual) = (index.len() as u64, index.len() as u64 - 1);
        assert_eq!(error(index[..index.len() - 1].to_vec()), Some(IndexError::Len { expected, actual }));
        let mut newer = index;
        newer[4] = 9;
        assert_eq!(error(newer), Some(IndexError::Format(9)));
    }
}
