//! `/storage` and `/repos/{name}/storage`: what is in R2, and who accounts for it. `npm run audit` compares the two.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::Asked;
use super::query::parameter_error;
use crate::config::{HOLDERS_PER_PAGE, R2_KEY_LEN_MAX, R2_KEYS_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope::{self, CursorInfo};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::call::{HolderKey, RepoAddress};
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
    let cursor = asked.query.get("cursor").filter(|cursor| !cursor.is_empty());
    let after = cursor.map(|cursor| {
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|key| String::from_utf8(key).ok());
        key.filter(|key| key.len() <= R2_KEY_LEN_MAX)
            .ok_or_else(|| parameter_error("cursor", "must be one that this list returned"))
    });
    let page = inventory.list(after.transpose()?).await?;
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
    let (cursor, per_page) = (URL_SAFE_NO_PAD.encode(page.next.unwrap_or_default()), R2_KEYS_MAX.into());
    let info = CursorInfo { cursor, per_page, count: objects.len(), pages: None };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(objects, info)))
}

/// `GET /repos/{name}/storage`, also of a name that no repo has any more: by pages of holders.
pub(super) async fn get<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    name: &RepoName,
) -> Result<Answer, Error> {
    let refused = |refusal| Error::Refused { repo: name.to_string(), refusal };
    let cursor = asked.query.get("cursor").filter(|cursor| !cursor.is_empty());
    let after = cursor.map(|cursor| {
        let key = URL_SAFE_NO_PAD.decode(cursor).ok().and_then(|key| serde_json::from_slice::<HolderKey>(&key).ok());
        key.ok_or_else(|| parameter_error("cursor", "must be one that this list returned"))
    });
    let storage = asked.objects.repo(namespace, name)?.storage(after.transpose()?).await?.map_err(refused)?;
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
    // Texts always serialize.
    let encode = |key: &HolderKey| URL_SAFE_NO_PAD.encode(serde_json::to_vec(key).unwrap_or_default());
    let cursor = storage.next.as_ref().map(encode).unwrap_or_default();
    let info = CursorInfo { cursor, per_page: HOLDERS_PER_PAGE, count: storage.holders.len(), pages: None };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(body, info)))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::http::rest::fixture::{Api, failed};

    const STORAGE: &str = "/client/v4/accounts/abc/artifacts/storage";

    fn list(api: &Api, query: &str) -> (u16, serde_json::Value) {
        let answer = api.answer("GET", &format!("{STORAGE}{query}"), Some("read"), "");
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    #[test]
    fn what_is_stored_is_listed_page_after_page() {
        let api = Api::new();
        let keys = ["other", "v1/r/u/00000", "v1/r/u/index"];
        for key in keys {
            api.store.objects.borrow_mut().insert(key.into(), vec![0; 7]);
        }
        let (status, first) = list(&api, "");
        let cursor = first["result_info"]["cursor"].as_str().unwrap();
        let (_, second) = list(&api, &format!("?cursor={cursor}"));
        let of = |page: &serde_json::Value| page["result"].as_array().unwrap().clone();
        let all = [of(&first), of(&second)].concat();
        assert_eq!(
            (status, all.iter().map(|object| object["key"].clone()).collect::<Vec<_>>()),
            (200, keys.map(|key| json!(key)).to_vec())
        );
        assert_eq!(all[0], json!({"key": "other", "size": 7, "repo_id": null, "upload_id": null, "repo": null}));
        assert_eq!((&all[2]["repo_id"], &all[2]["upload_id"]), (&json!("r"), &json!("u")));
        assert_eq!(second["result_info"]["cursor"], json!(""));
        let (status, refused) = list(&api, "?cursor=%");
        let message = refused["errors"][0]["message"].as_str().unwrap();
        assert_eq!((status, message), (400, "Invalid cursor: must be one that this list returned."));
    }

    #[test]
    fn a_cursor_of_holders_that_is_none_is_told() {
        let api = Api::new();
        api.create("r");
        let wanted = "10100 Invalid cursor: must be one that this list returned.";
        for cursor in ["%", "WyJhIl0", "e30"] {
            assert_eq!(api.error("GET", &format!("/ns/repos/r/storage?cursor={cursor}"), ""), failed(400, wanted));
        }
    }

    #[test]
    fn what_is_stored_is_for_tokens_of_all_namespaces() {
        let api = Api::new();
        assert_eq!(api.answer("GET", STORAGE, Some("only-mine"), "").status, 403);
    }
}
