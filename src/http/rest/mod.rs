//! The REST API: one file for each resource, and what its bodies and queries look like.

mod contents;
#[cfg(test)]
mod fixture;
mod forks;
mod imports;
mod namespaces;
mod pushes;
mod query;
mod repos;
mod storage;
mod tokens;

use std::collections::HashMap;

use super::auth;
use super::calls::{NamespaceCall, RepoPart, RestCall, RestRoute};
use super::condition::Conditions;
use super::served::Served;
use crate::config::{ApiToken, Config};
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::remote::Remote;
use crate::store::PackStore;
use crate::store::inventory::Inventory;
use crate::witness::Witness;

/// A request, read.
pub(crate) struct Asked<'a, O> {
    pub(crate) config: &'a Config,
    pub(crate) objects: &'a O,
    /// Unix milliseconds.
    pub(crate) now: u64,
    pub(crate) query: HashMap<String, String>,
    pub(crate) body: Vec<u8>,
    pub(crate) conditions: Conditions,
    pub(crate) witness: &'a Witness,
}

/// What some requests are about besides objects.
pub(crate) struct Outside<'a, S, R> {
    pub(crate) store: &'a S,
    pub(crate) remote: &'a R,
}

/// A request of somebody who may make it: what they ask is looked at after that.
pub(crate) enum Admitted<'a> {
    CreateNamespace(&'a ApiToken),
    ListNamespaces(&'a ApiToken),
    ListStorage,
    In(NamespaceName, &'a NamespaceCall),
}

impl Admitted<'_> {
    /// Absent where the request is about all of them.
    pub(crate) fn namespace(&self) -> Option<&NamespaceName> {
        match self {
            Self::CreateNamespace(_) | Self::ListNamespaces(_) | Self::ListStorage => None,
            Self::In(namespace, _) => Some(namespace),
        }
    }
}

/// Lets in whoever has an API token that may do this there.
pub(crate) fn admit<'a>(
    config: &'a Config,
    route: &'a RestRoute,
    authorization: Option<&str>,
    witness: &Witness,
) -> Result<Admitted<'a>, Error> {
    let token = auth::api_token(config, authorization)?;
    witness.admitted();
    if route.account_id.as_ref().is_some_and(|account_id| *account_id != config.account_id) {
        return Err(Error::OtherAccount);
    }
    if route.call.writes() {
        auth::may_edit(token)?;
    }
    Ok(match &route.call {
        RestCall::CreateNamespace => Admitted::CreateNamespace(token),
        RestCall::ListNamespaces => Admitted::ListNamespaces(token),
        RestCall::ListStorage => {
            auth::covers_all(token)?;
            Admitted::ListStorage
        }
        RestCall::In { namespace, call } => {
            let namespace = NamespaceName::parse(namespace).ok_or(Error::NamespaceName { pointer: None })?;
            auth::covers(token, &namespace)?;
            Admitted::In(namespace, call)
        }
    })
}

/// Answers a REST request.
pub(crate) async fn serve<O: Objects>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, impl PackStore + Inventory, impl Remote>,
    admitted: Admitted<'_>,
) -> Result<Served, Error> {
    let answer = match admitted {
        Admitted::CreateNamespace(token) => namespaces::create(asked, token).await?,
        Admitted::ListNamespaces(token) => namespaces::list(asked, token).await?,
        Admitted::ListStorage => storage::list(asked, outside.store).await?,
        Admitted::In(namespace, call) => return serve_namespace(asked, outside, namespace, call).await,
    };
    Ok(Served::Whole(answer))
}

/// Answers a request for a part of a repo's contents.
async fn read<O: Objects>(
    asked: &Asked<'_, O>,
    store: &impl PackStore,
    repo: (&NamespaceName, &RepoName),
    part: &RepoPart,
) -> Result<Served, Error> {
    Ok(Served::Whole(match part {
        RepoPart::Log => contents::log(asked, store, repo).await?,
        RepoPart::Commit { hash } => contents::commit(asked, store, repo, hash).await?,
        RepoPart::Tree { hash } => contents::tree(asked, store, repo, hash).await?,
        RepoPart::Blob { hash } => return contents::blob(asked, store, repo, hash).await,
        RepoPart::File => return contents::file(asked, store, repo).await,
        RepoPart::Raw { segments } => return contents::raw(asked, store, repo, segments).await,
    }))
}

