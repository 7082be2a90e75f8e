//! Groups: what tells them apart, their numbers, their order, and whose they are.

use event_log::EventType;
use serde_json::{Value, json};

use super::{Metrics, NOW, event};
use crate::config::EVENT_SHARDS;
use crate::durable::ready;
use crate::events::call::{Noise, Surface};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::create_repo::{CreateRepo, create_repo};
use crate::repo::call::RepoInfo;

#[test]
fn without_dimensions_all_is_one_group_and_nothing_is_none() {
    let metrics = Metrics::with_some();
    assert_eq!(metrics.events("", "count sum { durationMs }"), json!([{"count": 8, "sum": {"durationMs": 62}}]));
    assert_eq!(metrics.events(r#"filter: {eventType: "fork"}"#, "count"), json!([]));
    assert_eq!(Metrics::new().events("", "count"), json!([]));
}

#[test]
fn every_dimension_is_told_in_its_form() {
    let metrics = Metrics::new();
    metrics.record(&[event(NOW + 7, 12, "ns/repo", EventType::RateLimited, "too many")]);
    let every = "repository repositoryNamespace repositoryName eventKind eventType errorMessage date datetime datetimeMinute \
        datetimeFiveMinutes datetimeFifteenMinutes datetimeHour datetimeSixHours";
    let wanted = json!([{"dimensions": {
        "repository": "ns/repo", "repositoryNamespace": "ns", "repositoryName": "repo",
        "eventKind": "error", "eventType": "rateLimited", "errorMessage": "too many",
        "date": "2025-10-09", "datetime": "2025-10-09T08:53:20.007Z", "datetimeMinute": "2025-10-09T08:53:00Z",
        "datetimeFiveMinutes": "2025-10-09T08:50:00Z", "datetimeFifteenMinutes": "2025-10-09T08:45:00Z",
        "datetimeHour": "2025-10-09T08:00:00Z", "datetimeSixHours": "2025-10-09T06:00:00Z",
    }}]);
    assert_eq!(metrics.events("", &format!("dimensions {{ {every} }}")), wanted);
}

#[test]
fn quantiles_are_those_of_each_group() {
    let quantiles = "quantiles { durationMsP25 durationMsP50 durationMsP75 durationMsP90 durationMsP95 durationMsP99 durationMsP999 }";
    let wanted = json!([{"quantiles": {
        "durationMsP25": 2, "durationMsP50": 4, "durationMsP75": 7, "durationMsP90": 30, "durationMsP95": 30,
        "durationMsP99": 30, "durationMsP999": 30,
    }}]);
    assert_eq!(Metrics::with_some().events("", quantiles), wanted);
}

#[test]
fn groups_come_in_the_order_that_is_asked_for() {
    let metrics = Metrics::with_some();
    let repos = |arguments: &str| {
        let groups = metrics.events(arguments, "dimensions { repository }");
        let names = groups.as_array().unwrap().iter().map(|group| group["dimensions"]["repository"].as_str().unwrap());
        names.collect::<Vec<_>>().join(" ")
    };
    assert_eq!(repos("orderBy: [repository_DESC]"), "prod/web prod/api Mine/api");
    assert_eq!(repos("orderBy: count_ASC"), "prod/web Mine/api prod/api");
    assert_eq!(repos("orderBy: [count_DESC, repository_DESC]"), "prod/api Mine/api prod/web");
    assert_eq!(repos("orderBy: [sum_durationMs_ASC]"), "prod/web Mine/api prod/api");
    assert_eq!(repos("orderBy: [avg_durationMs_DESC]"), "prod/api prod/web Mine/api");
    assert_eq!(repos("orderBy: [quantiles_durationMsP99_DESC], limit: 2"), "prod/api prod/web");
    assert_eq!(repos("orderBy: null, limit: null"), "Mine/api prod/api prod/web");
}

#[test]
fn the_first_groups_of_all_stores_are_found_though_each_leaves_some_out() {
    let metrics = Metrics::new();
    let repos = (0..60).map(|n| (format!("team-{}/r{n}", n % 20), n));
    let events = repos.flat_map(|(repo, n)| (0..=n).map(move |_| event(NOW, 1, &repo, EventType::Push, "")));
    metrics.record(&events.collect::<Vec<_>>());
    let selection = "count dimensions { repository }";
    let first = metrics.events("limit: 3, orderBy: [count_DESC]", selection);
    let group = |n: u32| json!({"count": n + 1, "dimensions": {"repository": format!("team-{}/r{n}", n % 20)}});
    assert_eq!(first, json!([group(59), group(58), group(57)]));
}

#[test]
fn the_same_question_is_asked_once_and_another_one_apart() {
    let field = "artifactsEventsAdaptiveGroups";
    let selection = format!(
        r#"a: {field} {{ count }} b: {field} {{ n: count ...F }} c: {field}(filter: {{eventKind: "error"}}) {{ count }}
        d: {field} @skip(if: true) {{ count }}"#
    );
    let query = format!(
        r#"{{ viewer {{ accounts(filter: {{accountTag: "abc"}}) {{ {selection} }} }} }}
        fragment F on AccountArtifactsEventsAdaptiveGroups {{ sum {{ durationMs }} dimensions @include(if: false) {{ date }} }}"#
    );
    let answer = Metrics::with_some().ask_as("read", &query, &json!({}));
    let wanted = json!({"a": [{"count": 8}], "b": [{"n": 8, "sum": {"durationMs": 62}}], "c": [{"count": 3}]});
    assert_eq!(answer["data"]["viewer"]["accounts"][0], wanted);
}

#[test]
fn a_token_for_some_namespaces_sees_those_alone_however_they_are_spelt() {
    let metrics = Metrics::with_some();
    let field = "artifactsEventsAdaptiveGroups";
    let seen = |filter: &str| {
        let groups = metrics.account_as("only-mine", &format!("{field}(filter: {filter}) {{ count }}"))[field].clone();
        groups.as_array().unwrap().first().map_or(0, |group| group["count"].as_u64().unwrap())
    };
    assert_eq!(seen("{}"), 3);
    assert_eq!(seen(r#"{repositoryNamespace_in: ["prod", "Mine"]}"#), 3);
    assert_eq!(seen(r#"{repositoryNamespace: "prod"}"#), 0);
    assert_eq!(seen(r#"{OR: [{repositoryNamespace: "prod"}, {eventKind: "action"}]}"#), 1);
    assert_eq!(metrics.events(r#"filter: {repositoryNamespace: "Mine"}"#, "count"), json!([{"count": 3}]));
    assert_eq!(metrics.events(r#"filter: {repositoryNamespace: "mine"}"#, "count"), json!([]));
}

#[test]
fn rejected_requests_are_added_up_over_stores() {
    let metrics = Metrics::new();
    let hour_ms = NOW - NOW % 3_600_000;
    let noise = |hours_ago: u64, surface, n| Noise { hour_ms: hour_ms - hours_ago * 3_600_000, surface, n };
    metrics.count(0, &[noise(0, Surface::Git, 2), noise(1, Surface::Git, 3), noise(0, Surface::Rest, 1)]);
    metrics.count(EVENT_SHARDS - 1, &[noise(0, Surface::Git, 4), noise(9, Surface::Graphql, 5)]);
    let field = "artifactsRejectedRequestsAdaptiveGroups";
    let ask = |arguments: &str, selection: &str| {
        metrics.account(&format!("{field}{arguments} {{ {selection} }}"))[field].clone()
    };
    assert_eq!(ask("", "count"), json!([{"count": 15}]));
    let by = |surface, count| json!({"count": count, "dimensions": {"surface": surface}});
    assert_eq!(
        ask("(orderBy: [count_DESC, surface_ASC])", "count dimensions { surface }"),
        json!([by("git", 9), by("graphql", 5), by("rest", 1)])
    );
    let recent = r#"(filter: {datetimeHour_geq: "2025-10-09T07:00:00Z", surface_like: "g%"}, limit: 1)"#;
    let hour = json!({"datetimeHour": "2025-10-09T07:00:00Z", "date": "2025-10-09"});
    assert_eq!(ask(recent, "count dimensions { datetimeHour date }"), json!([{"count": 3, "dimensions": hour}]));
    assert_eq!(ask(r#"(filter: {date_gt: "2025-10-09"})"#, "count"), json!([]));
}

#[test]
fn sizes_are_those_that_the_directories_have() {
    let metrics = Metrics::new();
    for (namespace, name, size) in [("Mine", "a", 7), ("Mine", "b", 9), ("prod", "a", 8)] {
        let namespace = NamespaceName::parse(namespace).unwrap();
        let (name, description, default_branch) = (RepoName::parse(name).unwrap(), None, None);
        let new = CreateRepo { namespace: namespace.clone(), name, description, default_branch, read_only: false };
        let made = ready(create_repo(&metrics.objects, "abc", NOW, new)).unwrap();
        let grown = RepoInfo { size, updated_at: NOW + 1, ..made.info };
        ready(metrics.objects.namespace(&namespace).unwrap().report(grown)).unwrap();
    }
    let field = "artifactsStorageAdaptiveGroups";
    let ask = |token: &str, arguments: &str, selection: &str| -> Value {
        metrics.account_as(token, &format!("{field}{arguments} {{ {selection} }}"))[field].clone()
    };
    let group =
        |repository, size| json!({"max": {"repositorySizeBytes": size}, "dimensions": {"repository": repository}});
    let by_repo = "max { repositorySizeBytes } dimensions { repository }";
    assert_eq!(
        ask("read", "(orderBy: [repository_DESC])", by_repo),
        json!([group("prod/a", 8), group("Mine/b", 9), group("Mine/a", 7)])
    );
    assert_eq!(
        ask("read", "(orderBy: [max_repositorySizeBytes_DESC], limit: 1)", by_repo),
        json!([group("Mine/b", 9)])
    );
    assert_eq!(ask("read", "", "max { repositorySizeBytes }"), json!([{"max": {"repositorySizeBytes": 9}}]));
    assert_eq!(ask("read", r#"(filter: {repositoryNamespace: "prod"})"#, by_repo), json!([group("prod/a", 8)]));
    assert_eq!(ask("read", r#"(filter: {repository_notlike: "%/a"})"#, by_repo), json!([group("Mine/b", 9)]));
    assert_eq!(ask("only-mine", "", by_repo), json!([group("Mine/a", 7), group("Mine/b", 9)]));
    assert_eq!(ask("only-mine", r#"(filter: {repositoryNamespace: "prod"})"#, by_repo), json!([]));
    let minute = json!([{"dimensions": {"datetime": "2025-10-09T08:53:00.000Z", "date": "2025-10-09"}}]);
    assert_eq!(
        ask("read", r#"(filter: {datetime_leq: "2025-10-09T08:53:20Z"})"#, "dimensions { datetime date }"),
        minute
    );
    assert_eq!(ask("read", r#"(filter: {repositoryNamespace: "no such"})"#, "max { repositorySizeBytes }"), json!([]));
}
