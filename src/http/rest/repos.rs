//! `/repos` and `/repos/{name}`.

use serde::Serialize;

use super::query::{number_parameter, offset_parameter, parameter_error, word_parameter};
use super::{Asked, repo_name};
use crate::config::{Config, REPOS_PER_PAGE_DEFAULT, REPOS_PER_PAGE_MAX};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::envelope::{self, CursorInfo, Numbered};
use crate::input::Fields;
use crate::names::{NamespaceName, RepoName};
use crate::namespace::call::{Direction, Listing, Sort};
use crate::namespace::cursor;
use crate::objects::Objects;
use crate::ops::change_repo::change_repo;
use crate::ops::create_repo::{CreateRepo, create_repo};
use crate::ops::delete_repo::delete_repo;
use crate::ops::get_repo::get_repo;
use crate::ops::storage::require_account_room;
use crate::repo::call::{Description, RepoChange};
use crate::shown::{NewRepo, Repo};
use crate::witness::Deed;

#[derive(Debug, Serialize)]
struct Deleted<'a> {
    id: &'a str,
}

/// `POST /repos`
pub(super) async fn create<O: Objects>(asked: &Asked<'_, O>, namespace: NamespaceName) -> Result<Answer, Error> {
    let wanted = parse_create(namespace, &asked.body)?;
    asked.witness.about(&wanted.namespace.to_string(), &wanted.name.to_string());
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let created = create_repo(asked.objects, account_id, asked.now, wanted).await?;
    asked.witness.made(&created, Deed::Created);
    Ok(Answer::json(Success::Created.status(), &envelope::success(NewRepo::of(asked.config, &created))))
}

/// `GET /repos`
pub(super) async fn list<O: Objects>(asked: &Asked<'_, O>, namespace: &NamespaceName) -> Result<Answer, Error> {
    let listing = parse_listing(asked)?;
    let (sort, direction, per_page, offset) = (listing.sort, listing.direction, listing.limit, listing.offset);
    let page = asked.objects.namespace(namespace)?.list(listing).await?;
    let repos: Vec<Repo<'_>> = page.repos.iter().map(|info| Repo::of(asked.config, info)).collect();
    let cursor = page.next.map(|after| cursor::encode(sort, direction, &after)).unwrap_or_default();
    let pages = offset.zip(page.total_count).map(|(offset, total)| Numbered::of(offset, per_page, total));
    let info = CursorInfo { cursor, per_page, count: repos.len(), pages };
    Ok(Answer::json(Success::Ok.status(), &envelope::page(repos, info)))
}

/// `GET /repos/{name}`
pub(super) async fn get<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    name: &RepoName,
) -> Result<Answer, Error> {
    let info = get_repo(asked.objects, namespace, name).await?;
    Ok(Answer::json(Success::Ok.status(), &envelope::success(Repo::of(asked.config, &info))))
}

/// `PATCH /repos/{name}`
pub(super) async fn change<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    name: &RepoName,
) -> Result<Answer, Error> {
    let info = change_repo(asked.objects, namespace, name, parse_change(&asked.body)?).await?;
    Ok(Answer::json(Success::Ok.status(), &envelope::success(Repo::of(asked.config, &info))))
}

/// `DELETE /repos/{name}`
pub(super) async fn delete<O: Objects>(
    asked: &Asked<'_, O>,
    namespace: &NamespaceName,
    name: &RepoName,
) -> Result<Answer, Error> {
    let deleted = delete_repo(asked.objects, namespace, name).await?;
    let answer = envelope::success(Deleted { id: &deleted.repo_id });
    let answer = Answer::json(Success::Accepted.status(), &answer);
    asked.witness.about(&deleted.namespace, &deleted.name);
    asked.witness.did(Deed::Deleted(deleted));
    Ok(answer)
}

fn parse_create(namespace: NamespaceName, body: &[u8]) -> Result<CreateRepo, Error> {
    let fields = Fields::parse(body)?;
    let name = repo_name(fields.required_text("name")?, Some("/name"))?;
    let description = fields.description()?;
    let default_branch = fields.branch("default_branch")?;
    let read_only = fields.flag("read_only")?.unwrap_or(false);
    Ok(CreateRepo { namespace, name, description, default_branch, read_only })
}

fn parse_change(body: &[u8]) -> Result<RepoChange, Error> {
    let fields = Fields::parse(body)?;
    let description = match fields.description()? {
        Some(text) => Some(Description::Text(text)),
        None => fields.is_null("description").then_some(Description::Removed),
    };
    let default_branch = fields.branch("default_branch")?.map(|branch| branch.to_string());
    Ok(RepoChange { description, default_branch, read_only: fields.flag("read_only")? })
}

