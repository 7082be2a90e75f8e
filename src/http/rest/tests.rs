//! Whole REST requests against Durable Objects in memory.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Asked, serve};
use crate::config::Config;
use crate::durable::{Fault, ready};
use crate::error::Error;
use crate::http::answer::Answer;
use crate::http::route::{Route, route};
use crate::objects::MemoryObjects;

const BASE: &str = "/client/v4/accounts/abc/artifacts/namespaces";
const NOW: u64 = 1_760_000_000_000;

struct Api {
    objects: MemoryObjects,
    config: Config,
}

impl Api {
    fn new() -> Self {
        let objects = MemoryObjects::default();
        objects.wait(NOW);
        Self { objects, config: Config::of_tests() }
    }

    fn answer(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query: HashMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let authorization = token.map(|token| format!("Bearer {token}"));
        let asked =
            Asked { config: &self.config, objects: &self.objects, now: self.objects.now(), query, body: body.into() };
        let served = match route(method, path) {
            Ok(Route::Rest(route)) => ready(serve(&asked, &route, authorization.as_deref())),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        };
        served.unwrap_or_else(|error: Error| error.to_rest())
    }

    fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self.answer(method, &format!("{BASE}{path}"), Some("edit"), body);
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    fn create(&self, name: &str) -> Value {
        let (status, created) = self.call("POST", "/ns/repos", &format!(r#"{{"name":"{name}"}}"#));
        assert_eq!(status, 201, "{created}");
        created["result"].clone()
    }

    fn error(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (status, answer) = self.call(method, path, body);
        assert_eq!((&answer["result"], &answer["success"]), (&Value::Null, &json!(false)));
        let error = &answer["errors"][0];
        (status, format!("{} {}", error["code"], error["message"].as_str().unwrap()))
    }
}

fn failed(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}

#[test]
fn a_repo_is_created_read_listed_and_deleted() {
    let api = Api::new();
    let created = api.create("Starter-Repo");
    let id = created["id"].clone();
    let token = created["token"].as_str().unwrap();
    assert!(token.starts_with("art_v1_") && token.ends_with("?expires=1760086400"), "{token}");
    assert_eq!(
        created,
        json!({
            "id": id, "name": "Starter-Repo", "description": null, "default_branch": "main",
            "remote": "https://artifacts.example/git/ns/Starter-Repo.git", "token": token,
        })
    );
    let repo = json!({
        "id": id, "name": "Starter-Repo", "description": null, "default_branch": "main",
        "created_at": "2025-10-09T08:53:20.000Z", "updated_at": "2025-10-09T08:53:20.000Z", "last_push_at": null,
        "source": null, "read_only": false, "remote": "https://artifacts.example/git/ns/Starter-Repo.git",
        "status": "ready", "size": 0, "shallow": false,
    });
    let (status, read) = api.call("GET", "/ns/repos/starter-repo", "");
    assert_eq!((status, &read["result"]), (200, &repo));
    let (status, listed) = api.call("GET", "/NS/repos", "");
    assert_eq!((status, &listed["result"]), (200, &json!([repo])));
    assert_eq!(listed["result_info"], json!({"cursor": "", "per_page": 50, "count": 1}));
    let (status, deleted) = api.call("DELETE", "/ns/repos/starter-repo", "");
    assert_eq!((status, &deleted["result"]), (202, &json!({"id": id})));
    let gone = failed(404, "10200 Repository not found: starter-repo.");
    assert_eq!(api.error("GET", "/ns/repos/starter-repo", ""), gone);
    assert_eq!(api.error("DELETE", "/ns/repos/starter-repo", ""), gone);
    api.create("starter-repo");
}

#[test]
fn what_is_asked_for_at_creation_is_kept() {
    let api = Api::new();
    let body = r#"{"name":"r","description":"d","default_branch":"trunk","read_only":true,"unknown":1}"#;
    assert_eq!(api.call("POST", "/ns/repos", body).0, 201);
    let repo = api.call("GET", "/ns/repos/r", "").1["result"].clone();
    assert_eq!(
        (&repo["description"], &repo["default_branch"], &repo["read_only"]),
        (&json!("d"), &json!("trunk"), &json!(true))
    );
}

#[test]
fn a_creation_that_cannot_be_is_told_why_and_where() {
    let api = Api::new();
    api.create("there");
    let table = [
        ("", 400, "10100 Invalid body: expected a JSON object, found nothing."),
        ("{}", 400, "10100 Invalid name: is required."),
        (r#"{"name":1}"#, 400, "10100 Invalid name: expected a string."),
        (r#"{"name":"a..b"}"#, 400, "10101 Invalid repo name."),
        (r#"{"name":"a","read_only":"no"}"#, 400, "10100 Invalid read_only: expected a boolean."),
        (r#"{"name":"There"}"#, 409, "10201 repo already exists: There"),
    ];
    for (body, status, message) in table {
        assert_eq!(api.error("POST", "/ns/repos", body), failed(status, message), "{body}");
    }
    for (body, pointer) in [
        (r#"{"name":"a..b"}"#, "/name"),
        (r#"{"name":"a","default_branch":"a b"}"#, "/default_branch"),
        (&format!(r#"{{"name":"a","description":"{}"}}"#, "d".repeat(1025)), "/description"),
    ] {
        let (_, answer) = api.call("POST", "/ns/repos", body);
        assert_eq!(answer["errors"][0]["source"]["pointer"], json!(pointer));
    }
}

#[test]
fn a_list_goes_on_where_its_cursor_says() {
    let api = Api::new();
    for name in ["a", "b", "c"] {
        api.create(name);
        api.objects.wait(1);
    }
    let names = |path: &str| {
        let (status, page) = api.call("GET", path, "");
        assert_eq!(status, 200, "{page}");
        let names: Vec<String> =
            page["result"].as_array().unwrap().iter().map(|repo| repo["name"].as_str().unwrap().into()).collect();
        (names.join(" "), page["result_info"]["cursor"].as_str().unwrap().to_owned())
    };
    let (first, cursor) = names("/ns/repos?limit=2&page=1");
    assert_eq!(first, "c b");
    assert_eq!(names(&format!("/ns/repos?limit=2&cursor={cursor}")), ("a".into(), String::new()));
    assert_eq!(names("/ns/repos?sort=name&direction=asc&cursor=").0, "a b c");
    assert_eq!(names("/other/repos").0, "");
    let other_order = format!("/ns/repos?direction=asc&cursor={cursor}");
    for (path, message) in [
        ("/ns/repos?limit=201", "10100 Invalid limit: must be between 1 and 200."),
        (&other_order, "10100 Invalid cursor: must be one that a list in the same order returned."),
        ("/ns/repos?direction=up", "10100 Invalid direction: must be one of asc, desc."),
    ] {
        assert_eq!(api.error("GET", path, ""), failed(400, message));
    }
}

#[test]
fn a_token_is_made_listed_and_revoked() {
    let api = Api::new();
    api.create("r");
    api.objects.wait(1);
    let (status, made) = api.call("POST", "/ns/tokens", r#"{"repo":"R","scope":"read","ttl":3600}"#);
    let (id, plaintext) = (made["result"]["id"].clone(), made["result"]["plaintext"].clone());
    assert_eq!(status, 201);
    assert!(plaintext.as_str().unwrap().ends_with("?expires=1760003600"));
    let expires_at = json!("2025-10-09T09:53:20.001Z");
    assert_eq!(made["result"], json!({"id": id, "plaintext": plaintext, "scope": "read", "expires_at": expires_at}));
    let (_, listed) = api.call("GET", "/ns/repos/r/tokens?per_page=1", "");
    let token = json!({
        "id": id, "scope": "read", "state": "active", "created_at": "2025-10-09T08:53:20.001Z",
        "expires_at": expires_at,
    });
    assert_eq!(listed["result"], json!([token]));
    let info = json!({"page": 1, "per_page": 1, "total_pages": 2, "count": 1, "total_count": 2});
    assert_eq!(listed["result_info"], info);
    let path = format!("/ns/tokens/{}", id.as_str().unwrap());
    for _ in 0..2 {
        let (status, revoked) = api.call("DELETE", &path, "");
        assert_eq!((status, &revoked["result"]), (200, &json!({"id": id})));
    }
    let (_, listed) = api.call("GET", "/ns/repos/r/tokens?state=revoked", "");
    assert_eq!(listed["result"][0]["id"], id);
}

#[test]
fn a_token_that_cannot_be_is_told_why() {
    let api = Api::new();
    api.create("r");
    let ttl = |ttl: &str| api.error("POST", "/ns/tokens", &format!(r#"{{"repo":"r","ttl":{ttl}}}"#));
    for seconds in ["30", "31536001", "-1", "60.5"] {
        let message = format!("10103 Invalid TTL {seconds}: must be between 60 and 31536000 seconds.");
        assert_eq!(ttl(seconds), failed(400, &message));
    }
    assert_eq!(ttl(r#""60""#), failed(400, "10100 Invalid ttl: expected a number."));
    let table = [
        (r#"{"repo":"r","scope":"admin"}"#, 400, "10100 Invalid scope: must be read or write."),
        (r#"{"repo":"other"}"#, 404, "10200 Repository not found: other."),
        (r#"{"scope":"read"}"#, 400, "10100 Invalid repo: is required."),
    ];
    for (body, status, message) in table {
        assert_eq!(api.error("POST", "/ns/tokens", body), failed(status, message));
    }
    let unknown = failed(404, "10200 Token not found: 0123456789abcdef.");
    assert_eq!(api.error("DELETE", "/ns/tokens/0123456789abcdef", ""), unknown);
    assert_eq!(api.error("GET", "/ns/repos/other/tokens", "").0, 404);
}

#[test]
fn tokens_of_a_deleted_repo_are_unknown() {
    let api = Api::new();
    api.create("r");
    let (_, made) = api.call("POST", "/ns/tokens", r#"{"repo":"r"}"#);
    api.call("DELETE", "/ns/repos/r", "");
    api.create("r");
    let path = format!("/ns/tokens/{}", made["result"]["id"].as_str().unwrap());
    assert_eq!(api.error("DELETE", &path, "").0, 404);
}

#[test]
fn a_token_works_only_after_it_can_be_revoked() {
    for calls in 0..4 {
        let api = Api::new();
        api.create("r");
        api.objects.fail_after(calls, Fault::AnswerLost);
        let (status, _) = api.call("POST", "/ns/tokens", r#"{"repo":"r"}"#);
        api.objects.heal();
        assert_eq!(status, if calls < 3 { 500 } else { 201 });
        let (_, listed) = api.call("GET", "/ns/repos/r/tokens", "");
        for token in listed["result"].as_array().unwrap() {
            assert_eq!(api.call("DELETE", &format!("/ns/tokens/{}", token["id"].as_str().unwrap()), "").0, 200);
        }
    }
}

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
    assert_eq!((wrong.status, wrong.headers.contains(&("allow", "GET, HEAD, POST".into()))), (405, true));
}

#[test]
fn a_failure_of_ours_is_not_described() {
    let api = Api::new();
    api.objects.fail_after(0, Fault::Lost);
    assert_eq!(api.error("GET", "/ns/repos/r", ""), failed(500, "10400 Internal error."));
}
