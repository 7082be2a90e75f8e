//! Trees, and the way down them to a file.

use git_core::ObjectId;
use git_core::object::tree::{TreeEntries, TreeEntry};
use git_core::pack::Kind;
use git_core::pack::catalog::Place;
use serde::{Serialize, Serializer};

use super::json_len::json_len;
use super::{Contents, ContentsFault, FilePath, Revision};
use crate::config::TREE_JSON_LEN_MAX;
use crate::durable::Failure;
use crate::error::Error;
use crate::store::PackStore;

/// A tree that was read: a list of its entries for who serializes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tree(Vec<u8>);

#[derive(Serialize)]
struct Item<'a> {
    /// What is not UTF-8 is replaced.
    name: std::borrow::Cow<'a, str>,
    mode: &'static str,
    hash: String,
    r#type: &'static str,
}

impl Serialize for Tree {
    fn serialize<T: Serializer>(&self, serializer: T) -> Result<T::Ok, T::Error> {
        // That all can be read was seen before.
        serializer.collect_seq(TreeEntries::new(&self.0).filter_map(Result::ok).map(|entry| item(&entry)))
    }
}

fn item<'a>(entry: &TreeEntry<'a>) -> Item<'a> {
    // As `canon_mode` in git's object.h has it: what is written by other tools is taken for the mode that it comes to.
    let (mode, r#type) = match entry.kind() {
        Some(Kind::Tree) => ("40000", "tree"),
        Some(_) if entry.is_symlink() => ("120000", "symlink"),
        Some(_) if entry.mode & 0o100 != 0 => ("100755", "exec"),
        Some(_) => ("100644", "blob"),
        None => ("160000", "gitlink"),
    };
    Item { name: String::from_utf8_lossy(entry.name), mode, hash: entry.id.to_hex(), r#type }
}

impl<S: PackStore> Contents<'_, S> {
    /// A tree; `None` when it is not there.
    pub(crate) async fn tree(&self, id: ObjectId) -> Result<Option<Tree>, Error> {
        let Some(place) = self.find_kind(id, Kind::Tree)? else { return Ok(None) };
        let content = self.content(place).await?;
        for entry in TreeEntries::new(&content) {
            entry.map_err(stored_tree)?;
        }
        let tree = Tree(content);
        json_len(&tree, TREE_JSON_LEN_MAX).ok_or(ContentsFault::TooLong { id, len_max: TREE_JSON_LEN_MAX })?;
        Ok(Some(tree))
    }

    /// The file at a path, which may be a symbolic link; `None` when the revision or the path leads to none.
    pub(super) async fn file(&self, revision: &Revision, path: FilePath<'_>) -> Result<Option<Place>, Error> {
        let Some(mut at) = self.find(revision).and_then(|named| self.root(named)) else { return Ok(None) };
        for name in path.as_str().split('/') {
            if self.kind(at)? != Kind::Tree {
                return Ok(None);
            }
            let content = self.content(at).await?;
            let entry = TreeEntries::new(&content)
                .find(|entry| entry.as_ref().map_or(true, |entry| entry.name == name.as_bytes()));
            let Some(entry) = entry.transpose().map_err(stored_tree)? else { return Ok(None) };
            // The commit of a submodule is not here.
            if entry.kind().is_none() {
                return Ok(None);
            }
            let found = self.catalog.packs.find(entry.id);
            at = found.ok_or_else(|| Failure::shape("a closed catalog", entry.id))?;
        }
        Ok((self.kind(at)? == Kind::Blob).then_some(at))
    }

    /// The tree that a commit, a tag of one, or a tree itself stands for.
    fn root(&self, named: Place) -> Option<Place> {
        let named = self.catalog.packs.peel(named);
        match self.catalog.packs.commit(named) {
            Some(row) => self.catalog.packs.resolve(named.pack, row.tree),
            None => Some(named),
        }
    }
}

fn stored_tree(error: git_core::object::ObjectError) -> Failure {
    Failure::shape("a stored tree", error)
}
