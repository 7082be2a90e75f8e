//! The rows of `tokens`: who may do what, and until when.

use super::call::{ListTokens, NewToken, Refusal, Scope, TokenInfo, TokenPage, TokenState};
use super::metadata;
use crate::config::{TOKEN_KEPT_MS, TOKENS_PRUNED_MAX};
use crate::durable::{Database, Failure, Row};

/// Keeps a token. The same token again is the same once. Clears away a few that have long expired.
pub(super) fn add<D: Database>(db: &D, now: u64, repo_id: &str, token: &NewToken) -> Result<(), Failure> {
    db.exec(
        "DELETE FROM tokens WHERE repo_id = ?1 AND token_id IN
            (SELECT token_id FROM tokens WHERE repo_id = ?1 AND expires_at < ?2 LIMIT ?3)",
        &[repo_id.into(), now.saturating_sub(TOKEN_KEPT_MS).into(), TOKENS_PRUNED_MAX.into()],
    )?;
    db.exec(
        "INSERT INTO tokens (repo_id, token_id, sha256, scope, created_at, expires_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6) ON CONFLICT DO NOTHING",
        &[
            repo_id.into(),
            (&token.id).into(),
            (&token.sha256).into(),
            scope_text(token.scope).into(),
            token.created_at.into(),
            token.expires_at.into(),
        ],
    )?;
    Ok(())
}

/// Id and scope of a token that is neither expired nor revoked.
///
/// Looking up the hash takes a time that tells nothing useful: whoever can choose hashes cannot choose what they are
/// hashes of.
pub(super) fn valid<D: Database>(
    db: &D,
    now: u64,
    repo_id: &str,
    sha256: &str,
) -> Result<Option<(String, Scope)>, Failure> {
    let rows = db.exec(
        "SELECT token_id, scope FROM tokens
         WHERE repo_id = ?1 AND sha256 = ?2 AND revoked_at IS NULL AND expires_at > ?3",
        &[repo_id.into(), sha256.into(), now.into()],
    )?;
    rows.into_iter().next().map(|mut row| Ok((row.text()?, scope(&row.text()?)?))).transpose()
}

/// How a token is found.
#[derive(Debug, Clone, Copy)]
pub(super) enum By<'a> {
    Id(&'a str),
    Sha256(&'a str),
}

/// Revokes a token; twice is the same as once.
pub(super) fn revoke<D: Database>(
    db: &D,
    now: u64,
    repo_id: &str,
    by: By<'_>,
) -> Result<Result<String, Refusal>, Failure> {
    let (column, value) = match by {
        By::Id(token_id) => ("token_id", token_id),
        By::Sha256(sha256) => ("sha256", sha256),
    };
    let statement = format!(
        "UPDATE tokens SET revoked_at = COALESCE(revoked_at, ?3) WHERE repo_id = ?1 AND {column} = ?2
         RETURNING token_id"
    );
    let rows = db.exec(&statement, &[repo_id.into(), value.into(), now.into()])?;
    Ok(match rows.into_iter().next() {
        Some(mut row) => Ok(row.text()?),
        None => Err(Refusal::TokenNotFound),
    })
}

/// Takes every token away.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM tokens WHERE repo_id = ?1", &[repo_id.into()])?;
    Ok(())
}

/// The state of a token, from its row and the time `?2`.
const STATE: &str = "CASE WHEN revoked_at IS NOT NULL THEN 'revoked' WHEN expires_at <= ?2 THEN 'expired'
    ELSE 'active' END";

/// One page, newest first, of the tokens in a state, or in any.
pub(super) fn list<D: Database>(db: &D, now: u64, call: &ListTokens) -> Result<Result<TokenPage, Refusal>, Failure> {
    let ListTokens { repo_id, state, per_page, page: number } = call;
    let ready = match repo_id {
        Some(repo_id) => metadata::ready_as(db, repo_id)?,
        None => metadata::ready(db)?,
    };
    Ok(match ready {
        Ok(repo) => Ok(page(db, now, &repo.info.repo_id, *state, (*per_page, *number))?),
        Err(refusal) => Err(refusal),
    })
}

fn page<D: Database>(
    db: &D,
    now: u64,
    repo_id: &str,
    state: Option<TokenState>,
    (per_page, page): (u32, u32),
) -> Result<TokenPage, Failure> {
    let state = state.map(state_text);
    let count = format!("SELECT COUNT(*) FROM tokens WHERE repo_id = ?1 AND COALESCE(?3, {STATE}) = {STATE}");
    let total = db.exec(&count, &[repo_id.into(), now.into(), state.into()])?.into_iter().next();
    let total_count = total.map(|mut row| row.integer()).transpose()?.unwrap_or(0);
    let select = format!(
        "SELECT token_id, scope, {STATE}, created_at, expires_at FROM tokens
         WHERE repo_id = ?1 AND COALESCE(?3, {STATE}) = {STATE}
         ORDER BY created_at DESC, token_id LIMIT ?4 OFFSET ?5"
    );
    let offset = u64::from(per_page) * u64::from(page.saturating_sub(1));
    let values = [repo_id.into(), now.into(), state.into(), u64::from(per_page).into(), offset.into()];
    let tokens = db.exec(&select, &values)?.into_iter().map(token_info).collect::<Result<_, _>>()?;
    Ok(TokenPage { tokens, total_count })
}

