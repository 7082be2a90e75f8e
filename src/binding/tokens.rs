//! The methods of a handle that are about tokens.

use serde::Serialize;

use super::{Asked, result};
use crate::config::BINDING_TOKENS_MAX;
use crate::error::Error;
use crate::http::answer::Answer;
use crate::names::RepoName;
use crate::objects::Objects;
use crate::ops::create_token::create_token;
use crate::repo::RepoClient;
use crate::repo::call::RepoInfo;
use crate::shown::{NewToken, Token};
use crate::token::TokenSecret;
use crate::witness::Deed;

#[derive(Debug, Serialize)]
struct List<'a> {
    tokens: Vec<Token<'a>>,
    total: u64,
}

/// `repo.createToken(scope?, ttl?)`
pub(super) async fn create<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    // Null, which an invalid date becomes, is not the same as not given: that would be the most that a token can do.
    for (name, why) in [("scope", "expected a string"), ("ttl", "expected a number")] {
        if asked.arguments.is_null(name) {
            return Err(asked.arguments.error(name, why));
        }
    }
    let wanted = (asked.arguments.scope()?, asked.arguments.ttl()?);
    let info = asked.repo().await?;
    let created = create_token(asked.objects, asked.now, &asked.namespace, &info, wanted).await?;
    asked.witness.did(Deed::TokenCreated(created.kept.clone()));
    Ok(result(&NewToken::of(&created)))
}

/// `repo.listTokens()`
pub(super) async fn list<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    let info = asked.repo().await?;
    let listed = object(asked, &info)?.newest_tokens(info.repo_id, BINDING_TOKENS_MAX).await?;
    let listed = listed.map_err(|_| Error::RepoNotFound(info.name))?;
    Ok(result(&List { tokens: listed.tokens.iter().map(Token::of).collect(), total: listed.total_count }))
}

/// `repo.revokeToken(tokenOrId)`
pub(super) async fn revoke<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    let token = asked.arguments.required_text("tokenOrId")?;
    if token.is_empty() {
        return Err(asked.arguments.error("tokenOrId", "must not be empty"));
    }
    let info = asked.repo().await?;
    let repo = object(asked, &info)?;
    let revoked = match TokenSecret::parse(token) {
        Some(secret) => repo.revoke_secret(info.repo_id, secret.sha256()).await?,
        None => repo.revoke_token(info.repo_id, token.to_owned()).await?,
    };
    let is_revoked = revoked.is_ok();
    if let Ok(token_id) = revoked {
        asked.witness.did(Deed::TokenRevoked { token_id });
    }
    Ok(result(&is_revoked))
}

fn object<O: Objects>(asked: &Asked<'_, O>, info: &RepoInfo) -> Result<RepoClient<O::Wire>, Error> {
    let name = RepoName::parse(&info.name).ok_or_else(|| Error::RepoNotFound(info.name.clone()))?;
    Ok(asked.objects.repo(&asked.namespace, &name)?)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::binding::fixture::{Bound, thrown};

    #[test]
    fn a_token_is_made_listed_and_revoked_by_id_or_by_what_it_is() {
        let bound = Bound::new();
        let repo = bound.create("r");
        bound.objects.wait(1);
        let made = repo.call("createToken", json!({"scope": "read", "ttl": 3600}));
        let (id, plaintext) = (made["id"].clone(), made["plaintext"].clone());
        let expires_at = "2025-10-09T09:53:20.001Z";
        assert_eq!(made, json!({"id": id, "plaintext": plaintext, "scope": "read", "expiresAt": expires_at}));
        let listed = repo.call("listTokens", json!({}));
        assert_eq!((&listed["total"], listed["tokens"].as_array().unwrap().len()), (&json!(2), 2));
        let token = json!({
            "id": id, "scope": "read", "state": "active", "createdAt": "2025-10-09T08:53:20.001Z",
            "expiresAt": expires_at,
        });
        assert_eq!(listed["tokens"][0], token);
        assert_eq!(repo.call("revokeToken", json!({"tokenOrId": plaintext})), json!(true));
        assert_eq!(repo.call("revokeToken", json!({"tokenOrId": id})), json!(true));
        let states = |listed: &Value| {
            let tokens = listed["tokens"].as_array().unwrap().iter();
            tokens.map(|token| token["state"].as_str().unwrap().to_owned()).collect::<Vec<_>>()
        };
        assert_eq!(states(&repo.call("listTokens", json!({}))), ["revoked", "active"]);
        for other in ["other", "0123456789abcdef", &format!("art_v1_{}", "0".repeat(40))] {
            assert_eq!(repo.call("revokeToken", json!({"tokenOrId": other})), json!(false));
        }
    }

    #[test]
    fn tokens_of_another_repo_are_not_found() {
        let bound = Bound::new();
        let repo = bound.create("r");
        let other = bound.create("other").created;
        assert_eq!(repo.call("revokeToken", json!({"tokenOrId": other["token"]})), json!(false));
    }

    #[test]
    fn a_token_may_write_for_a_day_unless_something_else_is_said() {
        let bound = Bound::new();
        let repo = bound.create("r");
        let made = repo.call("createToken", json!({}));
        assert_eq!((&made["scope"], &made["expiresAt"]), (&json!("write"), &json!("2025-10-10T08:53:20.000Z")));
        for (arguments, code, message) in [
            (json!({"scope": "admin"}), "INVALID_INPUT", "Invalid scope: must be read or write."),
            (json!({"scope": null}), "INVALID_INPUT", "Invalid scope: expected a string."),
            (json!({"ttl": null}), "INVALID_INPUT", "Invalid ttl: expected a number."),
            (json!({"scope": 1}), "INVALID_INPUT", "Invalid scope: expected a string."),
            (json!({"ttl": "60"}), "INVALID_INPUT", "Invalid ttl: expected a number."),
            (json!({"ttl": 59}), "INVALID_TTL", "Invalid TTL 59: must be between 60 and 31536000 seconds."),
        ] {
            assert_eq!(repo.error("createToken", arguments), thrown(code, message));
        }
        let empty = thrown("INVALID_INPUT", "Invalid tokenOrId: must not be empty.");
        assert_eq!(repo.error("revokeToken", json!({"tokenOrId": ""})), empty);
        assert_eq!(repo.error("revokeToken", json!({})), thrown("INVALID_INPUT", "Invalid tokenOrId: is required."));
    }
}
