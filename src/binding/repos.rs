//! The methods of the binding, and those of a handle that are about the repo itself.

use serde::Serialize;

use super::{Asked, repo_name, result};
use crate::config::{Config, REPOS_PER_PAGE_DEFAULT, REPOS_PER_PAGE_MAX};
use crate::error::Error;
use crate::http::answer::Answer;
use crate::input::Fields;
use crate::namespace::call::{Direction, Listing, Sort};
use crate::namespace::cursor;
use crate::objects::Objects;
use crate::ops::create_repo::{self, CreateRepo};
use crate::ops::delete_repo::delete_repo;
use crate::ops::fork::{self, ForkRepo};
use crate::ops::get_repo::get_repo;
use crate::ops::import::{self, ImportRepo};
use crate::ops::storage::require_account_room;
use crate::remote::{Remote, RemoteUrl};
use crate::repo::call::RepoInfo;
use crate::shown::{NewFork, NewRepo, Repo};
use crate::store::PackStore;
use crate::witness::Deed;

/// What was made, and the repo of its handle.
#[derive(Debug, Serialize)]
struct Made<'a, T> {
    #[serde(flatten)]
    new: T,
    repo: Repo<'a>,
}

#[derive(Debug, Serialize)]
struct List<'a> {
    repos: Vec<Repo<'a>>,
    total: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    cursor: Option<String>,
}

/// `create(name, opts?)`
pub(super) async fn create<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    let opts = asked.arguments.object("opts")?.unwrap_or_default();
    let wanted = CreateRepo {
        namespace: asked.namespace.clone(),
        name: repo_name(&asked.arguments, "name")?,
        description: opts.description()?,
        default_branch: opts.branch("setDefaultBranch")?,
        read_only: opts.flag("readOnly")?.unwrap_or(false),
    };
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let created = create_repo::create_repo(asked.objects, account_id, asked.now, wanted).await?;
    asked.witness.made(&created, Deed::Created);
    Ok(made(asked, NewRepo::of(asked.config, &created), &created.info))
}

/// `get(name)`
pub(super) async fn get<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    let name = repo_name(&asked.arguments, "name")?;
    let info = get_repo(asked.objects, &asked.namespace, &name).await?;
    Ok(result(&Repo::of(asked.config, &info)))
}

/// `list(opts?)`
pub(super) async fn list<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    let opts = asked.arguments.object("opts")?.unwrap_or_default();
    let (sort, direction) = (Sort::CreatedAt, Direction::Desc);
    let after = opts.text("cursor")?.filter(|cursor| !cursor.is_empty()).map(|text| {
        let unknown = || opts.error("cursor", "must be one that a list returned");
        cursor::decode(text, sort, direction).ok_or_else(unknown)
    });
    let listing = Listing {
        sort,
        direction,
        limit: opts.number_in("limit", 1..=REPOS_PER_PAGE_MAX)?.unwrap_or(REPOS_PER_PAGE_DEFAULT),
        after: after.transpose()?,
        // Nothing is passed over, and how many there are is told.
        offset: Some(0),
        search: None,
    };
    let page = asked.objects.namespace(&asked.namespace)?.list(listing).await?;
    Ok(result(&List {
        repos: page.repos.iter().map(|info| Repo::of(asked.config, info)).collect(),
        total: page.total_count.unwrap_or_default(),
        cursor: page.next.map(|after| cursor::encode(sort, direction, &after)),
    }))
}

/// `import(params)`
pub(super) async fn import<O: Objects>(asked: &Asked<'_, O>, remote: &impl Remote) -> Result<Answer, Error> {
    let required =
        |fields: &Fields, name, found: Option<Fields>| found.ok_or_else(|| fields.error(name, "is required"));
    let params = required(&asked.arguments, "params", asked.arguments.object("params")?)?;
    let source = required(&params, "source", params.nested("source")?)?;
    let target = required(&params, "target", params.nested("target")?)?;
    let opts = target.nested("opts")?.unwrap_or_default();
    let url = RemoteUrl::parse(source.required_text("url")?, remote.allows_insecure());
    let wanted = ImportRepo {
        namespace: asked.namespace.clone(),
        name: repo_name(&target, "name")?,
        url: url.map_err(|fault| source.error("url", &fault.to_string()))?,
        branch: source.branch("branch")?,
        depth: source.depth()?,
        all_refs: source.flag("allRefs")?.unwrap_or(false),
        description: opts.description()?,
        read_only: opts.flag("readOnly")?.unwrap_or(false),
    };
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let created = import::import(asked.objects, remote, account_id, asked.now, wanted).await?;
    asked.witness.made(&created, |_, token| Deed::ImportBegun(token));
    Ok(made(asked, NewRepo::of(asked.config, &created), &created.info))
}

