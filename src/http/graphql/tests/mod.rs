//! Whole queries over stores of events in memory.

mod documented;
mod groups;
mod refusals;

use std::collections::BTreeMap;

use event_log::segment::encode;
use event_log::{Event, EventType};
use serde_json::{Value, json};

use super::respond;
use crate::config::Config;
use crate::durable::ready;
use crate::error::Error;
use crate::events::call::Noise;
use crate::events::shard_of;
use crate::objects::{MemoryObjects, Objects};

/// 2025-10-09T08:53:20Z
const NOW: u64 = 1_760_000_000_000;

/// A deployment with the account `abc` and the tokens of tests.
struct Metrics {
    objects: MemoryObjects,
    config: Config,
}

impl Metrics {
    fn new() -> Self {
        let objects = MemoryObjects::default();
        objects.wait(NOW);
        Self { objects, config: Config::of_tests() }
    }

    /// The same with events: some of two namespaces, with times before now.
    fn with_some() -> Self {
        let metrics = Self::new();
        let seconds = |seconds: u64| NOW - seconds * 1_000;
        metrics.record(&[
            event(seconds(9), 10, "prod/api", EventType::Push, ""),
            event(seconds(8), 30, "prod/api", EventType::Push, ""),
            event(seconds(7), 5, "prod/api", EventType::Pull, ""),
            event(seconds(6), 7, "prod/web", EventType::Push, ""),
            event(seconds(5), 1, "prod/web", EventType::ClientError, "no such ref"),
            event(seconds(4), 2, "Mine/api", EventType::Pull, ""),
            event(seconds(3), 3, "Mine/api", EventType::ServerError, "internal error"),
            event(seconds(2), 4, "Mine/api", EventType::ServerError, "internal error"),
        ]);
        metrics
    }

    /// Has events kept where those of their namespaces are.
    fn record(&self, events: &[Event]) {
        let mut shards: BTreeMap<u8, Vec<Event>> = BTreeMap::new();
        for event in events {
            shards.entry(shard_of(&event.namespace.to_ascii_lowercase())).or_default().push(event.clone());
        }
        for (shard, events) in shards {
            ready(self.objects.events(shard).unwrap().record(encode(&events), &[])).unwrap();
        }
    }

    fn count(&self, shard: u8, noise: &[Noise]) {
        ready(self.objects.events(shard).unwrap().record(Vec::new(), noise)).unwrap();
    }

    /// What a body is answered, as text.
    fn body(&self, token: &str, body: &str) -> Result<String, Error> {
        let token = self.config.api_tokens.find(token).unwrap();
        let response = ready(respond(&self.objects, &self.config, token, body.as_bytes(), self.objects.now()))?;
        Ok(serde_json::to_string(&response).unwrap())
    }

    /// What a query with variables is answered.
    fn ask_as(&self, token: &str, query: &str, variables: &Value) -> Value {
        let body = json!({ "query": query, "variables": variables }).to_string();
        serde_json::from_str(&self.body(token, &body).unwrap()).unwrap()
    }

    /// The fields of the account that a selection answers.
    fn account_as(&self, token: &str, selection: &str) -> Value {
        let query = format!(r#"{{ viewer {{ accounts(filter: {{accountTag: "abc"}}) {{ {selection} }} }} }}"#);
        let answer = self.ask_as(token, &query, &json!({}));
        assert_eq!(answer["errors"], Value::Null, "{answer}");
        answer["data"]["viewer"]["accounts"][0].clone()
    }

    fn account(&self, selection: &str) -> Value {
        self.account_as("read", selection)
    }

    /// The groups of events that the arguments and the selection give.
    fn events(&self, arguments: &str, selection: &str) -> Value {
        let field = "artifactsEventsAdaptiveGroups";
        let arguments = if arguments.is_empty() { String::new() } else { format!("({arguments})") };
        self.account(&format!("{field}{arguments} {{ {selection} }}"))[field].clone()
    }

    /// Message, code and path of each error, after a selection of the account's.
    fn errors(&self, selection: &str) -> Vec<(String, String, Value)> {
        let query = format!(r#"{{ viewer {{ accounts(filter: {{accountTag: "abc"}}) {{ {selection} }} }} }}"#);
        errors(&self.ask_as("read", &query, &json!({})))
    }
}

fn errors(answer: &Value) -> Vec<(String, String, Value)> {
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = answer["errors"].as_array().cloned().unwrap_or_default();
    let told = |error: &Value| (text(&error["message"]), text(&error["extensions"]["code"]), error["path"].clone());
    errors.iter().map(told).collect()
}

fn event(time_ms: u64, duration_ms: u32, repo: &str, event_type: EventType, message: &str) -> Event {
    let (namespace, repository) = repo.split_once('/').unwrap();
    Event {
        time_ms,
        duration_ms,
        namespace: namespace.into(),
        repository: repository.into(),
        event_type,
        message: message.into(),
    }
}
