//! A query from its text to its answer: parsed, checked, measured, and run until every dataset that it asks for is there.

use std::cell::{Cell, RefCell};

use apollo_compiler::ast::{Definition, Document, Type};
use apollo_compiler::executable::Operation;
use apollo_compiler::parser::Parser;
use apollo_compiler::request::{RequestError, coerce_variable_values};
use apollo_compiler::resolvers::Execution;
use apollo_compiler::response::{GraphQLError, JsonMap};
use apollo_compiler::validation::{DiagnosticList, Valid};
use apollo_compiler::{ExecutableDocument, Name, Schema, introspection, name};
use futures_util::future::join_all;
use serde::Serialize;

use super::errors::{of_query, shaped};
use super::look::{Looking, size};
use super::resolve::{Answered, Object, Run};
use super::schema::schema;
use crate::config::{
    AGGREGATIONS_AT_ONCE, AGGREGATIONS_MAX, GRAPHQL_DEPTH_MAX, GRAPHQL_FIELDS_MAX, GRAPHQL_NAME_LEN_MAX,
    GRAPHQL_NESTED_MAX, GRAPHQL_TOKENS_MAX, GROUPS_TOTAL_MAX, SIZE_QUESTIONS_MAX,
};
use crate::error::Error;
use crate::ops::metrics::{Dataset, Question};

/// A query, as it is sent.
#[derive(Debug, Default)]
pub(super) struct Query {
    pub(super) text: String,
    pub(super) variables: JsonMap,
    pub(super) operation_name: Option<String>,
}

/// The answer to a query.
#[derive(Debug, Serialize)]
pub(super) struct Response {
    pub(super) data: Option<JsonMap>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) errors: Vec<GraphQLError>,
    /// Why questions have no answer.
    #[serde(skip)]
    pub(super) failures: Vec<Error>,
}

impl Response {
    /// Nothing but why.
    fn refused(errors: impl IntoIterator<Item = GraphQLError>) -> Self {
        Self { data: None, errors: shaped(errors), failures: Vec::new() }
    }
}

/// Runs a query. What it asks of datasets is asked `ask`, each question once.
pub(super) async fn run(
    account_id: &str,
    query: Query,
    ask: impl AsyncFn(&Question) -> Answered,
) -> Result<Response, Error> {
    let schema = schema()?;
    let document = match parsed(&schema, query.text) {
        Ok(document) => document,
        Err(errors) => return Ok(Response::refused(errors)),
    };
    let (operation, variables) = match chosen(&schema, &document, query.operation_name.as_deref(), &query.variables) {
        Ok(chosen) => chosen,
        Err(errors) => return Ok(Response::refused(errors)),
    };
    let looking = Looking { document: &document, variables: &variables };
    let mut done: Vec<(Question, Answered)> = Vec::new();
    loop {
        let (wanted, n_values) = (RefCell::default(), Cell::default());
        let run = Run { account_id, looking, done: &done, wanted, n_values };
        let execution = Execution::new(&schema, &document).operation(operation).coerced_variable_values(&variables);
        let response = execution.enable_schema_introspection(true).execute_sync(&Object::Query(&run));
        let wanted = run.wanted.take();
        let response = match response {
            Ok(response) => response,
            Err(error) => return Ok(Response::refused([error.to_graphql_error(&document.sources)])),
        };
        if wanted.is_empty() {
            let failures = done.iter().filter_map(|(_, answered)| answered.as_ref().err().cloned()).collect();
            return Ok(Response { data: response.data, errors: shaped(response.errors), failures });
        }
        if wanted.len() + done.len() > AGGREGATIONS_MAX {
            let many = format!("The query asks for more than {AGGREGATIONS_MAX} datasets.");
            return Ok(Response::refused([of_query(many)]));
        }
        let of_sizes = |question: &&Question| question.dataset == Dataset::Sizes;
        let n_sizes = wanted.iter().chain(done.iter().map(|(question, _)| question)).filter(of_sizes).count();
        if n_sizes > SIZE_QUESTIONS_MAX {
            let many = format!("The query asks for more than {SIZE_QUESTIONS_MAX} datasets of sizes.");
            return Ok(Response::refused([of_query(many)]));
        }
        if let Err(errors) = answer(wanted, &mut done, &ask).await {
            return Ok(Response::refused(errors));
        }
    }
}

