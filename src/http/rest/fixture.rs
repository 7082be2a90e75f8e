//! The REST API over Durable Objects in memory, for the tests of its resources: whole requests, whole answers.

use std::collections::HashMap;

use serde_json::{Value, json};

use super::{Asked, Outside, admit, serve};
use crate::config::Config;
use crate::durable::ready;
use crate::http::answer::Answer;
use crate::http::condition::Conditions;
use crate::http::route::{Route, route};
use crate::http::served::Served;
use crate::objects::MemoryObjects;
use crate::remote::MemoryRemote;
use crate::store::MemoryPacks;
use crate::witness::Witness;

pub(super) const BASE: &str = "/client/v4/accounts/abc/artifacts/namespaces";
const NOW: u64 = 1_760_000_000_000;

pub(super) struct Api {
    pub(super) objects: MemoryObjects,
    pub(super) store: MemoryPacks,
    pub(super) remote: MemoryRemote<'static>,
    config: Config,
    pub(super) witness: Witness,
}

impl Api {
    pub(super) fn new() -> Self {
        let objects = MemoryObjects::default();
        objects.wait(NOW);
        Self {
            objects,
            store: MemoryPacks::default(),
            remote: MemoryRemote::none(),
            config: Config::of_tests(),
            witness: Witness::of_tests(),
        }
    }

    pub(super) fn answer(&self, method: &str, path: &str, token: Option<&str>, body: &str) -> Answer {
        let (path, query) = path.split_once('?').unwrap_or((path, ""));
        let pairs = query.split('&').filter_map(|pair| pair.split_once('='));
        let query: HashMap<_, _> = pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let authorization = token.map(|token| format!("Bearer {token}"));
        let asked = Asked {
            config: &self.config,
            objects: &self.objects,
            now: self.objects.now(),
            query,
            body: body.into(),
            conditions: Conditions::default(),
            witness: &self.witness,
        };
        let outside = Outside { store: &self.store, remote: &self.remote };
        let served = match route(method, path) {
            Ok(Route::Rest(route)) => admit(&self.config, &route, authorization.as_deref(), &self.witness)
                .and_then(|admitted| ready(serve(&asked, &outside, admitted))),
            Ok(other) => panic!("{other:?}"),
            Err(error) => Err(error),
        };
        match served {
            Ok(Served::Whole(answer)) => answer,
            Ok(Served::Streamed { .. }) => panic!("a large file"),
            Err(error) => error.to_rest(),
        }
    }

    pub(super) fn call(&self, method: &str, path: &str, body: &str) -> (u16, Value) {
        let answer = self.answer(method, &format!("{BASE}{path}"), Some("edit"), body);
        (answer.status, serde_json::from_slice(&answer.body).unwrap())
    }

    pub(super) fn create(&self, name: &str) -> Value {
        let (status, created) = self.call("POST", "/ns/repos", &format!(r#"{{"name":"{name}"}}"#));
        assert_eq!(status, 201, "{created}");
        created["result"].clone()
    }

    pub(super) fn error(&self, method: &str, path: &str, body: &str) -> (u16, String) {
        let (status, answer) = self.call(method, path, body);
        assert_eq!((&answer["result"], &answer["success"]), (&Value::Null, &json!(false)));
        let error = &answer["errors"][0];
        (status, format!("{} {}", error["code"], error["message"].as_str().unwrap()))
    }
}

/// An error answer, in short.
pub(super) fn failed(status: u16, message: &str) -> (u16, String) {
    (status, message.to_owned())
}
