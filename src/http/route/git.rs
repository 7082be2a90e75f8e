//! Routes of Git clients. Source: gitprotocol-http(5).

use super::Route;
use crate::witness::Subject;

/// A request of a Git client.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct GitRoute {
    pub(crate) namespace: String,
    /// With or without the suffix `.git`.
    pub(crate) repo: String,
    pub(crate) endpoint: Endpoint,
}

impl GitRoute {
    /// What the request is about.
    pub(crate) fn subject(&self) -> Subject {
        let route = match self.endpoint {
            Endpoint::InfoRefs => "info/refs",
            Endpoint::UploadPack => "git-upload-pack",
            Endpoint::ReceivePack => "git-receive-pack",
            Endpoint::Other | Endpoint::WrongMethod { .. } => "git",
        };
        let repo = self.repo.strip_suffix(".git").unwrap_or(&self.repo);
        Subject { route, namespace: Some(self.namespace.clone()), repo: Some(repo.to_owned()) }
    }
}

/// The part of a remote that is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Endpoint {
    InfoRefs,
    UploadPack,
    ReceivePack,
    /// Not part of the smart protocol.
    Other,
    /// Part of it, with a method that is not.
    WrongMethod {
        allow: &'static str,
    },
}

pub(super) fn git_route(namespace: &str, repo: &str, endpoint: Endpoint) -> Route {
    Route::Git(GitRoute { namespace: namespace.into(), repo: repo.into(), endpoint })
}

pub(super) fn endpoint(method: &str, path: &[&str]) -> Endpoint {
    match (path, method) {
        (["info", "refs"], "GET") => Endpoint::InfoRefs,
        (["git-upload-pack"], "POST") => Endpoint::UploadPack,
        (["git-receive-pack"], "POST") => Endpoint::ReceivePack,
        (["info", "refs"], _) => Endpoint::WrongMethod { allow: "GET, HEAD" },
        (["git-upload-pack" | "git-receive-pack"], _) => Endpoint::WrongMethod { allow: "POST" },
        _ => Endpoint::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Error;
    use crate::http::route::route;

    fn git(method: &str, path: &str) -> (String, Endpoint) {
        match route(method, path) {
            Ok(Route::Git(route)) => (format!("{}/{}", route.namespace, route.repo), route.endpoint),
            other => panic!("{path}: {other:?}"),
        }
    }

    #[test]
    fn a_remote_has_two_addresses() {
        for base in ["/git/ns/r.git", "/ns/r.git"] {
            let repo = "ns/r.git".to_owned();
            assert_eq!(git("GET", &format!("{base}/info/refs")), (repo.clone(), Endpoint::InfoRefs));
            assert_eq!(git("POST", &format!("{base}/git-upload-pack")), (repo.clone(), Endpoint::UploadPack));
            assert_eq!(git("POST", &format!("{base}/git-receive-pack")), (repo.clone(), Endpoint::ReceivePack));
            assert_eq!(git("GET", &format!("{base}/git-upload-pack")).1, Endpoint::WrongMethod { allow: "POST" });
            assert_eq!(git("PUT", &format!("{base}/info/refs")).1, Endpoint::WrongMethod { allow: "GET, HEAD" });
        }
        assert_eq!(git("GET", "/git/ns/r/info/refs").0, "ns/r");
    }

    #[test]
    fn what_only_dumb_clients_ask_for_is_gits_business_below_git() {
        assert_eq!(git("GET", "/git/ns/r.git/HEAD").1, Endpoint::Other);
        assert_eq!(git("GET", "/git/ns/r.git").1, Endpoint::Other);
        assert_eq!(route("GET", "/ns/r.git/HEAD"), Err(Error::NoRoute));
    }
}