/// Asks what is wanted, some questions at once.
async fn answer(
    wanted: Vec<Question>,
    done: &mut Vec<(Question, Answered)>,
    ask: &impl AsyncFn(&Question) -> Answered,
) -> Result<(), Vec<GraphQLError>> {
    let is_heavy = |question: &Question| question.quantiles || question.dataset == Dataset::Sizes;
    let (heavy, light): (Vec<_>, Vec<_>) = wanted.into_iter().partition(is_heavy);
    for questions in light.chunks(AGGREGATIONS_AT_ONCE).chain(heavy.chunks(1)) {
        let answers = join_all(questions.iter().map(|question| ask(question))).await;
        done.extend(questions.iter().cloned().zip(answers));
        let n_groups: usize = done.iter().map(|(_, answered)| answered.as_ref().map_or(0, Vec::len)).sum();
        if n_groups > GROUPS_TOTAL_MAX {
            let many = format!("The answer has more than {GROUPS_TOTAL_MAX} groups in all: give lower limits.");
            return Err(vec![of_query(many)]);
        }
    }
    Ok(())
}

/// The query, if it is one that the schema knows.
fn parsed(schema: &Valid<Schema>, text: String) -> Result<Valid<ExecutableDocument>, Vec<GraphQLError>> {
    let mut parser = Parser::new().recursion_limit(GRAPHQL_NESTED_MAX).token_limit(GRAPHQL_TOKENS_MAX);
    let all = |errors: DiagnosticList| errors.iter().map(|error| error.to_json()).collect();
    let mut document = parser.parse_ast(text, "query").map_err(|invalid| all(invalid.errors))?;
    rename_types(&mut document);
    document.to_executable_validate(schema).map_err(|invalid| all(invalid.errors))
}

/// Gives variables the types that the schema has for what Cloudflare's API calls otherwise, or takes as well.
fn rename_types(document: &mut Document) {
    for definition in &mut document.definitions {
        let Definition::OperationDefinition(operation) = definition else { continue };
        for variable in &mut operation.make_mut().variables {
            rename(variable.make_mut().ty.make_mut());
        }
    }
}

fn rename(ty: &mut Type) {
    match ty {
        Type::Named(named) | Type::NonNullNamed(named) => {
            if let Some(other) = other_name(named) {
                *named = other;
            }
        }
        Type::List(inner) | Type::NonNullList(inner) => rename(inner),
    }
}

fn other_name(named: &Name) -> Option<Name> {
    match named.as_str() {
        "string" => Some(name!("String")),
        "Int" => Some(name!("uint64")),
        _ => None,
    }
}

type Chosen<'d> = (&'d Operation, Valid<JsonMap>);

/// The operation that is meant, if it is small enough, with the values of its variables.
fn chosen<'d>(
    schema: &Valid<Schema>,
    document: &'d Valid<ExecutableDocument>,
    operation_name: Option<&str>,
    variables: &JsonMap,
) -> Result<Chosen<'d>, Vec<GraphQLError>> {
    let told = |error: RequestError| vec![error.to_graphql_error(&document.sources)];
    let operation = document.operations.get(operation_name).map_err(told)?;
    let size = size(document, &operation.selection_set);
    if size.depth > GRAPHQL_DEPTH_MAX {
        let depth = size.depth;
        return Err(vec![of_query(format!("Fields stand {depth} deep in one another: {GRAPHQL_DEPTH_MAX} at most."))]);
    }
    if size.n_fields > GRAPHQL_FIELDS_MAX {
        let n = size.n_fields;
        return Err(vec![of_query(format!("The query has {n} fields: {GRAPHQL_FIELDS_MAX} at most."))]);
    }
    if size.name_len_max > GRAPHQL_NAME_LEN_MAX {
        let len = size.name_len_max;
        return Err(vec![of_query(format!("An alias is {len} bytes long: {GRAPHQL_NAME_LEN_MAX} at most."))]);
    }
    introspection::check_max_depth(document, operation).map_err(told)?;
    let variables = coerce_variable_values(schema, operation, variables).map_err(told)?;
    Ok((operation, variables))
}
