//! `/namespaces` and `/namespaces/{ns}`.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::Serialize;

use super::Asked;
use super::query::{number_parameter, offset_parameter, parameter_error};
use crate::account::call::NamespaceListing;
use crate::config::{ApiToken, NAMESPACES_PER_PAGE_DEFAULT, NAMESPACES_PER_PAGE_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::auth;
use crate::http::envelope::{self, CursorInfo, Numbered};
use crate::input::Fields;
use crate::names::NamespaceName;
use crate::namespace::call::NamespaceInfo;
use crate::objects::Objects;
use crate::ops::create_namespace::create_namespace;
use crate::ops::delete_namespace::delete_namespace;
use crate::time::iso;

/// The one jurisdiction that can be asked for, which is none.
const UNRESTRICTED: &str = "unrestricted";

/// A namespace, as callers see it.
#[derive(Debug, Serialize)]
struct Namespace<'a> {
    #[serde(rename = "namespace")]
    name: &'a str,
    jurisdiction: Option<&'a str>,
    repo_count: u64,
    size: u64,
    created_at: String,
    updated_at: String,
}

/// `POST /namespaces`
pub(super) async fn create<O: Objects>(asked: &Asked<'_, O>, token: &ApiToken) -> Result<Answer, Error> {
    let fields = Fields::parse(&asked.body)?;
    let name = fields.required_text("namespace")?;
    let name = NamespaceName::parse(name).ok_or(Error::NamespaceName { pointer: Some("/namespace") })?;
    auth::covers(token, &name)?;
    if fields.text("jurisdiction")?.is_some_and(|jurisdiction| jurisdiction != UNRESTRICTED) {
        return Err(fields.error("jurisdiction", "this deployment has none: must be null or unrestricted"));
    }
    let info = create_namespace(asked.objects, &asked.config.account_id, &name).await?;
    Ok(Answer::json(Success::Created.status(), &envelope::success(namespace(&info))))
}

/// `GET /namespaces`: those that the token opens.
pub(super) async fn list<O: Objects>(asked: &Asked<'_, O>, token: &ApiToken) -> Result<Answer, Error> {
    let range = 1..=NAMESPACES_PER_PAGE_MAX;
    let per_page = number_parameter(&asked.query, "limit", range, NAMESPACES_PER_PAGE_DEFAULT)?;
    let cursor = asked.query.get("cursor").filter(|cursor| !cursor.is_empty());
    let cursor_error = || parameter_error("cursor", "must be one that a list of namespaces returned");
    let after = cursor.map(|text| decode(text).ok_or_else(cursor_error)).transpose()?;
    let offset = offset_parameter(&asked.query, per_page)?;
    let listing = NamespaceListing { limit: per_page, after, offset, only: token.namespaces.clone() };
    let page = asked.objects.account(&asked.config.account_id)?.list(listing).await?;
    let namespaces: Vec<_> = page.namespaces.iter().map(namespace).collect();
    let cursor = page.next.map(|key| URL_SAFE_NO_PAD.encode(key)).unwrap_or_default();
    let pages = offset.zip(page.total_count).map(|(offset, total)| Numbered::of(offset, per_page, total));
    let info = CursorInfo { cursor, per_page, count: namespaces.len(), pages };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(namespaces, info)))
}

/// `GET /namespaces/{ns}`
pub(super) async fn get<O: Objects>(asked: &Asked<'_, O>, name: &NamespaceName) -> Result<Answer, Error> {
    let info = asked.objects.namespace(name)?.info().await?;
    let info = info.ok_or_else(|| Error::NamespaceNotFound(name.to_string()))?;
    Ok(Answer::json(Success::Ok.status(), &envelope::success(namespace(&info))))
}

/// `DELETE /namespaces/{ns}`
pub(super) async fn delete<O: Objects>(asked: &Asked<'_, O>, name: &NamespaceName) -> Result<Answer, Error> {
    delete_namespace(asked.objects, &asked.config.account_id, name).await?;
    Ok(Answer::empty(Success::NoContent.status()))
}