/// `delete(name)`
pub(super) async fn delete<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    let name = repo_name(&asked.arguments, "name")?;
    match delete_repo(asked.objects, &asked.namespace, &name).await {
        Ok(deleted) => {
            asked.witness.about(&deleted.namespace, &deleted.name);
            asked.witness.did(Deed::Deleted(deleted));
            Ok(result(&true))
        }
        Err(Error::RepoNotFound(_)) => Ok(result(&false)),
        Err(error) => Err(error),
    }
}

/// `repo.info()`
pub(super) async fn info<O: Objects>(asked: &Asked<'_, O>) -> Result<Answer, Error> {
    Ok(result(&Repo::of(asked.config, &asked.repo().await?)))
}

/// `repo.fork(name, opts?)`
pub(super) async fn fork<O: Objects>(asked: &Asked<'_, O>, store: &impl PackStore) -> Result<Answer, Error> {
    let opts = asked.arguments.object("opts")?.unwrap_or_default();
    let (source, source_id) = asked.handle()?;
    let wanted = ForkRepo {
        namespace: asked.namespace.clone(),
        source,
        source_id: Some(source_id.to_owned()),
        name: repo_name(&asked.arguments, "name")?,
        description: opts.description()?,
        read_only: opts.flag("readOnly")?.unwrap_or(false),
        default_branch_only: opts.flag("defaultBranchOnly")?.unwrap_or(true),
    };
    let Config { account_id, storage, .. } = asked.config;
    require_account_room(asked.objects, account_id, *storage, asked.now).await?;
    let forked = fork::fork(asked.objects, store, account_id, asked.now, wanted).await?;
    forked.witness(asked.witness);
    Ok(made(asked, NewFork::of(asked.config, &forked), &forked.created.info))
}