async fn serve_namespace<O: Objects>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, impl PackStore, impl Remote>,
    namespace: NamespaceName,
    call: &NamespaceCall,
) -> Result<Served, Error> {
    let answer = match call {
        NamespaceCall::GetNamespace => namespaces::get(asked, &namespace).await?,
        NamespaceCall::DeleteNamespace => namespaces::delete(asked, &namespace).await?,
        NamespaceCall::CreateRepo => repos::create(asked, namespace).await?,
        NamespaceCall::ListRepos => repos::list(asked, &namespace).await?,
        NamespaceCall::GetRepo { repo } => repos::get(asked, &namespace, &repo_name(repo, None)?).await?,
        NamespaceCall::ChangeRepo { repo } => repos::change(asked, &namespace, &repo_name(repo, None)?).await?,
        NamespaceCall::DeleteRepo { repo } => repos::delete(asked, &namespace, &repo_name(repo, None)?).await?,
        NamespaceCall::ForkRepo { repo } => {
            forks::create(asked, outside.store, namespace, repo_name(repo, None)?).await?
        }
        NamespaceCall::ImportRepo { repo } => {
            imports::create(asked, outside.remote, namespace, repo_name(repo, None)?).await?
        }
        NamespaceCall::ListTokens { repo } => tokens::list(asked, &namespace, &repo_name(repo, None)?).await?,
        NamespaceCall::ListPushes { repo } => pushes::list(asked, &namespace, &repo_name(repo, None)?).await?,
        NamespaceCall::GetRepoStorage { repo } => storage::get(asked, &namespace, &repo_name(repo, None)?).await?,
        NamespaceCall::ReadRepo { repo, part } => {
            let repo = repo_name(repo, None)?;
            return read(asked, outside.store, (&namespace, &repo), part).await;
        }
        NamespaceCall::CreateToken => tokens::create(asked, &namespace).await?,
        NamespaceCall::RevokeToken { token_id } => tokens::revoke(asked, &namespace, token_id).await?,
    };
    Ok(Served::Whole(answer))
}

/// A repo's name, from the path or from the body at `pointer`.
fn repo_name(name: &str, pointer: Option<&'static str>) -> Result<RepoName, Error> {
    RepoName::parse(name).ok_or(Error::RepoName { pointer })
}

#[cfg(test)]
mod tests {
    use super::fixture::{Api, BASE, failed};
    use crate::durable::Fault;

    #[test]
    fn who_asks_is_settled_before_what() {
        let api = Api::new();
        let status = |method: &str, path: &str, token| api.answer(method, path, token, "").status;
        assert_eq!(status("GET", &format!("{BASE}/ns/repos"), None), 401);
        assert_eq!(status("GET", &format!("{BASE}/ns/repos"), Some("other")), 401);
        assert_eq!(status("POST", &format!("{BASE}/ns/repos"), Some("read")), 403);
        assert_eq!(status("GET", &format!("{BASE}/ns/repos"), Some("read")), 200);
        assert_eq!(status("GET", "/v1/api/namespaces/ns/repos", Some("read")), 200);
        assert_eq!(status("GET", "/client/v4/accounts/other/artifacts/namespaces/ns/repos", Some("edit")), 403);
        assert_eq!(status("GET", &format!("{BASE}/n..s/repos"), Some("edit")), 400);
        assert_eq!(status("GET", &format!("{BASE}/ns/other"), Some("edit")), 404);
        let wrong = api.answer("PUT", &format!("{BASE}/ns/repos"), Some("edit"), "");
        assert_eq!((wrong.status, wrong.headers.contains(&("allow", "GET, HEAD, POST, OPTIONS".into()))), (405, true));
    }

    #[test]
    fn a_failure_of_ours_is_not_described() {
        let api = Api::new();
        api.objects.fail_after(0, Fault::Lost);
        assert_eq!(api.error("GET", "/ns/repos/r", ""), failed(500, "10400 Internal error."));
    }
}
