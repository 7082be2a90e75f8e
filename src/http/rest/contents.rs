//! `/repos/{name}/log`, `/commit/{hash}`, `/tree/{hash}`, `/blob/{hash}`, `/file` and `/raw/{ref}/{path}`: what is in a repo.

use std::ops::Range;

use git_core::ObjectId;
use serde::Serialize;

use super::Asked;
use super::query::{number_parameter, parameter_error};
use crate::config::{LOG_LIMIT_DEFAULT, LOG_LIMIT_MAX, LOG_OFFSET_MAX, REF_NAME_LEN_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::condition::Delivery;
use crate::http::envelope;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::contents::{Blob, Contents, ContentsFault, FilePath, HASH_WANTED, Revision, media_type};
use crate::repo::Opened;
use crate::store::PackStore;

/// A repo, by its names.
type Repo<'a> = (&'a NamespaceName, &'a RepoName);

/// An answer, or the head of one and the large file that it is to bring.
pub(crate) enum Served {
    Whole(Answer),
    Streamed { head: Answer, opened: Box<Opened>, blob: Blob, range: Range<u64> },
}

/// Where a page of a log stands.
#[derive(Debug, Serialize)]
struct LogInfo {
    limit: u64,
    offset: u64,
    count: usize,
}

/// `GET /repos/{name}/log`
pub(super) async fn log<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
) -> Result<Answer, Error> {
    let revision = match asked.query.get("ref") {
        Some(text) => revision(text)?,
        None => Revision::head(),
    };
    let limit = number_parameter(&asked.query, "limit", 1..=LOG_LIMIT_MAX, LOG_LIMIT_DEFAULT)?;
    let offset = number_parameter(&asked.query, "offset", 0..=LOG_OFFSET_MAX, 0)?;
    let contents = Contents::open(asked.objects, store, repo, std::slice::from_ref(&revision)).await?;
    let log = contents.log(&revision, limit, offset).await?;
    let info = LogInfo { limit, offset, count: log.len() };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(log, info)))
}

/// `GET /repos/{name}/commit/{hash}`
pub(super) async fn commit<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
    hash: &str,
) -> Result<Answer, Error> {
    let id = parse_id(hash)?;
    let commit = Contents::open(asked.objects, store, repo, &[]).await?.commit(id).await?;
    let commit = commit.ok_or(ContentsFault::NoObject(id))?;
    Ok(Answer::json(Success::Ok.status(), &envelope::success(commit)))
}

/// `GET /repos/{name}/tree/{hash}`
pub(super) async fn tree<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
    hash: &str,
) -> Result<Answer, Error> {
    let id = parse_id(hash)?;
    let tree = Contents::open(asked.objects, store, repo, &[]).await?.tree(id).await?;
    Ok(Answer::json(Success::Ok.status(), &envelope::success(tree.ok_or(ContentsFault::NoObject(id))?)))
}

/// `GET /repos/{name}/blob/{hash}`
pub(super) async fn blob<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
    hash: &str,
) -> Result<Served, Error> {
    let id = parse_id(hash)?;
    let contents = Contents::open(asked.objects, store, repo, &[]).await?;
    let blob = contents.blob(id)?.ok_or(ContentsFault::NoObject(id))?;
    deliver(asked, contents, blob, Shown::AsBytes { is_fixed: true }).await
}

/// `GET /repos/{name}/file?ref=&path=`
pub(super) async fn file<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
) -> Result<Served, Error> {
    let required = |name| asked.query.get(name).ok_or_else(|| parameter_error(name, "is required"));
    let revision = revision(required("ref")?)?;
    let path = path(required("path")?)?;
    let contents = Contents::open(asked.objects, store, repo, std::slice::from_ref(&revision)).await?;
    let Some(blob) = contents.blob_at(&revision, path).await? else {
        return Err(no_file(&revision, path));
    };
    deliver(asked, contents, blob, Shown::AsBytes { is_fixed: false }).await
}

