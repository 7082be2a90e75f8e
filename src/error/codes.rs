//! The codes of the API: a number in the envelope of REST, a word in the errors of the binding, where the number stands beside it.

/// A code, in its two forms.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Code {
    pub(super) number: u32,
    pub(super) word: &'static str,
}

const fn code(number: u32, word: &'static str) -> Code {
    Code { number, word }
}

pub(super) const AUTHENTICATION: Code = code(10_000, "AUTHENTICATION_ERROR");
pub(super) const INVALID_INPUT: Code = code(10_100, "INVALID_INPUT");
pub(super) const INVALID_REPO_NAME: Code = code(10_101, "INVALID_REPO_NAME");
pub(super) const INVALID_TTL: Code = code(10_103, "INVALID_TTL");
pub(super) const INVALID_URL: Code = code(10_104, "INVALID_URL");
pub(super) const REMOTE_AUTH_REQUIRED: Code = code(10_106, "REMOTE_AUTH_REQUIRED");
pub(super) const NOT_FOUND: Code = code(10_200, "NOT_FOUND");
pub(super) const ALREADY_EXISTS: Code = code(10_201, "ALREADY_EXISTS");
pub(super) const NOT_EMPTY: Code = code(10_202, "NOT_EMPTY");
pub(super) const CREATE_IN_PROGRESS: Code = code(10_301, "CREATE_IN_PROGRESS");
pub(super) const IMPORT_IN_PROGRESS: Code = code(10_302, "IMPORT_IN_PROGRESS");
pub(super) const FORK_IN_PROGRESS: Code = code(10_303, "FORK_IN_PROGRESS");
pub(super) const INTERNAL_ERROR: Code = code(10_400, "INTERNAL_ERROR");
pub(super) const UPSTREAM_UNAVAILABLE: Code = code(10_401, "UPSTREAM_UNAVAILABLE");
pub(super) const MEMORY_LIMIT: Code = code(10_402, "MEMORY_LIMIT");
pub(super) const METHOD_NOT_ALLOWED: Code = code(10_405, "METHOD_NOT_ALLOWED");
pub(super) const RATE_LIMITED: Code = code(10_429, "RATE_LIMITED");
pub(super) const STORAGE_LIMIT: Code = code(10_507, "STORAGE_LIMIT");