fn token_info(mut row: Row) -> Result<TokenInfo, Failure> {
    Ok(TokenInfo {
        id: row.text()?,
        scope: scope(&row.text()?)?,
        state: state(&row.text()?)?,
        created_at: row.integer()?,
        expires_at: row.integer()?,
    })
}

fn scope_text(scope: Scope) -> &'static str {
    match scope {
        Scope::Read => "read",
        Scope::Write => "write",
    }
}

fn scope(text: &str) -> Result<Scope, Failure> {
    match text {
        "read" => Ok(Scope::Read),
        "write" => Ok(Scope::Write),
        other => Err(Failure::shape("a scope", other)),
    }
}

fn state_text(state: TokenState) -> &'static str {
    match state {
        TokenState::Active => "active",
        TokenState::Expired => "expired",
        TokenState::Revoked => "revoked",
    }
}

fn state(text: &str) -> Result<TokenState, Failure> {
    match text {
        "active" => Ok(TokenState::Active),
        "expired" => Ok(TokenState::Expired),
        "revoked" => Ok(TokenState::Revoked),
        other => Err(Failure::shape("a token's state", other)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::ready;
    use crate::repo::fixture::{DAY_MS, Fixture};

    fn ids(fixture: &Fixture, state: Option<TokenState>) -> Vec<String> {
        let page = ready(fixture.repo.list_tokens(state, 10, 1)).unwrap().unwrap();
        assert_eq!(page.total_count, page.tokens.len() as u64);
        page.tokens.into_iter().map(|token| token.id).collect()
    }

    #[test]
    fn a_token_is_active_then_expired_and_revoked_whenever_it_is() {
        let fixture = Fixture::new();
        ready(fixture.repo.revoke_token("r1".into(), "t-read".into())).unwrap().unwrap();
        ready(fixture.repo.revoke_token("r1".into(), "t-read".into())).unwrap().unwrap();
        assert_eq!(ids(&fixture, Some(TokenState::Active)), ["t-write"]);
        assert_eq!(ids(&fixture, Some(TokenState::Revoked)), ["t-read"]);
        fixture.objects.wait(DAY_MS);
        assert_eq!(ids(&fixture, Some(TokenState::Active)), [""; 0]);
        assert_eq!(ids(&fixture, Some(TokenState::Expired)), ["t-write"]);
        assert_eq!(ids(&fixture, None), ["t-read", "t-write"]);
        let unknown = ready(fixture.repo.revoke_token("r1".into(), "other".into())).unwrap();
        assert_eq!(unknown, Err(Refusal::TokenNotFound));
    }

    #[test]
    fn what_is_asked_of_another_incarnation_is_not_answered_for_this_one() {
        let fixture = Fixture::new();
        let token = fixture.token("t", "hash", Scope::Read);
        ready(fixture.repo.add_token("r1".into(), token)).unwrap().unwrap();
        assert_eq!(ready(fixture.repo.newest_tokens("r0".into(), 10)).unwrap(), Err(Refusal::NotFound));
        let revoked = ready(fixture.repo.revoke_secret("r0".into(), "hash".into())).unwrap();
        assert_eq!(revoked, Err(Refusal::TokenNotFound));
        assert_eq!(ready(fixture.repo.newest_tokens("r1".into(), 1)).unwrap().map(|page| page.total_count), Ok(3));
        ready(fixture.repo.revoke_secret("r1".into(), "hash".into())).unwrap().unwrap();
        assert_eq!(ids(&fixture, Some(TokenState::Revoked)), ["t"]);
    }

    #[test]
    fn pages_are_newest_first_and_count_from_one() {
        let fixture = Fixture::new();
        for n in 0..3 {
            fixture.objects.wait(1);
            let token = fixture.token(&format!("t{n}"), &format!("hash {n}"), Scope::Read);
            ready(fixture.repo.add_token("r1".into(), token)).unwrap().unwrap();
        }
        let page = |page| {
            let listed = ready(fixture.repo.list_tokens(None, 2, page)).unwrap().unwrap();
            (listed.tokens.into_iter().map(|token| token.id).collect::<Vec<_>>(), listed.total_count)
        };
        assert_eq!(page(1), (vec!["t2".into(), "t1".into()], 5));
        assert_eq!(page(2), (vec!["t0".into(), "t-read".into()], 5));
        assert_eq!(page(4), (vec![], 5));
    }

    #[test]
    fn tokens_that_have_long_expired_are_cleared_away() {
        let fixture = Fixture::new();
        fixture.objects.wait(DAY_MS + TOKEN_KEPT_MS + 1);
        let token = fixture.token("new", "hash", Scope::Read);
        ready(fixture.repo.add_token("r1".into(), token)).unwrap().unwrap();
        assert_eq!(ids(&fixture, None), ["new"]);
    }
}
