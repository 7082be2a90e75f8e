//! `/repos/{name}/pushes`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};

use super::Asked;
use super::query::{number_parameter, parameter_error};
use crate::config::{PUSHES_PER_PAGE_DEFAULT, PUSHES_PER_PAGE_MAX};
use crate::durable::INTEGER_MAX;
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope::{self, CursorInfo};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::get_repo::refused;
use crate::repo::call::{MovedRef, PushRecord};
use crate::time::iso;

/// A push that was accepted, as callers see it.
#[derive(Debug, Serialize)]
struct LogEntry<'a> {
    /// Counts from 1 in each repo.
    id: u64,
    pushed_at: String,
    token_id: &'a str,
    push_options: &'a [String],
    /// The refs that moved, or the first of them.
    refs: &'a [MovedRef],
    ref_count: u64,
    /// Whether there are more than `refs` tells.
    truncated: bool,
    /// Bytes of the pack that is kept of it, and objects in that.
    pack_size: u64,
    objects: u64,
}

/// Where a page of the log begins: opaque to callers.
#[derive(Debug, Serialize, Deserialize)]
struct Cursor {
    pushes_before: u64,
}

/// `GET /repos/{name}/pushes`
pub(super) async fn list<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    repo: &RepoName,
) -> Result<Answer, Error> {
    let per_page = number_parameter(&asked.query, "limit", 1..=PUSHES_PER_PAGE_MAX, PUSHES_PER_PAGE_DEFAULT)?;
    let cursor = asked.query.get("cursor").filter(|cursor| !cursor.is_empty());
    let cursor_error = || parameter_error("cursor", "must be one that a list of pushes returned");
    let before = cursor.map(|text| decode(text).ok_or_else(cursor_error)).transpose()?;
    let listed = asked.objects.repo(namespace, repo)?.list_pushes(per_page, before).await?;
    let listed = match listed {
        Ok(listed) => listed,
        Err(refusal) => return Err(refused(asked.objects, namespace, repo, refusal).await?),
    };
    let pushes: Vec<LogEntry<'_>> = listed.pushes.iter().map(push).collect();
    let info =
        CursorInfo { cursor: listed.next.map(encode).unwrap_or_default(), per_page, count: pushes.len(), pages: None };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(pushes, info)))
}

fn push(record: &PushRecord) -> LogEntry<'_> {
    LogEntry {
        id: record.push_seq,
        pushed_at: iso(record.pushed_at),
        token_id: &record.token_id,
        push_options: &record.options,
        refs: &record.refs,
        ref_count: record.n_refs,
        truncated: (record.refs.len() as u64) < record.n_refs,
        pack_size: record.pack_len,
        objects: record.n_objects,
    }
}

fn encode(pushes_before: u64) -> String {
    // A plain struct of numbers always serializes.
    URL_SAFE_NO_PAD.encode(serde_json::to_vec(&Cursor { pushes_before }).unwrap_or_default())
}

