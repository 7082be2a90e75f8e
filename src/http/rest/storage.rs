//! `/storage` and `/repos/{name}/storage`: what is in R2, and who accounts for it. `npm run audit` compares the two.

use serde::Serialize;

use super::Asked;
use crate::config::R2_KEYS_MAX;
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope::{self, CursorInfo};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::call::RepoAddress;
use crate::store::inventory::Inventory;

/// An object in R2.
#[derive(Debug, Serialize)]
struct Object<'a> {
    key: &'a str,
    size: u64,
    /// Absent when the key is none of ours.
    repo_id: Option<&'a str>,
    upload_id: Option<&'a str>,
    /// The repo that it belongs to, as `namespace/repo`; others may have had the name since.
    repo: Option<&'a str>,
}

/// What a repo's object accounts for: that of all repos that have had the name.
#[derive(Debug, Serialize)]
struct Storage<'a> {
    packs: Vec<Pack<'a>>,
    holders: Vec<Holder<'a>>,
    uploads: Vec<Upload<'a>>,
}

#[derive(Debug, Serialize)]
struct Pack<'a> {
    repo_id: &'a str,
    owner: Place<'a>,
    upload_id: &'a str,
    segments: u64,
}

#[derive(Debug, Serialize)]
struct Holder<'a> {
    owner_id: &'a str,
    upload_id: &'a str,
    repo: Place<'a>,
    /// Whether it is still to be asked if it has come to be.
    unchecked: bool,
}

#[derive(Debug, Serialize)]
struct Upload<'a> {
    repo_id: &'a str,
    upload_id: &'a str,
}

/// A repo, by id and by the name that it has or had.
#[derive(Debug, Serialize)]
struct Place<'a> {
    namespace: &'a str,
    name: &'a str,
    id: &'a str,
}

impl<'a> Place<'a> {
    fn of(address: &'a RepoAddress) -> Self {
        Self { namespace: &address.namespace, name: &address.name, id: &address.repo_id }
    }
}

/// `GET /storage`
pub(super) async fn list<O>(asked: &Asked<'_, O>, inventory: &impl Inventory) -> Result<Answer, Error> {
    let cursor = asked.query.get("cursor").filter(|cursor| !cursor.is_empty()).cloned();
    let page = inventory.list(cursor).await?;
    let objects: Vec<_> = page
        .objects
        .iter()
        .map(|object| Object {
            key: &object.key,
            size: object.size,
            repo_id: object.upload.as_ref().map(|(repo_id, _)| repo_id.as_str()),
            upload_id: object.upload.as_ref().map(|(_, upload_id)| upload_id.as_str()),
            repo: object.repo.as_deref(),
        })
        .collect();
    let (cursor, per_page) = (page.next.unwrap_or_default(), R2_KEYS_MAX.into());
    let info = CursorInfo { cursor, per_page, count: objects.len(), pages: None };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(objects, info)))
}

/// `GET /repos/{name}/storage`, also of a name that no repo has any more.
pub(super) async fn get<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    name: &RepoName,
) -> Result<Answer, Error> {
    let refused = |refusal| Error::Refused { repo: name.to_string(), refusal };
    let storage = asked.objects.repo(namespace, name)?.storage().await?.map_err(refused)?;
    let packs = storage.packs.iter().map(|pack| Pack {
        repo_id: &pack.repo_id,
        owner: Place::of(&pack.owner),
        upload_id: &pack.upload_id,
        segments: pack.n_segments,
    });
    let holders = storage.holders.iter().map(|row| Holder {
        owner_id: &row.owner_repo_id,
        upload_id: &row.upload_id,
        repo: Place::of(&row.holder),
        unchecked: row.is_unchecked,
    });
    let uploads =
        storage.uploads.iter().map(|upload| Upload { repo_id: &upload.repo_id, upload_id: &upload.upload_id });
    let body = Storage { packs: packs.collect(), holders: holders.collect(), uploads: uploads.collect() };
    Ok(Answer::json(Success::Ok.status(), &envelope::success(body)))
}
