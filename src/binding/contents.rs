//! The methods of a handle that read contents.

use git_core::ObjectId;
use serde::Serialize;

use super::{Asked, Outside};
use crate::config::{
    LOG_LIMIT_DEFAULT, LOG_LIMIT_MAX, LOG_LIMIT_TAKEN_MAX, LOG_OFFSET_MAX, MESSAGE_LEN_MAX, UNSHARED_LEN_MAX,
};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::served::{ContentType, Served, Streamed};
use crate::input::Fields;
use crate::objects::Objects;
use crate::ops::contents::{Blob, Contents, ContentsFault, FilePath, HASH_WANTED, Recipient, Revision};
use crate::store::PackStore;

/// `repo.readBlob(hash)`
pub(super) async fn blob<O: Objects, S: PackStore, R>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, S, R>,
) -> Result<Served, Error> {
    let id = hash(asked)?;
    let contents = open(asked, outside.store, &[]).await?;
    match contents.blob(id)? {
        Some(blob) => deliver(contents, blob, ContentType::Untold).await,
        None => Ok(Served::Whole(Answer::empty(Success::NoContent.status()))),
    }
}

/// `repo.readFile({ ref, path })`
pub(super) async fn file<O: Objects, S: PackStore, R>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, S, R>,
) -> Result<Served, Error> {
    let args = asked.arguments.object("args")?.unwrap_or_default();
    let revision = revision(&args, args.required_text("ref")?)?;
    let path = args.required_text("path")?;
    let path = FilePath::parse(path).map_err(|why| args.error("path", &why.to_string()))?;
    let contents = open(asked, outside.store, std::slice::from_ref(&revision)).await?;
    match contents.blob_at(&revision, path).await? {
        Some(blob) => deliver(contents, blob, ContentType::Sniffed).await,
        None => Ok(Served::Whole(Answer::empty(Success::NoContent.status()))),
    }
}

/// A blob, if it is no larger than a message between Workers may be. `src/entry.js` gathers it outside of wasm.
async fn deliver<S: PackStore>(
    contents: Contents<'_, S>,
    blob: Blob,
    content_type: ContentType,
) -> Result<Served, Error> {
    if blob.len > MESSAGE_LEN_MAX {
        return Err(ContentsFault::TooLong { id: blob.id, len_max: MESSAGE_LEN_MAX }.into());
    }
    let head = Answer::empty(Success::Ok.status());
    if blob.len <= UNSHARED_LEN_MAX && contents.is_small(&blob) {
        let body = contents.bytes(&blob).await?;
        let head = head.of_type(content_type.of(&body, true));
        return Ok(Served::Whole(Answer { body, ..head }));
    }
    let (opened, range, recipient) = (contents.into_opened(), 0..blob.len, Recipient::Gatherer);
    Ok(Served::Streamed(Box::new(Streamed { head, content_type, opened, blob, range, recipient })))
}

/// `repo.readTree(hash)`
pub(super) async fn tree<O: Objects, S: PackStore, R>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, S, R>,
) -> Result<Answer, Error> {
    let id = hash(asked)?;
    Ok(shown(&open(asked, outside.store, &[]).await?.tree(id).await?))
}

/// `repo.readCommit(hash)`
pub(super) async fn commit<O: Objects, S: PackStore, R>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, S, R>,
) -> Result<Answer, Error> {
    let id = hash(asked)?;
    Ok(shown(&open(asked, outside.store, &[]).await?.commit(id).await?))
}

/// `repo.log(opts?)`
pub(super) async fn log<O: Objects, S: PackStore, R>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, S, R>,
) -> Result<Answer, Error> {
    let opts = asked.arguments.object("opts")?.unwrap_or_default();
    let revision = opts.text("ref")?.map_or(Ok(Revision::head()), |text| revision(&opts, text))?;
    let limit = opts.number_in("limit", 1..=LOG_LIMIT_TAKEN_MAX)?.unwrap_or(LOG_LIMIT_DEFAULT).min(LOG_LIMIT_MAX);
    let offset = opts.number_in("offset", 0..=LOG_OFFSET_MAX)?.unwrap_or(0);
    let contents = open(asked, outside.store, std::slice::from_ref(&revision)).await?;
    // What is no revision of a commit has no history.
    let log = match contents.log(&revision, limit, offset).await {
        Err(Error::Contents(ContentsFault::NoRevision(_) | ContentsFault::Kind { .. })) => Vec::new(),
        log => log?,
    };
    Ok(shown(&log))
}

/// The repo that the handle was made for, in one call to its object.
async fn open<'a, O: Objects, S: PackStore>(
    asked: &Asked<'_, O>,
    store: &'a S,
    revisions: &[Revision],
) -> Result<Contents<'a, S>, Error> {
    let (name, repo_id) = asked.handle()?;
    Contents::open_incarnation(asked.objects, store, (&asked.namespace, &name, repo_id), revisions).await
}

