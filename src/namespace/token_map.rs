//! The rows of `token_map`: which repo a token id belongs to.

use super::call::{MappedToken, TokenRepo};
use crate::config::{TOKEN_KEPT_MS, TOKENS_PRUNED_MAX};
use crate::durable::{Database, Failure};

/// Enters a token. Clears away a few that have long expired.
pub(super) fn add<D: Database>(db: &D, now: u64, token: &MappedToken) -> Result<(), Failure> {
    db.exec(
        "DELETE FROM token_map WHERE token_id IN (SELECT token_id FROM token_map WHERE expires_at < ?1 LIMIT ?2)",
        &[now.saturating_sub(TOKEN_KEPT_MS).into(), TOKENS_PRUNED_MAX.into()],
    )?;
    db.exec(
        "INSERT INTO token_map (token_id, repo_id, repo_name, expires_at) VALUES (?1, ?2, ?3, ?4)
         ON CONFLICT DO NOTHING",
        &[(&token.token_id).into(), (&token.repo.repo_id).into(), (&token.repo.name).into(), token.expires_at.into()],
    )?;
    Ok(())
}

/// The repo that a token belongs to.
pub(super) fn find<D: Database>(db: &D, token_id: &str) -> Result<Option<TokenRepo>, Failure> {
    let rows = db.exec("SELECT repo_name, repo_id FROM token_map WHERE token_id = ?1", &[token_id.into()])?;
    rows.into_iter().next().map(|mut row| Ok(TokenRepo { name: row.text()?, repo_id: row.text()? })).transpose()
}

/// Forgets the tokens of a repo that is gone.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM token_map WHERE repo_id = ?1", &[repo_id.into()])?;
    Ok(())
}
