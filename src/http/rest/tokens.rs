//! `/tokens`, `/tokens/{id}` and `/repos/{name}/tokens`.

use serde::Serialize;

use super::input::{Fields, field_error, number_parameter, word_parameter};
use super::{Asked, repo_name};
use crate::config::{
    TOKEN_PAGE_MAX, TOKEN_TTL_DEFAULT, TOKEN_TTL_MAX, TOKEN_TTL_MIN, TOKENS_PER_PAGE_DEFAULT, TOKENS_PER_PAGE_MAX,
};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope::{self, PageInfo};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::create_token::create_token;
use crate::ops::get_repo::missing;
use crate::ops::revoke_token::revoke_token;
use crate::random;
use crate::repo::call::{Scope, TokenInfo, TokenState};
use crate::time::iso;

/// A token, as callers see it.
#[derive(Debug, Serialize)]
struct Token<'a> {
    id: &'a str,
    scope: Scope,
    state: TokenState,
    created_at: String,
    expires_at: String,
}

/// A token that was just made: the one time that it is shown.
#[derive(Debug, Serialize)]
struct Created<'a> {
    id: &'a str,
    plaintext: &'a str,
    scope: Scope,
    expires_at: String,
}

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
    let page = number_parameter(&asked.query, "page", 1..=TOKEN_PAGE_MAX, 1)?;
    let listed = asked.objects.repo(namespace, repo)?.list_tokens(state, short(per_page), short(page)).await?;
    let Ok(listed) = listed else { return Err(missing(asked.objects, namespace, repo).await?) };
    let tokens: Vec<Token<'_>> = listed.tokens.iter().map(token).collect();
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
    let scope = match fields.text("scope")? {
        None | Some("write") => Scope::Write,
        Some("read") => Scope::Read,
        Some(_) => return Err(field_error("scope", "must be read or write")),
    };
    let ttl = parse_ttl(&fields)?;
    let created = create_token(asked.objects, asked.now, namespace, &repo, (scope, ttl)).await?;
    let shown = Created {
        id: &created.kept.id,
        plaintext: &created.plaintext,
        scope,
        expires_at: iso(created.kept.expires_at),
    };
    Ok(Answer::json(Success::Created.status(), &envelope::success(shown)))
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
    revoke_token(asked.objects, namespace, token_id).await?;
    Ok(Answer::json(Success::Ok.status(), &envelope::success(Revoked { id: token_id })))
}

fn token(info: &TokenInfo) -> Token<'_> {
    Token {
        id: &info.id,
        scope: info.scope,
        state: info.state,
        created_at: iso(info.created_at),
        expires_at: iso(info.expires_at),
    }
}

fn parse_ttl(fields: &Fields) -> Result<u64, Error> {
    let Some(ttl) = fields.number("ttl")? else { return Ok(TOKEN_TTL_DEFAULT) };
    let range = TOKEN_TTL_MIN..=TOKEN_TTL_MAX;
    ttl.as_u64().filter(|seconds| range.contains(seconds)).ok_or_else(|| Error::Ttl(ttl.to_string()))
}

/// A number that has been checked to be at most [`TOKEN_PAGE_MAX`].
fn short(number: u64) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}
