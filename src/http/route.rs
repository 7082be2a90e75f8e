//! The route table: which method and path is what. Names are as the path has them; who serves a route parses them.

mod git;

use percent_encoding::percent_decode_str;

use super::calls::{NamespaceCall, RepoPart, RestCall, RestRoute};
use super::debug::Trigger;
use crate::error::Error;
pub(crate) use git::{Endpoint, GitRoute};
use git::{endpoint, git_route};

/// Whose a request is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Route {
    Git(GitRoute),
    Rest(RestRoute),
    /// A query for metrics.
    Graphql,
    /// The description of the REST API.
    OpenApi,
    /// What is there for tests and benchmarks alone.
    Debug(Trigger),
}

impl Route {
    /// Whether the path has that of a file in it.
    fn names_file(&self) -> bool {
        let Self::Rest(RestRoute { call: RestCall::In { call, .. }, .. }) = self else { return false };
        matches!(call, NamespaceCall::ReadRepo { part: RepoPart::Raw { .. }, .. })
    }
}

/// The route of a request. `HEAD` goes where `GET` does.
pub(crate) fn route(method: &str, path: &str) -> Result<Route, Error> {
    let route = route_of(method, path)?;
    // Elsewhere such a name is none. A file's could be just what stands there for it.
    if route.names_file() && path.split('/').any(|segment| percent_decode_str(segment).decode_utf8().is_err()) {
        return Err(Error::Input { message: "Invalid path: expected UTF-8.".into(), pointer: None });
    }
    Ok(route)
}

fn route_of(method: &str, path: &str) -> Result<Route, Error> {
    let method = if method == "HEAD" { "GET" } else { method };
    let segments: Vec<String> = path.split('/').skip(1).map(decode).collect();
    let segments: Vec<&str> = segments.iter().map(String::as_str).collect();
    match segments.as_slice() {
        ["client", "v4", "accounts", account, "artifacts", "namespaces", rest @ ..] => {
            rest_route(method, Some(account), rest)
        }
        ["v1", "api", "namespaces", rest @ ..] => rest_route(method, None, rest),
        ["client", "v4", "accounts", account, "artifacts", "storage"] => storage_route(method, Some(account)),
        ["v1", "api", "storage"] => storage_route(method, None),
        ["git", namespace, repo, rest @ ..] => Ok(git_route(namespace, repo, endpoint(method, rest))),
        ["client", "v4", "graphql"] if method == "POST" => Ok(Route::Graphql),
        ["client", "v4", "graphql"] => Err(Error::MethodNotAllowed { allow: "POST" }),
        ["openapi.json"] if method == "GET" => Ok(Route::OpenApi),
        ["openapi.json"] => Err(Error::MethodNotAllowed { allow: "GET, HEAD" }),
        ["__debug", path @ ..] => Trigger::parse(method, path).map(Route::Debug).ok_or(Error::NoRoute),
        [namespace, repo, rest @ ..] => match endpoint(method, rest) {
            Endpoint::Other => Err(Error::NoRoute),
            endpoint => Ok(git_route(namespace, repo, endpoint)),
        },
        _ => Err(Error::NoRoute),
    }
}

fn rest_route(method: &str, account_id: Option<&str>, path: &[&str]) -> Result<Route, Error> {
    let call = match (path, method) {
        ([], "GET") => RestCall::ListNamespaces,
        ([], "POST") => RestCall::CreateNamespace,
        ([], _) => return Err(Error::MethodNotAllowed { allow: "GET, HEAD, POST" }),
        ([namespace, rest @ ..], _) => {
            RestCall::In { namespace: (*namespace).into(), call: namespace_call(method, rest)? }
        }
    };
    Ok(Route::Rest(RestRoute { account_id: account_id.map(Into::into), call }))
}

fn storage_route(method: &str, account_id: Option<&str>) -> Result<Route, Error> {
    if method != "GET" {
        return Err(Error::MethodNotAllowed { allow: "GET, HEAD" });
    }
    Ok(Route::Rest(RestRoute { account_id: account_id.map(Into::into), call: RestCall::ListStorage }))
}