/// `GET /repos/{name}/raw/{ref}/{path}`. Names of refs have slashes, too: of what may be one the shortest that is there is it.
pub(super) async fn raw<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
    segments: &[String],
) -> Result<Served, Error> {
    let splits = (1..segments.len()).filter_map(|n| segments.split_at_checked(n));
    let splits = splits.map(|(name, path)| (name.join("/"), path.join("/")));
    let splits: Vec<_> = splits.take_while(|(name, _)| name.len() <= REF_NAME_LEN_MAX).collect();
    let revisions = splits.iter().map(|(name, _)| revision(name)).collect::<Result<Vec<_>, _>>()?;
    let contents = Contents::open(asked.objects, store, repo, &revisions).await?;
    let found = revisions.iter().zip(&splits).find(|(revision, _)| contents.has(revision));
    let Some((revision, (_, rest))) = found else {
        let shortest = segments.first().cloned().unwrap_or_default();
        return Err(ContentsFault::NoRevision(shortest).into());
    };
    let path = path(rest)?;
    let Some(blob) = contents.blob_at(revision, path).await? else {
        return Err(no_file(revision, path));
    };
    deliver(asked, contents, blob, Shown::ByType).await
}

/// How a file is shown.
#[derive(Clone, Copy)]
enum Shown {
    /// `is_fixed` when the address always leads to the same bytes.
    AsBytes { is_fixed: bool },
    /// As what its first bytes tell.
    ByType,
}

async fn deliver<O, S: PackStore>(
    asked: &Asked<'_, O>,
    contents: Contents<'_, S>,
    blob: Blob,
    shown: Shown,
) -> Result<Served, Error> {
    let etag = format!("\"{}\"", blob.id);
    let cache_control = match shown {
        Shown::AsBytes { is_fixed: true } => "private, max-age=31536000, immutable",
        _ => "private, no-cache",
    };
    let head = |status| {
        Answer::empty(status)
            .with_header("etag", etag.clone())
            .with_header("cache-control", cache_control.into())
            .with_header("accept-ranges", "bytes".into())
    };
    let (status, range) = match asked.conditions.delivery(&etag, blob.len) {
        Delivery::NotModified => return Ok(Served::Whole(head(Success::NotModified.status()))),
        Delivery::OutOfRange => return Err(Error::Range { len: blob.len }),
        Delivery::Whole => (Success::Ok.status(), 0..blob.len),
        Delivery::Part(range) => (Success::PartialContent.status(), range),
    };
    let is_part = (range.end - range.start) < blob.len;
    let small = if contents.is_small(&blob) { Some(contents.bytes(&blob).await?) } else { None };
    let content_type = match (shown, &small) {
        (Shown::AsBytes { .. }, _) => "application/octet-stream",
        (Shown::ByType, Some(bytes)) => media_type(bytes, true),
        (Shown::ByType, None) => media_type(&contents.first_bytes(&blob).await?, false),
    };
    let mut head = head(status)
        .with_header("content-type", content_type.into())
        .with_header("content-length", (range.end - range.start).to_string())
        .with_header("x-content-type-options", "nosniff".into())
        .with_header("content-security-policy", "default-src 'none'; sandbox".into());
    if is_part {
        let last = range.end.saturating_sub(1);
        head = head.with_header("content-range", format!("bytes {}-{last}/{}", range.start, blob.len));
    }
    Ok(match small {
        Some(mut bytes) => {
            let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
            bytes.truncate(index(range.end));
            bytes.drain(..index(range.start).min(bytes.len()));
            Served::Whole(Answer { body: bytes, ..head })
        }
        None => Served::Streamed { head, opened: Box::new(contents.into_opened()), blob, range },
    })
}

fn no_file(revision: &Revision, path: FilePath<'_>) -> Error {
    ContentsFault::NoFile { revision: revision.as_str().to_owned(), path: path.as_str().to_owned() }.into()
}

/// An id as it stands in an address.
fn parse_id(hash: &str) -> Result<ObjectId, Error> {
    ObjectId::from_hex(hash.as_bytes()).map_err(|_| parameter_error("hash", HASH_WANTED))
}

fn revision(text: &str) -> Result<Revision, Error> {
    Revision::parse(text).map_err(|why| parameter_error("ref", &why.to_string()))
}

fn path(text: &str) -> Result<FilePath<'_>, Error> {
    FilePath::parse(text).map_err(|why| parameter_error("path", &why.to_string()))
}
