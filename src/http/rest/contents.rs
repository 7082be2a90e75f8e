//! `/repos/{name}/log`, `/commit/{hash}`, `/tree/{hash}`, `/blob/{hash}`, `/file` and `/raw/{ref}/{path}`: what is in a repo.

use git_core::ObjectId;
use serde::Serialize;

use super::Asked;
use super::query::{number_parameter, parameter_error};
use crate::config::{LOG_LIMIT_DEFAULT, LOG_LIMIT_MAX, LOG_OFFSET_MAX, RAW_REF_PARTS_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::condition::Delivery;
use crate::http::envelope;
use crate::http::served::{ContentType, Served, Streamed};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::contents::{Blob, Contents, ContentsFault, FilePath, HASH_WANTED, Recipient, Revision};
use crate::store::PackStore;

/// A repo, by its names.
type Repo<'a> = (&'a NamespaceName, &'a RepoName);

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
    deliver(asked, contents, blob, FIXED, ContentType::Bytes).await
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
    deliver(asked, contents, blob, CHANGING, ContentType::Bytes).await
}

/// `GET /repos/{name}/raw/{ref}/{path}`. Names of refs have slashes, too: of what may be one the shortest that has such a file is it.
pub(super) async fn raw<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: Repo<'_>,
    segments: &[String],
) -> Result<Served, Error> {
    let address = segments.join("/");
    let ends = segments.iter().take(RAW_REF_PARTS_MAX.min(segments.len().saturating_sub(1))).scan(0, |end, segment| {
        *end += segment.len() + 1;
        Some(*end - 1)
    });
    let splits: Vec<_> = ends.filter_map(|end| Some((address.get(..end)?, address.get(end + 1..)?))).collect();
    let parse = |&(name, path)| Ok::<_, Error>((revision(name)?, path));
    // A name may be too long, but for the first, without which there is none.
    let first = splits.first().map(parse).transpose()?;
    let others = splits.iter().skip(1).filter_map(|split| parse(split).ok());
    let (revisions, paths): (Vec<_>, Vec<_>) = first.into_iter().chain(others).unzip();
    let contents = Contents::open(asked.objects, store, repo, &revisions).await?;
    let mut missing = None;
    for (revision, rest) in revisions.iter().zip(paths).filter(|(revision, _)| contents.has(revision)) {
        let path = path(rest)?;
        if let Some(blob) = contents.blob_at(revision, path).await? {
            return deliver(asked, contents, blob, CHANGING, ContentType::Sniffed).await;
        }
        missing.get_or_insert_with(|| no_file(revision, path));
    }
    let shortest = || segments.first().cloned().unwrap_or_default();
    Err(missing.unwrap_or_else(|| ContentsFault::NoRevision(shortest()).into()))
}

/// How long an answer is good for: at an address that leads to the same bytes for ever, and at another.
const FIXED: &str = "private, max-age=31536000, immutable";
const CHANGING: &str = "private, no-cache";

async fn deliver<O, S: PackStore>(
    asked: &Asked<'_, O>,
    contents: Contents<'_, S>,
    blob: Blob,
    cache_control: &'static str,
    content_type: ContentType,
) -> Result<Served, Error> {
    let etag = format!("\"{}\"", blob.id);
    let delivery = asked.conditions.delivery(&etag, blob.len);
    let named = |status| {
        Answer::empty(status)
            .with_header("etag", etag.clone())
            .with_header("cache-control", cache_control.into())
            .with_header("accept-ranges", "bytes".into())
    };
    let (named, range) = match delivery {
        Delivery::Changed => return Err(Error::Changed { etag }),
        Delivery::NotModified => return Ok(Served::Whole(named(Success::NotModified.status()))),
        Delivery::OutOfRange => return Err(Error::Range { len: blob.len }),
        Delivery::Whole => (named(Success::Ok.status()), 0..blob.len),
        Delivery::Part(range) => {
            let part = format!("bytes {}-{}/{}", range.start, range.end.saturating_sub(1), blob.len);
            (named(Success::PartialContent.status()).with_header("content-range", part), range)
        }
    };
    let head = named
        .with_header("content-length", (range.end - range.start).to_string())
        .with_header("x-content-type-options", "nosniff".into())
        .with_header("content-security-policy", "default-src 'none'; sandbox".into());
    if !contents.is_small(&blob) {
        let (opened, recipient) = (contents.into_opened(), Recipient::Client);
        return Ok(Served::Streamed(Box::new(Streamed { head, content_type, opened, blob, range, recipient })));
    }
    let mut body = contents.bytes(&blob).await?;
    let head = head.of_type(content_type.of(&body, true));
    let index = |offset| usize::try_from(offset).unwrap_or(usize::MAX);
    body.truncate(index(range.end));
    body.drain(..index(range.start).min(body.len()));
    Ok(Served::Whole(Answer { body, ..head }))
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
