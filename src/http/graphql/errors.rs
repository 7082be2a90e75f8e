//! Errors as GraphQL has them: a message, where it is about, and a code among the extensions, as it is a word in the binding.

use apollo_compiler::resolvers::FieldError;
use apollo_compiler::response::GraphQLError;

use crate::config::{GRAPHQL_ERRORS_MAX, TOLD_LEN_MAX};
use crate::error::Error;

/// Between the code and the message of an error that a resolver returns: such a one has no room for more than a message.
const SEPARATOR: char = '\u{1f}';
/// What the executor puts before it.
const PREFIX: &str = "resolver error: ";

/// An error as a resolver returns it.
pub(super) fn told(error: &Error) -> FieldError {
    FieldError { message: format!("{}{SEPARATOR}{}", error.code_word(), error.message()) }
}

/// An error of a query as a whole.
pub(super) fn of_query(message: String) -> GraphQLError {
    let error = Error::Input { message, pointer: None };
    let mut told = GraphQLError::new(error.message(), None, &apollo_compiler::parser::SourceMap::default());
    shape(&mut told);
    told
}

/// The first of these errors in the form in which callers get them.
pub(super) fn shaped(errors: impl IntoIterator<Item = GraphQLError>) -> Vec<GraphQLError> {
    let first = errors.into_iter().take(GRAPHQL_ERRORS_MAX);
    first
        .map(|mut error| {
            shape(&mut error);
            error
        })
        .collect()
}

/// What the library itself finds wrong is wrong with the query.
fn shape(error: &mut GraphQLError) {
    let of_resolver = error.message.strip_prefix(PREFIX).and_then(|message| message.split_once(SEPARATOR));
    let (code, message) = of_resolver.unwrap_or((Error::INPUT_CODE_WORD, &error.message));
    let (code, mut message) = (code.to_owned(), message.to_owned());
    if message.len() > TOLD_LEN_MAX {
        message.truncate(message.floor_char_boundary(TOLD_LEN_MAX));
        message.push('…');
    }
    error.message = message;
    error.extensions.insert("code", code.into());
}
