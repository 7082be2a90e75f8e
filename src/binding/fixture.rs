//! The binding over Durable Objects in memory, for the tests of its methods: whole calls, whole answers.

use serde_json::{Value, json};

use super::{Asked, Outside, serve};
use crate::config::Config;
use crate::durable::ready;
use crate::http::answer::Answer;
use crate::http::served::Served;
use crate::input::Fields;
use crate::names::NamespaceName;
use crate::objects::MemoryObjects;
use crate::remote::MemoryRemote;
use crate::store::MemoryPacks;
use crate::witness::Witness;

const NOW: u64 = 1_760_000_000_000;

pub(super) struct Bound {
    pub(super) objects: MemoryObjects,
    store: MemoryPacks,
    config: Config,
    pub(super) witness: Witness,
}

impl Bound {
    pub(super) fn new() -> Self {
        let objects = MemoryObjects::default();
        objects.wait(NOW);
        Self { objects, store: MemoryPacks::default(), config: Config::of_tests(), witness: Witness::of_tests() }
    }

    pub(super) fn answer(&self, method: &str, arguments: &Value) -> Answer {
        let asked = Asked {
            config: &self.config,
            objects: &self.objects,
            now: self.objects.now(),
            namespace: NamespaceName::parse("ns").unwrap(),
            arguments: Fields::parse(arguments.to_string().as_bytes()).unwrap(),
            witness: &self.witness,
        };
        let outside = Outside { store: &self.store, remote: &MemoryRemote::none() };
        match ready(serve(&asked, &outside, method)) {
            Ok(Served::Whole(answer)) => answer,
            Ok(Served::Streamed(_)) => panic!("a large file"),
            Err(error) => error.to_binding(),
        }
    }

    pub(super) fn call(&self, method: &str, arguments: &Value) -> Value {
        let answer: Value = serde_json::from_slice(&self.answer(method, arguments).body).unwrap();
        answer.get("result").unwrap_or_else(|| panic!("{answer}")).clone()
    }

    pub(super) fn create(&self, name: &str) -> Handle<'_> {
        Handle { bound: self, created: self.call("create", &json!({"name": name})) }
    }

    pub(super) fn error(&self, method: &str, arguments: &Value) -> (String, String) {
        let answer: Value = serde_json::from_slice(&self.answer(method, arguments).body).unwrap();
        let error = answer.get("error").unwrap_or_else(|| panic!("{answer}"));
        thrown(error["code"].as_str().unwrap(), error["message"].as_str().unwrap())
    }
}

/// What `create` returned, of which the methods of its handle are called.
pub(super) struct Handle<'a> {
    pub(super) bound: &'a Bound,
    pub(super) created: Value,
}

impl Handle<'_> {
    pub(super) fn call(&self, method: &str, arguments: Value) -> Value {
        self.bound.call(method, &self.with(arguments))
    }

    pub(super) fn answer(&self, method: &str, arguments: Value) -> Answer {
        self.bound.answer(method, &self.with(arguments))
    }

    pub(super) fn error(&self, method: &str, arguments: Value) -> (String, String) {
        self.bound.error(method, &self.with(arguments))
    }

    fn with(&self, mut arguments: Value) -> Value {
        arguments["repo"] = self.created["name"].clone();
        arguments["repoId"] = self.created["id"].clone();
        arguments
    }
}

/// An error, in short.
pub(super) fn thrown(code: &str, message: &str) -> (String, String) {
    (code.to_owned(), message.to_owned())
}