fn parse_listing<O>(asked: &Asked<'_, O>) -> Result<Listing, Error> {
    let query = &asked.query;
    let sorts = [
        ("created_at", Sort::CreatedAt),
        ("updated_at", Sort::UpdatedAt),
        ("last_push_at", Sort::LastPushAt),
        ("name", Sort::Name),
    ];
    let sort = word_parameter(query, "sort", &sorts, Sort::CreatedAt)?;
    let directions = [("asc", Direction::Asc), ("desc", Direction::Desc)];
    let direction = word_parameter(query, "direction", &directions, Direction::Desc)?;
    let limit = number_parameter(query, "limit", 1..=REPOS_PER_PAGE_MAX, REPOS_PER_PAGE_DEFAULT)?;
    let cursor = query.get("cursor").filter(|cursor| !cursor.is_empty());
    let after = cursor
        .map(|text| {
            cursor::decode(text, sort, direction)
                .ok_or_else(|| parameter_error("cursor", "must be one that a list in the same order returned"))
        })
        .transpose()?;
    let search = query.get("search").filter(|part| !part.is_empty()).cloned();
    Ok(Listing { sort, direction, limit, after, offset: offset_parameter(query, limit)?, search })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use crate::http::rest::fixture::{Api, BASE, failed};
    use crate::namespace::call::{Direction, Position, Sort, SortKey};
    use crate::namespace::cursor;
    use crate::witness::Deed;

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
    fn what_was_done_to_a_repo_is_witnessed_and_what_was_refused_is_not() {
        let api = Api::new();
        api.create("a");
        api.call("POST", "/ns/repos/a/fork", r#"{"name":"b"}"#);
        let (_, made) = api.call("POST", "/ns/tokens", r#"{"repo":"a"}"#);
        let token_id = made["result"]["id"].as_str().unwrap().to_owned();
        api.call("DELETE", &format!("/ns/tokens/{token_id}"), "");
        api.call("DELETE", "/ns/repos/a", "");
        assert_eq!(api.call("POST", "/ns/repos", r#"{"name":"b"}"#).0, 409);
        match &api.witness.deeds()[..] {
            [
                Deed::Created(repo, first),
                Deed::Forked(fork, of_fork),
                Deed::TokenCreated(token),
                Deed::TokenRevoked { token_id: revoked },
                Deed::Deleted(deleted),
            ] => {
                assert_eq!((&*repo.name, &*fork.name, &deleted.repo_id), ("a", "b", &repo.repo_id));
                assert_eq!((&token.id, revoked), (&token_id, &token_id));
                assert!(first.id != of_fork.id && of_fork.id != token.id);
            }
            others => panic!("{others:?}"),
        }
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
    fn what_is_changed_of_a_repo_is_seen_at_once_and_the_rest_stays() {
        let api = Api::new();
        let created = api.create("r");
        api.objects.wait(1_000);
        let body = r#"{"description":"d","default_branch":"trunk","read_only":true,"name":"other"}"#;
        let (status, changed) = api.call("PATCH", "/ns/repos/R", body);
        let repo = &changed["result"];
        assert_eq!((status, &repo["id"], &repo["name"]), (200, &created["id"], &json!("r")));
        assert_eq!(
            (&repo["description"], &repo["default_branch"], &repo["read_only"], &repo["updated_at"]),
            (&json!("d"), &json!("trunk"), &json!(true), &json!("2025-10-09T08:53:21.000Z"))
        );
        assert_eq!(api.call("GET", "/ns/repos/r", "").1["result"], *repo);
        assert_eq!(api.call("GET", "/ns/repos", "").1["result"], json!([repo]));
        api.objects.wait(1_000);
        assert_eq!(api.call("PATCH", "/ns/repos/r", r#"{"read_only":null}"#).1["result"], *repo);
        let (_, changed) = api.call("PATCH", "/ns/repos/r", r#"{"description":null}"#);
        assert_eq!((&changed["result"]["description"], &changed["result"]["read_only"]), (&json!(null), &json!(true)));
    }

    #[test]
    fn a_change_that_cannot_be_is_told_why() {
        let api = Api::new();
        api.create("r");
        let table = [
            ("/ns/repos/r", "", 400, "10100 Invalid body: expected a JSON object, found nothing."),
            ("/ns/repos/r", r#"{"read_only":1}"#, 400, "10100 Invalid read_only: expected a boolean."),
            ("/ns/repos/r", r#"{"description":1}"#, 400, "10100 Invalid description: expected a string."),
            ("/ns/repos/other", "{}", 404, "10200 Repository not found: other."),
        ];
        for (path, body, status, message) in table {
            assert_eq!(api.error("PATCH", path, body), failed(status, message));
        }
        assert_eq!(api.error("PATCH", "/ns/repos/r", r#"{"default_branch":"a b"}"#).0, 400);
        assert_eq!(api.answer("PATCH", &format!("{BASE}/ns/repos/r"), Some("read"), "{}").status, 403);
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
        assert_eq!((first.as_str(), names("/ns/repos?limit=2&page=2").0.as_str()), ("c b", "a"));
        let (_, second) = api.call("GET", "/ns/repos?limit=2&page=2", "");
        let info = json!({"cursor": "", "per_page": 2, "count": 1, "page": 2, "total_pages": 2, "total_count": 3});
        assert_eq!(second["result_info"], info);
        assert_eq!(names(&format!("/ns/repos?limit=2&cursor={cursor}")), ("a".into(), String::new()));
        assert_eq!(names("/ns/repos?sort=name&direction=asc&cursor=").0, "a b c");
        assert_eq!(names("/other/repos").0, "");
        let other_order = format!("/ns/repos?direction=asc&cursor={cursor}");
        let beyond = Position { key: SortKey::Time(u64::MAX), repo_id: String::new() };
        let beyond = format!("/ns/repos?cursor={}", cursor::encode(Sort::CreatedAt, Direction::Desc, &beyond));
        for (path, message) in [
            ("/ns/repos?limit=201", "10100 Invalid limit: must be between 1 and 200."),
            (&beyond, "10100 Invalid cursor: must be one that a list in the same order returned."),
            (&other_order, "10100 Invalid cursor: must be one that a list in the same order returned."),
            ("/ns/repos?direction=up", "10100 Invalid direction: must be one of asc, desc."),
        ] {
            assert_eq!(api.error("GET", path, ""), failed(400, message));
        }
    }
}