fn namespace(info: &NamespaceInfo) -> Namespace<'_> {
    Namespace {
        name: &info.namespace,
        jurisdiction: None,
        repo_count: info.repo_count,
        size: info.size,
        created_at: iso(info.created_at),
        updated_at: iso(info.updated_at),
    }
}

/// The key that a cursor stands for, which is that of a namespace.
fn decode(cursor: &str) -> Option<String> {
    let key = String::from_utf8(URL_SAFE_NO_PAD.decode(cursor).ok()?).ok()?;
    NamespaceName::parse(&key).filter(|name| name.key() == key).map(|_| key)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::durable::Fault;
    use crate::http::rest::fixture::{Api, BASE, failed};
    use crate::names::NamespaceName;

    fn listed(api: &Api, path: &str) -> (String, String) {
        let (status, page) = api.call("GET", path, "");
        assert_eq!(status, 200, "{page}");
        let names = page["result"].as_array().unwrap().iter().map(|info| info["namespace"].as_str().unwrap());
        (names.collect::<Vec<_>>().join(" "), page["result_info"]["cursor"].as_str().unwrap().to_owned())
    }

    fn ring(api: &Api, namespace: &str) {
        api.objects.wait(10_000);
        api.objects.ring_namespace(&NamespaceName::parse(namespace).unwrap(), "abc");
    }

    #[test]
    fn a_namespace_is_made_read_listed_and_deleted() {
        let api = Api::new();
        let (status, made) = api.call("POST", "", r#"{"namespace":"Prod","jurisdiction":"unrestricted"}"#);
        let time = "2025-10-09T08:53:20.000Z";
        let prod = json!({
            "namespace": "Prod", "jurisdiction": null, "repo_count": 0, "size": 0, "created_at": time, "updated_at": time,
        });
        assert_eq!((status, &made["result"]), (201, &prod));
        assert_eq!(api.call("GET", "/PROD", "").1["result"], prod);
        let (_, page) = api.call("GET", "", "");
        assert_eq!(page["result"], json!([prod]));
        assert_eq!(page["result_info"], json!({"cursor": "", "per_page": 100, "count": 1}));
        assert_eq!(
            api.error("POST", "", r#"{"namespace":"prod"}"#),
            failed(409, "10201 namespace already exists: prod")
        );
        let deleted = api.answer("DELETE", &format!("{BASE}/prod"), Some("edit"), "");
        assert_eq!((deleted.status, deleted.body), (204, Vec::new()));
        for method in ["GET", "DELETE"] {
            assert_eq!(api.error(method, "/prod", ""), failed(404, "10200 Namespace not found: prod."));
        }
        assert_eq!(listed(&api, "").0, "");
        assert_eq!(api.call("POST", "", r#"{"namespace":"prod"}"#).0, 201);
        assert_eq!(listed(&api, "").0, "prod");
    }

    #[test]
    fn a_namespace_that_cannot_be_is_told_why_and_where() {
        let api = Api::new();
        let table = [
            ("{}", "10100 Invalid namespace: is required.", Some("/namespace")),
            (r#"{"namespace":"a..b"}"#, "10100 Invalid namespace name.", Some("/namespace")),
            (
                r#"{"namespace":"a","jurisdiction":"eu"}"#,
                "10100 Invalid jurisdiction: this deployment has none: must be null or unrestricted.",
                Some("/jurisdiction"),
            ),
            ("[]", "10100 Invalid body: expected a JSON object.", None),
        ];
        for (body, message, pointer) in table {
            assert_eq!(api.error("POST", "", body), failed(400, message));
            assert_eq!(api.call("POST", "", body).1["errors"][0]["source"]["pointer"].as_str(), pointer);
        }
        assert_eq!(api.error("GET", "?cursor=x", "").0, 400);
        assert_eq!(api.call("GET", "?page=1", "").1["result_info"]["total_count"], json!(0));
        assert_eq!(api.call("GET", "/none/repos?page=1", "").1["result_info"]["total_count"], json!(0));
        assert_eq!(api.error("GET", "?limit=201", ""), failed(400, "10100 Invalid limit: must be between 1 and 200."));
    }

    #[test]
    fn the_first_repo_makes_the_namespace_and_the_last_one_leaves_it() {
        let api = Api::new();
        api.create("a");
        let count = |path: &str| api.call("GET", path, "").1["result"]["repo_count"].clone();
        assert_eq!((listed(&api, "").0.as_str(), count("/ns")), ("ns", json!(1)));
        api.create("b");
        ring(&api, "ns");
        assert_eq!(api.call("GET", "", "").1["result"][0]["repo_count"], json!(2));
        let full = failed(409, "10202 Namespace is not empty: ns. Delete its repos first.");
        assert_eq!(api.error("DELETE", "/ns", ""), full);
        for name in ["a", "b"] {
            assert_eq!(api.call("DELETE", &format!("/ns/repos/{name}"), "").0, 202);
        }
        assert_eq!(count("/ns"), json!(0));
        assert_eq!(api.answer("DELETE", &format!("{BASE}/ns"), Some("edit"), "").status, 204);
        api.create("a");
        assert_eq!((listed(&api, "").0.as_str(), count("/ns")), ("ns", json!(1)));
    }

    #[test]
    fn a_list_goes_on_where_its_cursor_says() {
        let api = Api::new();
        for name in ["b", "A", "c"] {
            api.call("POST", "", &format!(r#"{{"namespace":"{name}"}}"#));
        }
        let (first, cursor) = listed(&api, "?limit=2&page=1");
        assert_eq!(first, "A b");
        assert_eq!(listed(&api, &format!("?limit=2&cursor={cursor}")), ("c".into(), String::new()));
        assert_eq!(listed(&api, "?limit=2&page=2"), ("c".into(), String::new()));
        assert_eq!(api.call("GET", "?limit=2&page=1", "").1["result_info"]["total_count"], json!(3));
    }

    #[test]
    fn an_account_that_could_not_be_told_hears_later() {
        for calls in 0.. {
            let api = Api::new();
            api.objects.fail_after(calls, Fault::AnswerLost);
            let (status, _) = api.call("POST", "", r#"{"namespace":"ns"}"#);
            let failed = api.objects.has_failed();
            api.objects.heal();
            ring(&api, "ns");
            assert_eq!(listed(&api, "").0, "ns", "{status} {calls}");
            api.objects.fail_after(calls, Fault::Lost);
            let deleted = api.answer("DELETE", &format!("{BASE}/ns"), Some("edit"), "");
            api.objects.heal();
            ring(&api, "ns");
            let left = if deleted.status == 204 { "" } else { "ns" };
            assert_eq!(listed(&api, "").0, left, "{calls}");
            if !failed {
                return;
            }
        }
    }

    #[test]
    fn a_token_for_some_namespaces_makes_and_sees_no_others() {
        let api = Api::new();
        let call = |method: &str, path: &str, body: &str| {
            let answer = api.answer(method, &format!("{BASE}{path}"), Some("only-mine"), body);
            (answer.status, serde_json::from_slice::<Value>(&answer.body).unwrap())
        };
        api.call("POST", "", r#"{"namespace":"other"}"#);
        assert_eq!(call("POST", "", r#"{"namespace":"another"}"#).0, 403);
        assert_eq!(call("GET", "/other", "").0, 403);
        assert_eq!(call("POST", "", r#"{"namespace":"Mine"}"#).0, 201);
        let (_, page) = call("GET", "", "");
        assert_eq!((page["result"][0]["namespace"].as_str(), &page["result"][1]), (Some("Mine"), &Value::Null));
    }
}
