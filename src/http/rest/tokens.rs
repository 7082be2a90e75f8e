//! `/tokens`, `/tokens/{id}` and `/repos/{name}/tokens`.

use serde::Serialize;

use super::query::{number_parameter, word_parameter};
use super::{Asked, repo_name};
use crate::config::{PAGE_MAX, TOKENS_PER_PAGE_DEFAULT, TOKENS_PER_PAGE_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope::{self, PageInfo};
use crate::input::Fields;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::create_token::create_token;
use crate::ops::get_repo::{get_repo, refused};
use crate::ops::revoke_token::revoke_token;
use crate::random;
use crate::repo::call::TokenState;
use crate::shown::{NewToken, Token};
use crate::witness::Deed;

#[derive(Debug, Serialize)]
struct Revoked<'a> {
    id: &'a str,
}

/// `GET /repos/{name}/tokens`
pub(super) async fn list<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    repo: &RepoName,
) -> Result<Answer, Error> {
    let states = [
        ("active", Some(TokenState::Active)),
        ("expired", Some(TokenState::Expired)),
        ("revoked", Some(TokenState::Revoked)),
        ("all", None),
    ];
    let state = word_parameter(&asked.query, "state", &states, Some(TokenState::Active))?;
    let per_page = number_parameter(&asked.query, "per_page", 1..=TOKENS_PER_PAGE_MAX, TOKENS_PER_PAGE_DEFAULT)?;
    let page = number_parameter(&asked.query, "page", 1..=PAGE_MAX, 1)?;
    let listed = asked.objects.repo(namespace, repo)?.list_tokens(state, short(per_page), short(page)).await?;
    let listed = match listed {
        Ok(listed) => listed,
        Err(refusal) => return Err(refused(asked.objects, namespace, repo, refusal).await?),
    };
    let tokens: Vec<Token<'_>> = listed.tokens.iter().map(Token::of).collect();
    let info = PageInfo {
        page,
        per_page,
        total_pages: listed.total_count.div_ceil(per_page),
        count: tokens.len(),
        total_count: listed.total_count,
    };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(tokens, info)))
}

/// `POST /tokens`
pub(super) async fn create<O: Objects>(asked: &Asked<'_, O>, namespace: &NamespaceName) -> Result<Answer, Error> {
    let fields = Fields::parse(&asked.body)?;
    let repo = repo_name(fields.required_text("repo")?, Some("/repo"))?;
    asked.witness.about(&namespace.to_string(), &repo.to_string());
    let wanted = (fields.scope()?, fields.ttl()?);
    let info = get_repo(asked.objects, namespace, &repo).await?;
    let created = create_token(asked.objects, asked.now, namespace, &info, wanted).await?;
    asked.witness.about(&info.namespace, &info.name);
    asked.witness.did(Deed::TokenCreated(created.kept.clone()));
    Ok(Answer::json(Success::Created.status(), &envelope::success(NewToken::of(&created))))
}

/// `DELETE /tokens/{id}`
pub(super) async fn revoke<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    token_id: &str,
) -> Result<Answer, Error> {
    if !random::is_id(token_id) {
        return Err(Error::TokenNotFound(token_id.to_owned()));
    }
    let repo = revoke_token(asked.objects, namespace, token_id).await?;
    asked.witness.about(&namespace.to_string(), &repo.to_string());
    asked.witness.did(Deed::TokenRevoked { token_id: token_id.to_owned() });
    Ok(Answer::json(Success::Ok.status(), &envelope::success(Revoked { id: token_id })))
}

