//! The queries of the documentation, as they are printed, and what clients ask before they ask anything else.

use serde_json::{Value, json};

use super::super::schema::definition;
use super::Metrics;

const PAGE: &str = include_str!("../../../../fixtures/documentation/observability-metrics.md");

/// The query of this name.
fn printed(name: &str) -> &'static str {
    let queries = PAGE.split("```graphql\n").skip(1).filter_map(|part| part.split("```").next());
    let mut named = queries.filter(|query| query.contains(&format!("query {name}(")));
    named.next().unwrap_or_else(|| panic!("the documentation has no query {name}"))
}

fn groups(answer: &Value) -> &Value {
    assert_eq!(answer["errors"], Value::Null, "{answer}");
    &answer["data"]["viewer"]["accounts"][0]["artifactsEventsAdaptiveGroups"]
}

#[test]
fn operations_by_repo_within_a_namespace() {
    let variables = json!({
        "accountTag": "abc", "repositoryNamespace": "prod",
        "datetimeStart": "2025-10-09T00:00:00Z", "datetimeEnd": "2025-10-10T00:00:00Z",
    });
    let answer = Metrics::with_some().ask_as("read", printed("ArtifactsOperationsByRepo"), &variables);
    let wanted = json!([
        {"count": 3, "avg": {"durationMs": 15.0}, "dimensions": {"repositoryName": "api"}},
        {"count": 1, "avg": {"durationMs": 7.0}, "dimensions": {"repositoryName": "web"}},
    ]);
    assert_eq!(groups(&answer), &wanted);
}

#[test]
fn errors_by_repo_descending() {
    let variables = json!({
        "accountTag": "abc", "datetimeStart": "2025-10-09T08:53:10Z", "datetimeEnd": "2025-10-09T08:53:17.500Z",
    });
    let answer = Metrics::with_some().ask_as("edit", printed("ArtifactsErrorsByRepo"), &variables);
    let of = |repository, event_type| json!({"repository": repository, "eventType": event_type});
    let wanted = json!([
        {"count": 1, "dimensions": of("Mine/api", "serverError")},
        {"count": 1, "dimensions": of("prod/web", "clientError")},
    ]);
    assert_eq!(groups(&answer), &wanted);
}

#[test]
fn repos_by_pushes_descending_without_bounds_of_time() {
    let variables = json!({ "accountTag": "abc" });
    let answer = Metrics::with_some().ask_as("read", printed("ArtifactsPushesByRepo"), &variables);
    let wanted = json!([
        {"count": 2, "dimensions": {"repository": "prod/api"}},
        {"count": 1, "dimensions": {"repository": "prod/web"}},
    ]);
    assert_eq!(groups(&answer), &wanted);
}

#[test]
fn fields_come_in_the_order_in_which_they_are_asked_for() {
    let query = r#"query A { viewer { accounts(filter: {accountTag: \"abc\"}) { artifactsEventsAdaptiveGroups { sum { durationMs } n: count __typename } } } } query B { viewer { __typename } }"#;
    let body = |name: &str| format!(r#"{{"operationName":"{name}","query":"{query}"}}"#);
    let metrics = Metrics::with_some();
    let groups = r#"[{"sum":{"durationMs":62},"n":8,"__typename":"AccountArtifactsEventsAdaptiveGroups"}]"#;
    assert_eq!(
        metrics.body("read", &body("A")).unwrap(),
        format!(r#"{{"data":{{"viewer":{{"accounts":[{{"artifactsEventsAdaptiveGroups":{groups}}}]}}}}}}"#)
    );
    assert_eq!(metrics.body("read", &body("B")).unwrap(), r#"{"data":{"viewer":{"__typename":"viewer"}}}"#);
}

#[test]
fn the_schema_can_be_asked_for_beside_what_is_there() {
    let query = r#"{
        __schema { queryType { name } types { name } }
        __type(name: "AccountArtifactsRejectedRequestsAdaptiveGroupsDimensions") { fields { name type { ofType { name } } } }
        viewer { accounts(filter: {accountTag: "abc"}) { artifactsEventsAdaptiveGroups { count } } }
    }"#;
    let answer = Metrics::with_some().ask_as("read", query, &json!({}));
    assert_eq!(groups(&answer), &json!([{"count": 8}]));
    let data = &answer["data"];
    assert_eq!(data["__schema"]["queryType"]["name"], "Query");
    let types: Vec<_> =
        data["__schema"]["types"].as_array().unwrap().iter().map(|ty| ty["name"].as_str().unwrap()).collect();
    let defined = definition();
    let kinds = ["type", "input", "enum", "scalar"];
    let named = defined.lines().filter_map(|line| line.split_once(' ')).filter(|(kind, _)| kinds.contains(kind));
    for name in named.map(|(_, rest)| rest.split(' ').next().unwrap()) {
        assert!(types.contains(&name), "{name}");
    }
    let field = |name, ty| json!({"name": name, "type": {"ofType": {"name": ty}}});
    assert_eq!(
        data["__type"]["fields"],
        json!([field("surface", "string"), field("date", "Date"), field("datetimeHour", "Time")])
    );
}

#[test]
fn variables_may_have_the_types_that_the_other_api_has() {
    let query = "query Q($accountTag: string!, $filter: AccountArtifactsEventsAdaptiveGroupsFilter_InputObject, $limit: Int!,
        $orderBy: [AccountArtifactsEventsAdaptiveGroupsOrderBy!], $namespaces: [string!]) {
        viewer { accounts(filter: {accountTag: $accountTag}) {
            artifactsEventsAdaptiveGroups(filter: {AND: [$filter, {repositoryNamespace_in: $namespaces}]}, limit: $limit, orderBy: $orderBy) {
                count dimensions { repository } } } } }";
    let variables = json!({
        "accountTag": "abc", "limit": 1, "orderBy": ["count_DESC"], "filter": {"eventKind": "error"}, "namespaces": ["prod", "Mine"],
    });
    let answer = Metrics::with_some().ask_as("read", query, &variables);
    assert_eq!(groups(&answer), &json!([{"count": 2, "dimensions": {"repository": "Mine/api"}}]));
}