fn namespace_call(method: &str, path: &[&str]) -> Result<NamespaceCall, Error> {
    Ok(match (path, method) {
        ([], "GET") => NamespaceCall::GetNamespace,
        ([], "DELETE") => NamespaceCall::DeleteNamespace,
        ([], _) => return Err(Error::MethodNotAllowed { allow: "GET, HEAD, DELETE" }),
        (["repos"], "GET") => NamespaceCall::ListRepos,
        (["repos"], "POST") => NamespaceCall::CreateRepo,
        (["repos"], _) => return Err(Error::MethodNotAllowed { allow: "GET, HEAD, POST" }),
        (["repos", repo], "GET") => NamespaceCall::GetRepo { repo: (*repo).into() },
        (["repos", repo], "PATCH") => NamespaceCall::ChangeRepo { repo: (*repo).into() },
        (["repos", repo], "DELETE") => NamespaceCall::DeleteRepo { repo: (*repo).into() },
        (["repos", _], _) => return Err(Error::MethodNotAllowed { allow: "GET, HEAD, PATCH, DELETE" }),
        (["repos", repo, "tokens"], "GET") => NamespaceCall::ListTokens { repo: (*repo).into() },
        (["repos", repo, "pushes"], "GET") => NamespaceCall::ListPushes { repo: (*repo).into() },
        (["repos", repo, "fork"], "POST") => NamespaceCall::ForkRepo { repo: (*repo).into() },
        (["repos", repo, "storage"], "GET") => NamespaceCall::GetRepoStorage { repo: (*repo).into() },
        (["repos", _, "tokens" | "pushes" | "storage"], _) => {
            return Err(Error::MethodNotAllowed { allow: "GET, HEAD" });
        }
        (["repos", repo, rest @ ..], _) if repo_part(rest).is_some() => {
            let part = repo_part(rest).filter(|_| method == "GET");
            let part = part.ok_or(Error::MethodNotAllowed { allow: "GET, HEAD" })?;
            NamespaceCall::ReadRepo { repo: (*repo).into(), part }
        }
        (["tokens"], "POST") => NamespaceCall::CreateToken,
        (["repos", repo, "import"], "POST") => NamespaceCall::ImportRepo { repo: (*repo).into() },
        (["tokens"] | ["repos", _, "fork" | "import"], _) => return Err(Error::MethodNotAllowed { allow: "POST" }),
        (["tokens", token_id], "DELETE") => NamespaceCall::RevokeToken { token_id: (*token_id).into() },
        (["tokens", _], _) => return Err(Error::MethodNotAllowed { allow: "DELETE" }),
        _ => return Err(Error::NoRoute),
    })
}

fn repo_part(path: &[&str]) -> Option<RepoPart> {
    Some(match path {
        ["log"] => RepoPart::Log,
        ["commit", hash] => RepoPart::Commit { hash: (*hash).into() },
        ["tree", hash] => RepoPart::Tree { hash: (*hash).into() },
        ["blob", hash] => RepoPart::Blob { hash: (*hash).into() },
        ["file"] => RepoPart::File,
        ["raw", segments @ ..] if segments.len() > 1 => {
            RepoPart::Raw { segments: segments.iter().map(ToString::to_string).collect() }
        }
        _ => return None,
    })
}

/// A segment without its percent-encoding. What is not UTF-8 stays as it is, and is no name.
fn decode(segment: &str) -> String {
    percent_decode_str(segment).decode_utf8().map_or_else(|_| segment.to_owned(), Into::into)
}

#[cfg(test)]
mod tests {
    use super::*;

    const DOCUMENTED: &str = "/client/v4/accounts/abc/artifacts/namespaces";
    const ALIAS: &str = "/v1/api/namespaces";

    fn rest(method: &str, path: &str) -> Result<RestCall, Error> {
        match route(method, path)? {
            Route::Rest(route) => Ok(route.call),
            other => panic!("{other:?}"),
        }
    }

    fn within(call: NamespaceCall) -> RestCall {
        RestCall::In { namespace: "ns".into(), call }
    }

    #[test]
    fn the_documented_base_names_the_account_and_the_alias_does_not() {
        for (base, account_id) in [(DOCUMENTED, Some("abc".to_owned())), (ALIAS, None)] {
            let wanted = RestRoute { account_id, call: within(NamespaceCall::ListRepos) };
            assert_eq!(route("GET", &format!("{base}/ns/repos")), Ok(Route::Rest(wanted)));
        }
    }

    #[test]
    fn every_rest_route_is_there() {
        let repo = || "r".to_owned();
        let table = [
            ("GET", "/ns", NamespaceCall::GetNamespace),
            ("DELETE", "/ns", NamespaceCall::DeleteNamespace),
            ("POST", "/ns/repos", NamespaceCall::CreateRepo),
            ("GET", "/ns/repos", NamespaceCall::ListRepos),
            ("GET", "/ns/repos/r", NamespaceCall::GetRepo { repo: repo() }),
            ("PATCH", "/ns/repos/r", NamespaceCall::ChangeRepo { repo: repo() }),
            ("DELETE", "/ns/repos/r", NamespaceCall::DeleteRepo { repo: repo() }),
            ("POST", "/ns/repos/r/fork", NamespaceCall::ForkRepo { repo: repo() }),
            ("POST", "/ns/repos/r/import", NamespaceCall::ImportRepo { repo: repo() }),
            ("GET", "/ns/repos/r/tokens", NamespaceCall::ListTokens { repo: repo() }),
            ("GET", "/ns/repos/r/pushes", NamespaceCall::ListPushes { repo: repo() }),
            ("GET", "/ns/repos/r/storage", NamespaceCall::GetRepoStorage { repo: repo() }),
            ("POST", "/ns/tokens", NamespaceCall::CreateToken),
            ("DELETE", "/ns/tokens/t", NamespaceCall::RevokeToken { token_id: "t".into() }),
        ];
        let read = |part| NamespaceCall::ReadRepo { repo: repo(), part };
        let hash = || "h".to_owned();
        let parts = [
            ("GET", "/ns/repos/r/log", read(RepoPart::Log)),
            ("GET", "/ns/repos/r/commit/h", read(RepoPart::Commit { hash: hash() })),
            ("GET", "/ns/repos/r/tree/h", read(RepoPart::Tree { hash: hash() })),
            ("GET", "/ns/repos/r/blob/h", read(RepoPart::Blob { hash: hash() })),
            ("GET", "/ns/repos/r/file", read(RepoPart::File)),
            (
                "GET",
                "/ns/repos/r/raw/a%2Fb/c/d",
                read(RepoPart::Raw { segments: ["a/b", "c", "d"].map(Into::into).into() }),
            ),
        ];
        let table = table.into_iter().chain(parts).map(|(method, path, call)| (method, path, within(call)));
        let all = [("POST", "", RestCall::CreateNamespace), ("GET", "", RestCall::ListNamespaces)];
        for (method, path, call) in table.chain(all) {
            assert_eq!(call.writes(), method != "GET");
            assert_eq!(rest(method, &format!("{ALIAS}{path}")), Ok(call));
        }
    }