/// A number that has been checked to be at most [`PAGE_MAX`].
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::durable::Fault;
    use crate::http::rest::fixture::{Api, failed};

    #[test]
    fn a_token_is_made_listed_and_revoked() {
        let api = Api::new();
        api.create("r");
        api.objects.wait(1);
        let (status, made) = api.call("POST", "/ns/tokens", r#"{"repo":"R","scope":"read","ttl":3600}"#);
        let (id, plaintext) = (made["result"]["id"].clone(), made["result"]["plaintext"].clone());
        assert_eq!(status, 201);
        assert!(plaintext.as_str().unwrap().ends_with("?expires=1760003600"));
        let expires_at = json!("2025-10-09T09:53:20.001Z");
        assert_eq!(
            made["result"],
            json!({"id": id, "plaintext": plaintext, "scope": "read", "expires_at": expires_at})
        );
        let (_, listed) = api.call("GET", "/ns/repos/r/tokens?per_page=1", "");
        let token = json!({
            "id": id, "scope": "read", "state": "active", "created_at": "2025-10-09T08:53:20.001Z",
            "expires_at": expires_at,
        });
        assert_eq!(listed["result"], json!([token]));
        let info = json!({"page": 1, "per_page": 1, "total_pages": 2, "count": 1, "total_count": 2});
        assert_eq!(listed["result_info"], info);
        let path = format!("/ns/tokens/{}", id.as_str().unwrap());
        for _ in 0..2 {
            let (status, revoked) = api.call("DELETE", &path, "");
            assert_eq!((status, &revoked["result"]), (200, &json!({"id": id})));
        }
        let (_, listed) = api.call("GET", "/ns/repos/r/tokens?state=revoked", "");
        assert_eq!(listed["result"][0]["id"], id);
    }

    #[test]
    fn a_token_that_cannot_be_is_told_why() {
        let api = Api::new();
        api.create("r");
        let ttl = |ttl: &str| api.error("POST", "/ns/tokens", &format!(r#"{{"repo":"r","ttl":{ttl}}}"#));
        for seconds in ["30", "31536001", "-1", "60.5"] {
            let message = format!("10103 Invalid TTL {seconds}: must be between 60 and 31536000 seconds.");
            assert_eq!(ttl(seconds), failed(400, &message));
        }
        assert_eq!(api.call("POST", "/ns/tokens", r#"{"repo":"r","ttl":60.0}"#).0, 201);
        assert_eq!(ttl(r#""60""#), failed(400, "10100 Invalid ttl: expected a number."));
        let table = [
            (r#"{"repo":"r","scope":"admin"}"#, 400, "10100 Invalid scope: must be read or write."),
            (r#"{"repo":"other"}"#, 404, "10200 Repository not found: other."),
            (r#"{"scope":"read"}"#, 400, "10100 Invalid repo: is required."),
        ];
        for (body, status, message) in table {
            assert_eq!(api.error("POST", "/ns/tokens", body), failed(status, message));
        }
        let unknown = failed(404, "10200 Token not found: 0123456789abcdef.");
        assert_eq!(api.error("DELETE", "/ns/tokens/0123456789abcdef", ""), unknown);
        assert_eq!(api.error("GET", "/ns/repos/other/tokens", "").0, 404);
    }

    #[test]
    fn tokens_of_a_deleted_repo_are_unknown() {
        let api = Api::new();
        api.create("r");
        let (_, made) = api.call("POST", "/ns/tokens", r#"{"repo":"r"}"#);
        api.call("DELETE", "/ns/repos/r", "");
        api.create("r");
        let path = format!("/ns/tokens/{}", made["result"]["id"].as_str().unwrap());
        assert_eq!(api.error("DELETE", &path, "").0, 404);
    }

    #[test]
    fn a_token_works_only_after_it_can_be_revoked() {
        for calls in 0..4 {
            let api = Api::new();
            api.create("r");
            api.objects.fail_after(calls, Fault::AnswerLost);
            let (status, _) = api.call("POST", "/ns/tokens", r#"{"repo":"r"}"#);
            api.objects.heal();
            assert_eq!(status, if calls < 3 { 500 } else { 201 });
            let (_, listed) = api.call("GET", "/ns/repos/r/tokens", "");
            for token in listed["result"].as_array().unwrap() {
                assert_eq!(api.call("DELETE", &format!("/ns/tokens/{}", token["id"].as_str().unwrap()), "").0, 200);
            }
        }
    }
}
