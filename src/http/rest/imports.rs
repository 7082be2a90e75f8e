//! `/repos/{name}/import`.

use super::Asked;
use crate::config::Config;
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::input::Fields;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::import::{ImportFault, ImportRepo, import};
use crate::ops::storage::require_account_room;
use crate::remote::{Remote, RemoteUrl};
use crate::shown::NewRepo;
use crate::witness::Deed;

/// `POST /repos/{name}/import`
pub(super) async fn create<O: Objects>(
    asked: &Asked<'_, O>,
    remote: &impl Remote,
    namespace: NamespaceName,
    name: RepoName,
) -> Result<Answer, Error> {
    let wanted = parse(namespace, name, &asked.body, remote.allows_insecure())?;
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let created = import(asked.objects, remote, account_id, asked.now, wanted).await?;
    asked.witness.made(&created, |_, token| Deed::ImportBegun(token));
    Ok(Answer::json(Success::Created.status(), &envelope::success(NewRepo::of(asked.config, &created))))
}

fn parse(namespace: NamespaceName, name: RepoName, body: &[u8], allows_insecure: bool) -> Result<ImportRepo, Error> {
    let fields = Fields::parse(body)?;
    let url = RemoteUrl::parse(fields.required_text("url")?, allows_insecure).map_err(ImportFault::Url)?;
    let (branch, depth) = (fields.branch("branch")?, fields.depth()?);
    let all_refs = fields.flag("all_refs")?.unwrap_or(false);
    Ok(ImportRepo {
        namespace,
        name,
        url,
        branch,
        depth,
        all_refs,
        description: None,
        read_only: fields.flag("read_only")?.unwrap_or(false),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::fixture::{Api, BASE};
    use super::*;
    use crate::durable::Database;
    use crate::remote::{MemoryAnswer, MemoryRemote};

    #[test]
    fn until_it_is_ready_nothing_but_its_end_is_to_be_had_of_a_repo_that_is_imported() {
        let no_refs = b"001e# service=git-upload-pack\n00000000";
        let remote = MemoryRemote::new(10, |_| Ok(MemoryAnswer::ok(no_refs.to_vec())));
        let mut api = Api::new();
        api.remote = remote;
        let (status, created) = api.call("POST", "/ns/repos/r/import", r#"{"url":"https://example.com/a"}"#);
        assert_eq!((status, &created["result"]["name"]), (201, &json!("r")), "{created}");
        let db = api.objects.repo_database(&NamespaceName::parse("ns").unwrap(), &RepoName::parse("r").unwrap());
        let token_id = db.exec("SELECT token_id FROM tokens", &[]).unwrap().remove(0).text().unwrap();
        let asked = [
            ("GET", "/ns/repos/r", ""),
            ("PATCH", "/ns/repos/r", r#"{"read_only":true}"#),
            ("GET", "/ns/repos/r/tokens", ""),
            ("GET", "/ns/repos/r/pushes", ""),
            ("POST", "/ns/repos/r/fork", r#"{"name":"s"}"#),
            ("POST", "/ns/tokens", r#"{"repo":"r"}"#),
            ("DELETE", &format!("/ns/tokens/{token_id}"), ""),
        ];
        for (method, path, body) in asked {
            let answer = api.answer(method, &format!("{BASE}{path}"), Some("edit"), body);
            let told: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
            assert_eq!((answer.status, &told["errors"][0]["code"]), (409, &json!(10_302)), "{method} {path}: {told}");
            assert!(answer.headers.contains(&("retry-after", "2".into())));
        }
        assert_eq!(api.call("DELETE", "/ns/repos/r", "").0, 202);
        assert_eq!(api.call("GET", "/ns/repos/r", "").0, 404);
    }
}