    #[test]
    fn head_goes_where_get_does() {
        assert_eq!(rest("HEAD", &format!("{ALIAS}/ns/repos")), Ok(within(NamespaceCall::ListRepos)));
    }

    #[test]
    fn another_method_is_told_which_ones_there_are() {
        let wrong = |method, path: &str| rest(method, &format!("{ALIAS}{path}"));
        assert_eq!(wrong("PUT", ""), Err(Error::MethodNotAllowed { allow: "GET, HEAD, POST" }));
        assert_eq!(wrong("POST", "/ns"), Err(Error::MethodNotAllowed { allow: "GET, HEAD, DELETE" }));
        assert_eq!(wrong("PUT", "/ns/repos"), Err(Error::MethodNotAllowed { allow: "GET, HEAD, POST" }));
        assert_eq!(wrong("POST", "/ns/repos/r"), Err(Error::MethodNotAllowed { allow: "GET, HEAD, PATCH, DELETE" }));
        assert_eq!(wrong("POST", "/ns/repos/r/tokens"), Err(Error::MethodNotAllowed { allow: "GET, HEAD" }));
        assert_eq!(wrong("POST", "/ns/repos/r/raw/main/a"), Err(Error::MethodNotAllowed { allow: "GET, HEAD" }));
        assert_eq!(wrong("GET", "/ns/repos/r/raw/main"), Err(Error::NoRoute));
        assert_eq!(wrong("GET", "/ns/tokens"), Err(Error::MethodNotAllowed { allow: "POST" }));
        assert_eq!(wrong("GET", "/ns/tokens/t"), Err(Error::MethodNotAllowed { allow: "DELETE" }));
    }

    #[test]
    fn everything_else_is_no_route() {
        for path in ["/", "", "/v1", "/v1/api", "/v1/api/namespaces/ns/other", "/git/ns", "/__debug/other/x"] {
            assert_eq!(route("GET", path), Err(Error::NoRoute), "{path}");
        }
        assert_eq!(route("GET", "/__debug/panic"), Err(Error::NoRoute));
    }

    #[test]
    fn segments_are_decoded_after_they_are_cut() {
        assert_eq!(
            rest("GET", &format!("{ALIAS}/ns/repos/a%2Fb")),
            Ok(within(NamespaceCall::GetRepo { repo: "a/b".into() }))
        );
        assert_eq!(
            rest("GET", &format!("{ALIAS}/ns/repos/%ff")),
            Ok(within(NamespaceCall::GetRepo { repo: "%ff".into() }))
        );
        let not_utf8 = Error::Input { message: "Invalid path: expected UTF-8.".into(), pointer: None };
        for path in ["/ns/repos/r/raw/main/caf%E9", "/ns/repos/r/raw/%ff/a"] {
            assert_eq!(rest("GET", &format!("{ALIAS}{path}")), Err(not_utf8.clone()));
        }
    }

    #[test]
    fn the_description_of_the_api_is_read_only() {
        assert_eq!(route("HEAD", "/openapi.json"), Ok(Route::OpenApi));
        assert_eq!(route("POST", "/openapi.json"), Err(Error::MethodNotAllowed { allow: "GET, HEAD" }));
    }

    #[test]
    fn queries_for_metrics_are_posts() {
        assert_eq!(route("POST", "/client/v4/graphql"), Ok(Route::Graphql));
        assert_eq!(route("GET", "/client/v4/graphql"), Err(Error::MethodNotAllowed { allow: "POST" }));
    }

    #[test]
    fn debug_triggers_have_addresses_that_no_repo_has() {
        assert_eq!(route("POST", "/__debug/panic"), Ok(Route::Debug(Trigger::Panic)));
        assert_eq!(route("POST", "/__debug/events"), Ok(Route::Debug(Trigger::Events)));
    }
}