fn made<O>(asked: &Asked<'_, O>, new: impl Serialize, info: &RepoInfo) -> Answer {
    result(&Made { new, repo: Repo::of(asked.config, info) })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use crate::binding::fixture::{Bound, Handle, thrown};

    #[test]
    fn a_repo_is_created_read_listed_and_deleted() {
        let bound = Bound::new();
        let opts = json!({"description": "d", "setDefaultBranch": "trunk", "readOnly": true});
        let created = bound.call("create", &json!({"name": "Repo", "opts": opts}));
        let remote = "https://artifacts.example/git/ns/Repo.git";
        let repo = json!({
            "id": created["id"], "name": "Repo", "description": "d", "defaultBranch": "trunk",
            "createdAt": "2025-10-09T08:53:20.000Z", "updatedAt": "2025-10-09T08:53:20.000Z", "lastPushAt": null,
            "source": null, "readOnly": true, "remote": remote, "status": "ready", "size": 0, "shallow": false,
        });
        assert_eq!(
            created,
            json!({
                "id": repo["id"], "name": "Repo", "description": "d", "defaultBranch": "trunk", "remote": remote,
                "token": created["token"], "repo": repo,
            })
        );
        assert!(created["token"].as_str().unwrap().ends_with("?expires=1760086400"));
        assert_eq!(bound.call("get", &json!({"name": "repo"})), repo);
        assert_eq!(Handle { bound: &bound, created: repo.clone() }.call("info", json!({})), repo);
        assert_eq!(bound.call("list", &json!({})), json!({"repos": [repo], "total": 1}));
        assert_eq!(bound.call("delete", &json!({"name": "repo"})), json!(true));
        assert_eq!(bound.call("delete", &json!({"name": "repo"})), json!(false));
        assert_eq!(bound.call("list", &json!({})), json!({"repos": [], "total": 0}));
    }

    #[test]
    fn a_list_goes_on_where_its_cursor_says_and_tells_how_many_there_are() {
        let bound = Bound::new();
        for name in ["a", "b", "c"] {
            bound.call("create", &json!({"name": name}));
            bound.objects.wait(1);
        }
        let page = |opts: Value| {
            let page = bound.call("list", &json!({"opts": opts}));
            let names: Vec<_> = page["repos"].as_array().unwrap().iter().map(|repo| repo["name"].clone()).collect();
            (json!(names), page["total"].clone(), page.get("cursor").cloned())
        };
        let (names, total, cursor) = page(json!({"limit": 2}));
        assert_eq!((names, total), (json!(["c", "b"]), json!(3)));
        assert_eq!(page(json!({"limit": 2, "cursor": cursor.unwrap()})), (json!(["a"]), json!(3), None));
    }

    #[test]
    fn a_handle_reaches_no_repo_that_has_taken_its_name() {
        let bound = Bound::new();
        let old = bound.create("r");
        bound.call("delete", &json!({"name": "r"}));
        let new = bound.create("r");
        let gone = thrown("NOT_FOUND", "Repository not found: r.");
        for (method, arguments) in [
            ("info", json!({})),
            ("fork", json!({"name": "f"})),
            ("createToken", json!({})),
            ("listTokens", json!({})),
            ("revokeToken", json!({"tokenOrId": new.created["token"]})),
        ] {
            assert_eq!(old.error(method, arguments.clone()), gone, "{method}");
            new.call(method, arguments);
        }
    }

    #[test]
    fn a_fork_has_the_branch_that_is_the_default_unless_more_is_asked_for() {
        let bound = Bound::new();
        let created = bound.call("create", &json!({"name": "r", "opts": {"description": "d"}}));
        let source = Handle { bound: &bound, created };
        let fork = source.call("fork", json!({"name": "f"}));
        assert_eq!((&fork["objects"], &fork["description"]), (&json!(0), &json!("d")));
        assert_eq!((&fork["repo"]["source"], &fork["repo"]["name"]), (&json!("artifacts:ns/r"), &json!("f")));
        let exists = thrown("ALREADY_EXISTS", "repo already exists: F");
        assert_eq!(source.error("fork", json!({"name": "F"})), exists);
    }

    #[test]
    fn what_cannot_be_is_told_by_the_names_that_callers_know() {
        let bound = Bound::new();
        let source = json!({"url": "https://example.com/r"});
        let table = [
            ("create", json!({"name": 5}), "Invalid name: expected a string."),
            ("create", json!({}), "Invalid name: is required."),
            ("create", json!({"name": "r", "opts": null}), "Invalid opts: expected an object."),
            ("create", json!({"name": "r", "opts": []}), "Invalid opts: expected an object."),
            ("create", json!({"name": "r", "opts": {"readOnly": 1}}), "Invalid readOnly: expected a boolean."),
            (
                "create",
                json!({"name": "r", "opts": {"setDefaultBranch": 1}}),
                "Invalid setDefaultBranch: expected a string.",
            ),
            ("list", json!({"opts": {"limit": "x"}}), "Invalid limit: expected a number."),
            ("list", json!({"opts": {"limit": 0}}), "Invalid limit: must be between 1 and 200."),
            ("list", json!({"opts": {"cursor": "x"}}), "Invalid cursor: must be one that a list returned."),
            ("import", json!({}), "Invalid params: is required."),
            ("import", json!({"params": "x"}), "Invalid params: expected an object."),
            ("import", json!({"params": {}}), "Invalid source: is required."),
            ("import", json!({"params": {"source": {}}}), "Invalid target: is required."),
            ("import", json!({"params": {"source": {}, "target": {"name": "r"}}}), "Invalid source.url: is required."),
            ("import", json!({"params": {"source": source, "target": {}}}), "Invalid target.name: is required."),
            (
                "import",
                json!({"params": {"source": {"url": "https://a.b/c", "depth": 0}, "target": {"name": "r"}}}),
                "Invalid source.depth: must be between 1 and 2147483646.",
            ),
            (
                "import",
                json!({"params": {"source": source, "target": {"name": "r", "opts": {"description": 1}}}}),
                "Invalid target.opts.description: expected a string.",
            ),
        ];
        for (method, arguments, message) in table {
            assert_eq!(bound.error(method, &arguments), thrown("INVALID_INPUT", message), "{method} {arguments}");
        }
        let http = json!({"source": {"url": "http://example.com/r"}, "target": {"name": "r"}});
        let (code, message) = bound.error("import", &json!({"params": http}));
        assert_eq!((code.as_str(), message.starts_with("Invalid source.url: ")), ("INVALID_INPUT", true), "{message}");
        for (method, arguments) in [
            ("create", json!({"name": "a..b"})),
            ("delete", json!({"name": ""})),
            ("get", json!({"name": "a/b"})),
            ("import", json!({"params": {"source": source, "target": {"name": "a b"}}})),
        ] {
            assert_eq!(bound.error(method, &arguments), thrown("INVALID_REPO_NAME", "Invalid repo name."), "{method}");
        }
    }
}