fn decode(cursor: &str) -> Option<u64> {
    let cursor: Cursor = serde_json::from_slice(&URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    Some(cursor.pushes_before).filter(|&before| before <= INTEGER_MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::durable::ready;
    use crate::http::rest::fixture::{Api, failed};
    use crate::repo::call::{Commit, NewPack, PackInfo, ShallowChange, Update, View};
    use crate::token::TokenSecret;

    const MAIN: &str = "refs/heads/main";

    /// A push of a pack with three objects that moves refs to this id, as a Worker would commit it.
    fn push(api: &Api, token: &str, names: &[String], id: u8) {
        let (namespace, name) = (NamespaceName::parse("ns").unwrap(), RepoName::parse("r").unwrap());
        let repo = api.objects.repo(&namespace, &name).unwrap();
        let token_sha256 = TokenSecret::parse(token).unwrap().sha256();
        let opened = ready(repo.open(token_sha256.clone(), View::Push)).unwrap().unwrap().snapshot;
        let update = |name: &String| Update {
            name: name.clone(),
            old_id: opened.refs.iter().find(|row| row.name == *name).map(|row| row.id.clone()),
            new_id: Some(hex::encode([id; 20])),
            peeled: None,
            refused: None,
        };
        let pack = PackInfo {
            format: 1,
            n_objects: 3,
            pack_len: 500,
            index_len: 100,
            segment_len: 4096,
            trailer: "aa".repeat(20),
            thin: false,
        };
        let commit = Commit {
            repo_id: opened.repo_id.clone(),
            token_sha256,
            upload_id: opened.upload_id.clone().unwrap(),
            pack: Some(NewPack { pack, inline: false }),
            updates: names.iter().map(update).collect(),
            atomic: false,
            relies_on: Vec::new(),
            still_reached: Vec::new(),
            heads: None,
            shallow: ShallowChange::default(),
            options: vec!["ci.skip".into()],
        };
        assert!(ready(repo.commit(commit, None)).unwrap().unwrap().outcomes.iter().all(Option::is_none));
    }

    #[test]
    fn pushes_are_listed_newest_first() {
        let api = Api::new();
        let token = api.create("r")["token"].as_str().unwrap().to_owned();
        let (_, tokens) = api.call("GET", "/ns/repos/r/tokens", "");
        let token_id = tokens["result"][0]["id"].clone();
        for id in 1..=3 {
            push(&api, &token, &[MAIN.into()], id);
            api.objects.wait(1000);
        }
        let (status, page) = api.call("GET", "/ns/repos/r/pushes?limit=2", "");
        assert_eq!(status, 200, "{page}");
        let told = |id: u64, old: Value, new: &str, second: u64| {
            json!({
                "id": id, "pushed_at": format!("2025-10-09T08:53:2{second}.000Z"), "token_id": token_id,
                "push_options": ["ci.skip"],
                "refs": [{"name": MAIN, "old_id": old, "new_id": new.repeat(20)}],
                "ref_count": 1, "truncated": false, "pack_size": 500, "objects": 3,
            })
        };
        assert_eq!(
            page["result"],
            json!([told(3, json!("02".repeat(20)), "03", 2), told(2, json!("01".repeat(20)), "02", 1)])
        );
        let cursor = page["result_info"]["cursor"].as_str().unwrap().to_owned();
        assert_eq!(page["result_info"], json!({"cursor": cursor, "per_page": 2, "count": 2}));
        push(&api, &token, &[MAIN.into()], 4);
        let (_, rest) = api.call("GET", &format!("/ns/repos/R/pushes?cursor={cursor}"), "");
        assert_eq!(rest["result"], json!([told(1, Value::Null, "01", 0)]));
        assert_eq!(rest["result_info"], json!({"cursor": "", "per_page": 50, "count": 1}));
    }

    #[test]
    fn a_push_of_many_refs_tells_the_first_of_them() {
        let api = Api::new();
        let token = api.create("r")["token"].as_str().unwrap().to_owned();
        let names: Vec<String> = (0..500).map(|n| format!("refs/tags/{n:03}")).collect();
        push(&api, &token, &names, 1);
        let pushed = api.call("GET", "/ns/repos/r/pushes", "").1["result"][0].clone();
        assert_eq!((&pushed["ref_count"], &pushed["truncated"]), (&json!(500), &json!(true)));
        let refs = pushed["refs"].as_array().unwrap();
        assert!((200..500).contains(&refs.len()) && refs[0]["name"] == "refs/tags/000", "{}", refs.len());
    }

    #[test]
    fn a_list_that_cannot_be_is_told_why() {
        let api = Api::new();
        let gone = failed(404, "10200 Repository not found: r.");
        assert_eq!(api.error("GET", "/ns/repos/r/pushes", ""), gone);
        api.create("r");
        assert_eq!(api.call("GET", "/ns/repos/r/pushes", "").1["result"], json!([]));
        assert_eq!(
            api.answer("GET", &format!("{}/ns/repos/r/pushes", crate::http::rest::fixture::BASE), Some("read"), "")
                .status,
            200
        );
        let limit = failed(400, "10100 Invalid limit: must be between 1 and 100.");
        assert_eq!(api.error("GET", "/ns/repos/r/pushes?limit=101", ""), limit);
        let cursor = failed(400, "10100 Invalid cursor: must be one that a list of pushes returned.");
        for wrong in ["x", "e30", &encode(INTEGER_MAX + 1)] {
            assert_eq!(api.error("GET", &format!("/ns/repos/r/pushes?cursor={wrong}"), ""), cursor);
        }
        let (_, post) = api.call("POST", "/ns/repos/r/pushes", "");
        assert_eq!(post["errors"][0]["code"], json!(10_405));
    }
}
