//! Rate limits, by the platform's own binding. Requests that nobody answers for are not counted: whoever has no credentials
//! uses up nobody's share.

use worker::Env;

use crate::config::{CONTROL_RATE, GIT_RATE};
use crate::error::Error;
use crate::log;
use crate::names::NamespaceName;

/// Counts a control request; `namespace` is absent where the request is about all of them.
pub(crate) async fn control(env: &Env, namespace: Option<&NamespaceName>) -> Result<(), Error> {
    // No namespace has a name without a letter or digit.
    count(env, CONTROL_RATE, namespace.map_or_else(|| "/".into(), NamespaceName::key)).await
}

/// Counts a Git request to the repo of a key.
pub(crate) async fn git(env: &Env, repo_key: &str) -> Result<(), Error> {
    count(env, GIT_RATE, repo_key.to_owned()).await
}

/// A deployment without the binding has no limit. One whose binding fails is better reachable than not.
async fn count(env: &Env, binding: &str, key: String) -> Result<(), Error> {
    let Ok(limiter) = env.rate_limiter(binding) else { return Ok(()) };
    match limiter.limit(key).await {
        Ok(outcome) if !outcome.success => Err(Error::RateLimited),
        Ok(_) => Ok(()),
        Err(error) => {
            log::warn(format_args!("rate limit {binding}: {error}"));
            Ok(())
        }
    }
}
