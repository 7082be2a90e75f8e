//! Git over HTTP.

use worker::{Request, Url};

use super::answer::Answer;
use super::auth;
use super::route::{Endpoint, GitRoute};
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::call::View;

/// Answers a Git request: who asks is settled first.
pub(crate) async fn serve(
    objects: &impl Objects,
    route: &GitRoute,
    request: &Request,
    url: &Url,
) -> Result<Answer, Error> {
    let namespace = NamespaceName::parse(&route.namespace).ok_or(Error::GitRepoName)?;
    let repo = RepoName::parse_in_remote(&route.repo).ok_or(Error::GitRepoName)?;
    let view = match route.endpoint {
        Endpoint::InfoRefs => match service(url).as_str() {
            "git-upload-pack" => View::Refs,
            "git-receive-pack" => View::PushRefs,
            other => return Err(Error::GitService(other.to_owned())),
        },
        Endpoint::UploadPack => View::Fetch,
        Endpoint::ReceivePack => View::PushRefs,
        Endpoint::Other => return Err(Error::GitPath),
        Endpoint::WrongMethod { allow } => return Err(Error::MethodNotAllowed { allow }),
    };
    let token = auth::repo_token(request.headers().get("authorization")?.as_deref())?;
    let opened = objects.repo(&namespace, &repo)?.open(token.sha256(), view).await?;
    opened.map_err(|refusal| Error::Refused { repo: repo.to_string(), refusal })?;
    Err(Error::GitPath)
}

fn service(url: &Url) -> String {
    let mut pairs = url.query_pairs();
    pairs.find(|(name, _)| name == "service").map(|(_, service)| service.into_owned()).unwrap_or_default()
}
