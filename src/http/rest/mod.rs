//! The REST API: one file for each resource, and what its bodies and queries look like.

mod cursor;
mod input;
mod repos;
#[cfg(test)]
mod tests;
mod tokens;

use std::collections::HashMap;

use super::answer::Answer;
use super::auth;
use super::route::{RestCall, RestRoute};
use crate::config::Config;
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;

/// A request, read.
pub(crate) struct Asked<'a, O> {
    pub(crate) config: &'a Config,
    pub(crate) objects: &'a O,
    /// Unix milliseconds.
    pub(crate) now: u64,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
}

/// Answers a REST request: who asks is settled first, then whether they may, then what they ask.
pub(crate) async fn serve<O: Objects>(
    asked: &Asked<'_, O>,
    route: &RestRoute,
    authorization: Option<&str>,
) -> Result<Answer, Error> {
    let token = auth::api_token(asked.config, authorization)?;
    if route.account_id.as_ref().is_some_and(|account_id| *account_id != asked.config.account_id) {
        return Err(Error::OtherAccount);
    }
    let namespace = NamespaceName::parse(&route.namespace).ok_or(Error::NamespaceName)?;
    auth::permit(token, &namespace, route.call.writes())?;
    match &route.call {
        RestCall::CreateRepo => repos::create(asked, namespace).await,
        RestCall::ListRepos => repos::list(asked, &namespace).await,
        RestCall::GetRepo { repo } => repos::get(asked, &namespace, &repo_name(repo, None)?).await,
        RestCall::DeleteRepo { repo } => repos::delete(asked, &namespace, &repo_name(repo, None)?).await,
        RestCall::ListTokens { repo } => tokens::list(asked, &namespace, &repo_name(repo, None)?).await,
        RestCall::CreateToken => tokens::create(asked, &namespace).await,
        RestCall::RevokeToken { token_id } => tokens::revoke(asked, &namespace, token_id).await,
    }
}

/// A repo's name, from the path or from the body at `pointer`.
fn repo_name(name: &str, pointer: Option<&'static str>) -> Result<RepoName, Error> {
    RepoName::parse(name).ok_or(Error::RepoName { pointer })
}