fn hash<O>(asked: &Asked<'_, O>) -> Result<ObjectId, Error> {
    let id = ObjectId::from_hex(asked.arguments.required_text("hash")?.as_bytes());
    id.map_err(|_| asked.arguments.error("hash", HASH_WANTED))
}

fn revision(fields: &Fields, text: &str) -> Result<Revision, Error> {
    Revision::parse(text).map_err(|why| fields.error("ref", &why.to_string()))
}

/// What is read is in JavaScript's names already.
fn shown(result: &impl Serialize) -> Answer {
    #[derive(Serialize)]
    struct Shown<'a, T> {
        result: &'a T,
    }
    Answer::json(Success::Ok.status(), &Shown { result })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::binding::fixture::{Bound, thrown};
    use crate::durable::ready;
    use crate::names::{NamespaceName, RepoName};
    use crate::objects::Objects;
    use crate::repo::call::{FailImport, ImportPlan, NewImport, NewRepo, NewToken, Scope};

    /// An import under this name.
    fn import(name: &str, repo_id: &str) -> NewImport {
        let token = NewToken { id: "t".into(), sha256: "aa".into(), scope: Scope::Read, created_at: 0, expires_at: 1 };
        let (repo_id, namespace, name) = (repo_id.to_owned(), "ns".to_owned(), name.to_owned());
        let (description, default_branch, read_only) = (None, "main".to_owned(), false);
        let repo = NewRepo { repo_id, namespace, name, description, default_branch, read_only, token };
        let url = "https://example.com/a".to_owned();
        let plan = ImportPlan { url, branch: "refs/heads/main".into(), depth: None, all_refs: false };
        NewImport { repo, source: "git:https://example.com/a".into(), plan }
    }

    #[test]
    fn an_old_handle_is_told_nothing_of_an_import_under_its_name() {
        let bound = Bound::new();
        let old = bound.create("r");
        bound.call("delete", &json!({"name": "r"}));
        bound.objects.wait(1);
        let names = (NamespaceName::parse("ns").unwrap(), RepoName::parse("r").unwrap());
        let repo = bound.objects.repo(&names.0, &names.1).unwrap();
        ready(repo.create_import(import("r", "other"))).unwrap().unwrap();
        let is_gone = || {
            let (zeros, gone) = ("0".repeat(40), thrown("NOT_FOUND", "Repository not found: r."));
            for (method, arguments) in [
                ("info", json!({})),
                ("createToken", json!({})),
                ("log", json!({})),
                ("readFile", json!({"args": {"ref": "main", "path": "a"}})),
                ("readTree", json!({"hash": zeros})),
            ] {
                assert_eq!(old.error(method, arguments), gone, "{method}");
            }
        };
        is_gone();
        let code = || bound.error("get", &json!({"name": "r"})).0;
        assert_eq!(code(), "IMPORT_IN_PROGRESS");
        let (repo_id, reason) = ("other".to_owned(), "it was not there".to_owned());
        ready(repo.fail_import(FailImport { repo_id, reason, is_final: true })).unwrap().unwrap();
        is_gone();
        let (_, message) = bound.error("get", &json!({"name": "r"}));
        assert_eq!(message, "Repository not found: r. Its import failed: it was not there.");
    }

    #[test]
    fn arguments_are_looked_at_before_anything_is_read() {
        let bound = Bound::new();
        let repo = bound.create("r");
        let zeros = "0".repeat(40);
        for (method, arguments, message) in [
            ("readBlob", json!({"hash": "abc"}), "Invalid hash: expected a 40-character SHA-1 hex hash."),
            ("readTree", json!({"hash": "g".repeat(40)}), "Invalid hash: expected a 40-character SHA-1 hex hash."),
            ("readCommit", json!({}), "Invalid hash: is required."),
            ("readFile", json!({"args": {"ref": "", "path": "a"}}), "Invalid ref: must be of 1 to 1024 bytes."),
            ("readFile", json!({"args": {"ref": "a", "path": ""}}), "Invalid path: must be of 1 to 4096 bytes."),
            ("readFile", json!({"args": "a"}), "Invalid args: expected an object."),
            ("log", json!({"opts": {"limit": 0}}), "Invalid limit: must be between 1 and 2147483647."),
        ] {
            assert_eq!(repo.error(method, arguments), thrown("INVALID_INPUT", message), "{method}");
        }
        for method in ["readTree", "readCommit"] {
            assert_eq!(repo.call(method, json!({"hash": zeros})), Value::Null);
        }
        assert_eq!(repo.answer("readBlob", json!({"hash": "A".repeat(40)})).status, 204);
        assert_eq!(repo.answer("readFile", json!({"args": {"ref": "main", "path": "a"}})).status, 204);
        for opts in [json!({}), json!({"ref": "none"}), json!({"limit": 5000, "offset": 7})] {
            assert_eq!(repo.call("log", json!({"opts": opts})), json!([]));
        }
    }
}
