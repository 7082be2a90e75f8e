//! The messages: an envelope that tells what happened to which repo, and what is to be said of it.

use git_core::ObjectId;
use serde::Serialize;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use crate::config::{EVENTS_QUEUE, QUEUE_MESSAGE_LEN_MAX};
use crate::ops::contents::Pushed;
use crate::repo::call::{NewToken, RepoInfo};
use crate::time::iso;
use crate::witness::{Deed, Moved};

/// Whom a message is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct About<'a> {
    pub(crate) account_id: &'a str,
    pub(crate) namespace: &'a str,
    pub(crate) repo: &'a str,
    /// Unix milliseconds.
    pub(crate) now: u64,
}

/// An import that is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Imported {
    pub(crate) info: RepoInfo,
    pub(crate) url: String,
    /// `refs/heads/main`.
    pub(crate) branch: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Told<'a> {
    repo_id: &'a str,
    default_branch: &'a str,
    description: Option<&'a str>,
    read_only: bool,
    created_at: String,
    updated_at: String,
    last_push_at: Option<String>,
}

impl<'a> Told<'a> {
    fn of(info: &'a RepoInfo) -> Self {
        Self {
            repo_id: &info.repo_id,
            default_branch: &info.default_branch,
            description: info.description.as_deref(),
            read_only: info.read_only,
            created_at: iso(info.created_at),
            updated_at: iso(info.updated_at),
            last_push_at: info.last_push_at.map(iso),
        }
    }
}

/// What is said of something that was done, but for pushes: of these see [`push`].
pub(super) fn of_deed(about: About<'_>, deed: &Deed) -> Vec<Value> {
    match deed {
        Deed::Created(info, token) => {
            vec![lifecycle(about, "created", &json!(Told::of(info))), token_created(about, token)]
        }
        Deed::ImportBegun(token) | Deed::TokenCreated(token) => vec![token_created(about, token)],
        Deed::Forked(fork, token) => {
            let mut payload = json!(Told::of(fork));
            (payload["namespace"], payload["repoName"]) = (json!(fork.namespace), json!(fork.name));
            let of_fork = About { namespace: &fork.namespace, repo: &fork.name, ..about };
            vec![lifecycle(about, "forked", &payload), token_created(of_fork, token)]
        }
        Deed::Deleted(info) => vec![lifecycle(about, "deleted", &json!(Told::of(info)))],
        Deed::Pushed { .. } => Vec::new(),
        Deed::Cloned => vec![activity(about, "cloned", &json!({}))],
        Deed::Fetched => vec![activity(about, "fetched", &json!({}))],
        Deed::TokenRevoked { token_id } => {
            vec![activity(about, "token.revoked", &json!({ "tokenId": token_id }))]
        }
    }
}

/// What is said of an import that is over.
pub(crate) fn of_import(account_id: &str, now: u64, imported: &Imported) -> Value {
    let Imported { info, url, branch } = imported;
    let about = About { account_id, namespace: &info.namespace, repo: &info.name, now };
    let mut payload = json!(Told::of(info));
    let branch = branch.strip_prefix("refs/heads/").unwrap_or(branch);
    (payload["sourceUrl"], payload["branch"]) = (json!(url), json!(branch));
    lifecycle(about, "imported", &payload)
}

/// What is said of a ref that was moved.
pub(super) fn push(about: About<'_>, moved: &Moved, commits: &Pushed) -> Value {
    let id = |id: Option<ObjectId>| id.map_or_else(|| ObjectId::ZERO_HEX.to_owned(), |id| id.to_hex());
    let mut listed = commits.commits.as_slice();
    loop {
        let payload = json!({
            "ref": moved.name,
            "before": id(moved.before),
            "after": id(moved.after),
            "commits": listed,
            "totalCommitsCount": commits.total,
            "commitsTruncated": commits.is_unread || commits.total > listed.len() as u64,
        });
        let message = activity(about, "pushed", &payload);
        if listed.is_empty() || message.to_string().len() <= QUEUE_MESSAGE_LEN_MAX {
            return message;
        }
        listed = listed.get(..listed.len() / 2).unwrap_or_default();
    }
}

fn token_created(about: About<'_>, token: &NewToken) -> Value {
    let payload = json!({ "tokenId": token.id, "scope": token.scope, "expiresAt": iso(token.expires_at) });
    activity(about, "token.created", &payload)
}

/// An event of the account's source `artifacts`.
fn lifecycle(about: About<'_>, word: &str, payload: &Value) -> Value {
    envelope(about, "artifacts", word, payload)
}

/// An event of a repo's source `artifacts.repo`.
fn activity(about: About<'_>, word: &str, payload: &Value) -> Value {
    envelope(about, "artifacts.repo", word, payload)
}

fn envelope(about: About<'_>, source: &str, word: &str, payload: &Value) -> Value {
    let About { account_id, namespace, repo, now } = about;
    json!({
        "type": format!("cf.artifacts.repo.{word}"),
        "source": { "type": source, "namespace": namespace, "repoName": repo },
        "payload": payload,
        "metadata": {
            "accountId": account_id,
            "eventSubscriptionId": subscription_id(account_id),
            "eventSchemaVersion": 1,
            "eventTimestamp": iso(now),
        },
    })
}

/// There is one subscription, which is the binding: its id is always the same and no other deployment's.
fn subscription_id(account_id: &str) -> String {
    let digest = Sha256::digest(format!("{account_id}/{EVENTS_QUEUE}"));
    hex::encode(digest.get(..16).unwrap_or_default())
}
