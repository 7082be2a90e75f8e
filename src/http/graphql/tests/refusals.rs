//! What is refused, in which words, and how much one query may ask.

use serde_json::{Value, json};

use super::{Metrics, errors};
use crate::config::{
    AGGREGATIONS_MAX, GRAPHQL_ERRORS_MAX, GRAPHQL_FIELDS_MAX, GROUPS_TOTAL_MAX, TOLD_LEN_MAX, VALUES_MAX,
};
use crate::durable::{Fault, ready};
use crate::error::Error;
use crate::http::graphql::run::{Query, run};
use crate::ops::metrics::Row;

const FIELD: &str = "artifactsEventsAdaptiveGroups";

fn repeated(n: usize, part: impl Fn(usize) -> String) -> String {
    (0..n).map(part).collect::<Vec<_>>().concat()
}

fn path() -> Value {
    json!(["viewer", "accounts", 0, FIELD])
}

#[test]
fn what_is_wrong_with_a_field_is_told_with_its_path_and_the_others_are_answered() {
    let order = "orderBy: groups are not told apart by date: select it in dimensions, or leave it out";
    let table = [
        ("(limit: 0)", "limit: must be between 1 and 10000, found 0"),
        ("(limit: 10001)", "limit: must be between 1 and 10000, found 10001"),
        ("(limit: -1)", "limit: must be between 1 and 10000, found -1"),
        (r#"(limit: "5")"#, "limit: must be between 1 and 10000, found \"5\""),
        ("(orderBy: [date_ASC])", order),
        (r#"(filter: {date: "now"})"#, "filter.date: expected a day as 2026-05-01, found \"now\""),
    ];
    let metrics = Metrics::with_some();
    for (arguments, message) in table {
        let told = metrics.errors(&format!("{FIELD}{arguments} {{ count }} b: {FIELD} {{ count }}"));
        assert_eq!(told, [(message.to_owned(), "INVALID_INPUT".to_owned(), path())], "{arguments}");
    }
    let query = format!(
        r#"{{ viewer {{ accounts(filter: {{accountTag: "abc"}}) {{ a: {FIELD}(limit: 0) {{ count }} b: {FIELD} {{ count }} }} }} }}"#
    );
    let answer = metrics.ask_as("read", &query, &Value::Null);
    assert_eq!(answer["data"]["viewer"]["accounts"][0], json!({"a": null, "b": [{"count": 8}]}));
    assert_eq!(answer["errors"][0]["locations"], json!([{"line": 1, "column": 55}]));
}

#[test]
fn another_account_is_refused() {
    let query =
        format!("query($a: String!) {{ viewer {{ accounts(filter: {{accountTag: $a}}) {{ {FIELD} {{ count }} }} }} }}");
    let answer = Metrics::with_some().ask_as("edit", &query, &json!({"a": "other"}));
    let message = "Authentication error: accountTag is not the account that this deployment serves.";
    assert_eq!(errors(&answer), [(message.into(), "AUTHENTICATION_ERROR".into(), json!(["viewer", "accounts"]))]);
    assert_eq!(answer["data"], Value::Null);
}

#[test]
fn a_query_that_the_schema_does_not_know_has_no_data() {
    let table = [
        ("{", "syntax error: expected at least one Selection in Selection Set"),
        ("{ viewer { zones } }", "type `viewer` does not have a field `zones`"),
        ("{ viewer { accounts { __typename } } }", "the required argument `viewer.accounts(filter:)` is not provided"),
        ("mutation { viewer { __typename } }", "`mutation` root operation type is not defined"),
        (
            "query A { __typename } query B { __typename }",
            "Ambiguous request: multiple operations but no specified `operationName`",
        ),
        ("query($x: String!) { __type(name: $x) { name } }", "missing value for non-null variable 'x'"),
    ];
    for (query, message) in table {
        let answer = Metrics::new().ask_as("read", query, &Value::Null);
        assert_eq!(answer["data"], Value::Null, "{query}");
        let wanted = (message.to_owned(), "INVALID_INPUT".to_owned(), Value::Null);
        assert!(errors(&answer).contains(&wanted), "{answer}");
    }
}

#[test]
fn a_body_that_is_no_query_is_no_success() {
    let metrics = Metrics::new();
    for body in [
        "",
        "[]",
        "{}",
        r#"{"query":5}"#,
        r#"{"query":"{__typename}","variables":[]}"#,
        r#"{"query":"{__typename}","operationName":1}"#,
    ] {
        let Err(Error::Input { message, .. }) = metrics.body("read", body) else { panic!("{body}") };
        assert!(message.starts_with("Invalid body: expected a JSON object with query, a string"), "{message}");
    }
    let nulls = r#"{"query":"{__typename}","variables":null,"operationName":null,"extensions":{}}"#;
    assert_eq!(metrics.body("read", nulls), Ok(r#"{"data":{"__typename":"Query"}}"#.into()));
}

#[test]
fn rejected_requests_are_for_tokens_of_all_namespaces() {
    let query =
        r#"{ viewer { accounts(filter: {accountTag: "abc"}) { artifactsRejectedRequestsAdaptiveGroups { count } } } }"#;
    let told = errors(&Metrics::new().ask_as("only-mine", query, &Value::Null));
    let message = "Authentication error: the API token is for some namespaces alone.";
    assert_eq!((told[0].0.as_str(), told[0].1.as_str()), (message, "AUTHENTICATION_ERROR"));
}

#[test]
fn a_store_that_fails_leaves_the_other_datasets_and_is_not_described() {
    let metrics = Metrics::with_some();
    metrics.objects.fail_after(0, Fault::Lost);
    let told = metrics.errors(&format!("{FIELD} {{ count }}"));
    assert_eq!(told, [("Internal error.".to_owned(), "INTERNAL_ERROR".to_owned(), path())]);
    assert_eq!(metrics.events("", "count"), json!([{"count": 8}]));
}

#[test]
fn queries_are_bounded() {
    let metrics = Metrics::with_some();
    let message = |selection: &str| metrics.errors(selection).remove(0).0;
    let datasets = |n: usize| repeated(n, |n| format!("a{n}: {FIELD}(limit: {}) {{ count }} ", n + 1));
    assert_eq!(metrics.errors(&datasets(AGGREGATIONS_MAX)), []);
    assert_eq!(message(&datasets(AGGREGATIONS_MAX + 1)), "The query asks for more than 10 datasets.");
    let fields = |n: usize| repeated(n, |n| format!("a{n}: __typename "));
    assert_eq!(metrics.errors(&fields(GRAPHQL_FIELDS_MAX - 2)), []);
    assert_eq!(
        message(&fields(GRAPHQL_FIELDS_MAX - 1)),
        format!("The query has {} fields: {GRAPHQL_FIELDS_MAX} at most.", GRAPHQL_FIELDS_MAX + 1)
    );
    assert!(message(&fields(2_000)).starts_with("token limit reached"));
    let nested = |n: usize| format!("{}{{ __typename }}{}", "...{".repeat(n), "}".repeat(n));
    assert!(message(&nested(1_000)[..]).contains("recursion limit reached"));
    let unknown = repeated(100, |n| format!("x{n} "));
    assert_eq!(metrics.errors(&unknown).len(), GRAPHQL_ERRORS_MAX);
    let long = message(&format!("{FIELD}(filter: {{date: \"{}\"}}) {{ count }}", "x".repeat(10_000)));
    assert!(long.len() <= TOLD_LEN_MAX + '…'.len_utf8() && long.ends_with('…'), "{long}");
}

#[test]
fn fragments_that_multiply_and_types_of_types_are_told_before_they_are_followed() {
    let metrics = Metrics::new();
    let fragments = repeated(99, |n| format!(" fragment F{} on Query {{ ...F{n} ...F{n} }}", n + 1));
    let fragments = format!("fragment F0 on Query {{ __typename }}{fragments}");
    let told = errors(&metrics.ask_as("read", &format!("{{ ...F99 }} {fragments}"), &Value::Null));
    assert!(told[0].0.ends_with(&format!("fields: {GRAPHQL_FIELDS_MAX} at most.")), "{told:?}");
    let deep =
        "{ __schema { types { ".to_owned() + &"fields { type { ".repeat(8) + "name" + &" } }".repeat(8) + " } } }";
    let told = errors(&metrics.ask_as("read", &deep, &Value::Null));
    assert_eq!(told[0].0, "Fields stand 19 deep in one another: 16 at most.");
    let wide =
        "{ __schema { types { ".to_owned() + &"fields { type { ".repeat(3) + "name" + &" } }".repeat(3) + " } } }";
    let told = errors(&metrics.ask_as("read", &wide, &Value::Null));
    assert_eq!(told[0].0, "Maximum introspection depth exceeded");
}

/// The first error of a query whose every dataset is answered with so many groups.
fn first_error(selection: &str, n_groups: usize) -> Option<String> {
    let text = format!(r#"{{ viewer {{ accounts(filter: {{accountTag: "abc"}}) {{ {selection} }} }} }}"#);
    let group = event_log::Group { dimensions: [].into(), count: 1, sum_duration_ms: 1, quantiles: None };
    let ask = async |_: &_| Ok(vec![Row::from(group.clone()); n_groups]);
    let response = ready(run("abc", Query { text, ..Query::default() }, ask)).unwrap();
    response.errors.first().map(|error| error.message.clone())
}

#[test]
fn answers_are_bounded() {
    let fields = |n: usize| repeated(n, |n| format!("a{n}: count "));
    assert_eq!(first_error(&format!("{FIELD} {{ {} }}", fields(10)), VALUES_MAX / 10), None);
    let values = "The answer has more than 100000 values: ask for fewer groups or fields.";
    assert_eq!(first_error(&format!("{FIELD} {{ {} }}", fields(11)), VALUES_MAX / 10), Some(values.into()));
    let datasets = |n: usize| repeated(n, |n| format!("a{n}: {FIELD}(limit: {}) {{ count }} ", n + 1));
    assert_eq!(first_error(&datasets(5), GROUPS_TOTAL_MAX / 5), None);
    let groups = "The answer has more than 20000 groups in all: give lower limits.";
    assert_eq!(first_error(&datasets(6), GROUPS_TOTAL_MAX / 5), Some(groups.into()));
}

#[test]
fn long_aliases_and_many_questions_for_sizes_are_refused() {
    let metrics = Metrics::with_some();
    let message = |fields: &str| metrics.errors(fields).into_iter().map(|(message, ..)| message).collect::<Vec<_>>();
    let alias = |len: usize| format!("{FIELD} {{ {}: count }}", "a".repeat(len));
    assert_eq!(message(&alias(64)), [""; 0]);
    assert_eq!(message(&alias(65)), ["An alias is 65 bytes long: 64 at most."]);
    let sizes = |n: usize| {
        repeated(n, |n| {
            format!("s{n}: artifactsStorageAdaptiveGroups(limit: {}) {{ max {{ repositorySizeBytes }} }} ", n + 1)
        })
    };
    assert_eq!(message(&sizes(2)), [""; 0]);
    assert_eq!(message(&sizes(3)), ["The query asks for more than 2 datasets of sizes."]);
}

#[test]
fn an_order_that_is_named_again_decides_nothing() {
    let metrics = Metrics::with_some();
    let ordered =
        |by: &str| metrics.account(&format!("{FIELD}(orderBy: [{by}]) {{ count dimensions {{ repository }} }}"));
    assert_eq!(ordered(&repeated(350, |_| "count_DESC, count_ASC, ".into())), ordered("count_DESC"));
}
