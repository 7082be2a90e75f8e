//! Commits, one by one and along the first parents.

use git_core::ObjectId;
use git_core::object::commit::{CommitText, Person};
use git_core::pack::Kind;
use git_core::pack::catalog::Place;
use serde::Serialize;

use super::json_len::json_len;
use super::{Contents, ContentsFault, Revision};
use crate::config::{COMMITS_LEN_MAX, OBJECT_RESIDENT_MAX};
use crate::durable::Failure;
use crate::error::Error;
use crate::store::PackStore;

/// A commit as the binding's types and the REST API have it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct CommitMetadata {
    pub(super) hash: String,
    pub(super) tree_hash: String,
    /// Without the newline that ends it.
    pub(super) message: String,
    pub(super) author: PersonName,
    pub(super) committer: PersonName,
    pub(super) parents: Vec<String>,
    /// Unix seconds.
    pub(super) authored_at: i64,
    pub(super) committed_at: i64,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct PersonName {
    pub(super) name: String,
    pub(super) email: String,
}

impl<S: PackStore> Contents<'_, S> {
    /// A commit; `None` when it is not there.
    pub(crate) async fn commit(&self, id: ObjectId) -> Result<Option<CommitMetadata>, Error> {
        match self.find_kind(id, Kind::Commit)? {
            Some(place) => {
                let commit = self.metadata(place).await?;
                let len = json_len(&commit, COMMITS_LEN_MAX);
                len.ok_or(ContentsFault::TooLong { id, len_max: COMMITS_LEN_MAX })?;
                Ok(Some(commit))
            }
            None => Ok(None),
        }
    }

    /// Commits along the first parents, the newest first; none of a default branch that is not there yet.
    pub(crate) async fn log(&self, revision: &Revision, limit: u64, offset: u64) -> Result<Vec<CommitMetadata>, Error> {
        let Some(tip) = self.find(revision) else {
            if revision.is_default(&self.opened.snapshot) {
                return Ok(Vec::new());
            }
            return Err(ContentsFault::NoRevision(revision.as_str().to_owned()).into());
        };
        let tip = self.catalog.packs.peel(tip);
        if self.kind(tip)? != Kind::Commit {
            return Err(ContentsFault::Kind { id: self.id(tip)?, found: self.kind(tip)?, wanted: Kind::Commit }.into());
        }
        let (skipped, taken) = (usize::try_from(offset).unwrap_or(usize::MAX), usize::try_from(limit).unwrap_or(0));
        let chain = std::iter::successors(Some(tip), |&commit| self.first_parent(commit));
        let places: Vec<Place> = chain.skip(skipped).take(taken).collect();
        let lens = places.iter().filter_map(|&place| self.catalog.packs.entry(place)).map(|entry| entry.object_len);
        let too_large = ContentsFault::LogTooLarge { len_max: COMMITS_LEN_MAX };
        if lens.sum::<u64>() > COMMITS_LEN_MAX {
            return Err(too_large.into());
        }
        let (mut log, mut rest, mut room) = (Vec::new(), &places[..], COMMITS_LEN_MAX);
        while !rest.is_empty() {
            let (ready, later) = rest.split_at(self.catalog.read_ahead(rest).await?);
            for &place in ready {
                let commit = self.metadata(place).await?;
                room -= json_len(&commit, room).ok_or_else(|| too_large.clone())?;
                log.push(commit);
            }
            rest = later;
        }
        Ok(log)
    }

    pub(super) fn first_parent(&self, commit: Place) -> Option<Place> {
        let row = self.catalog.packs.commit(commit)?;
        self.catalog.packs.parents(commit, &row).next()?
    }

    pub(super) async fn metadata(&self, commit: Place) -> Result<CommitMetadata, Error> {
        let id = self.id(commit)?;
        let content = self.catalog.object(commit).await?;
        let (_, content) = content.ok_or(ContentsFault::TooLarge { id, len_max: OBJECT_RESIDENT_MAX })?;
        let text = CommitText::parse(&content).map_err(|error| Failure::shape("a stored commit", error))?;
        let charset = text.encoding;
        let person = |person: Person<'_>| PersonName {
            name: decode(person.name, charset),
            email: decode(person.email, charset),
        };
        Ok(CommitMetadata {
            hash: id.to_hex(),
            tree_hash: text.commit.tree_id.to_hex(),
            message: decode(text.message.strip_suffix(b"\n").unwrap_or(text.message), charset),
            author: person(text.author),
            committer: person(text.committer),
            parents: text.commit.parent_ids.iter().map(ObjectId::to_hex).collect(),
            authored_at: text.author.time,
            committed_at: text.committer.time,
        })
    }
}

/// Text in its commit's charset. Of other charsets than these two what is not UTF-8 is replaced.
fn decode(bytes: &[u8], charset: Option<&[u8]>) -> String {
    const LATIN_1: [&[u8]; 4] = [b"iso-8859-1", b"iso8859-1", b"latin1", b"latin-1"];
    let is_latin_1 = charset.is_some_and(|charset| LATIN_1.iter().any(|name| name.eq_ignore_ascii_case(charset)));
    match core::str::from_utf8(bytes) {
        Ok(text) if !is_latin_1 => text.to_owned(),
        _ if is_latin_1 => bytes.iter().copied().map(char::from).collect(),
        _ => String::from_utf8_lossy(bytes).into_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_read_in_its_charset() {
        assert_eq!(decode("é".as_bytes(), None), "é");
        assert_eq!(decode(b"\xe9", Some(b"ISO-8859-1")), "é");
        assert_eq!(decode(b"\xe9", Some(b"koi8-r")), "\u{fffd}");
    }
}
