//! Why a request gets no success, in words: sentences for callers of the REST API, a line for who uses `git`.

use super::Error;
use crate::config::{RATE_PERIOD_SECONDS, TOKEN_TTL_MAX, TOKEN_TTL_MIN};
use crate::ops::import::ImportFault;
use crate::ops::storage::StorageLimit;
use crate::repo::call::{Refusal, Status};

impl Error {
    /// The same for the log and the metrics, which have nothing of a body: what is quoted of it is left out.
    pub(crate) fn told(&self) -> String {
        match self {
            Self::Input { .. } | Self::GitRequest(_) | Self::Import(ImportFault::Url(_)) => {
                without_quotes(&self.message())
            }
            _ => self.message(),
        }
    }

    pub(crate) fn message(&self) -> String {
        match self {
            Self::Unauthenticated | Self::OtherAccount => "Authentication error".into(),
            Self::Forbidden(why) => format!("Authentication error: {why}."),
            Self::NoRoute => "No such route.".into(),
            Self::RateLimited => format!("Too many requests: wait {RATE_PERIOD_SECONDS} seconds."),
            Self::MethodNotAllowed { allow } => format!("Method not allowed: use {allow}."),
            Self::Input { message, .. } => message.clone(),
            Self::RepoName { .. } | Self::GitRepoName => "Invalid repo name.".into(),
            Self::NamespaceName { .. } => "Invalid namespace name.".into(),
            Self::NamespaceNotFound(name) => format!("Namespace not found: {name}."),
            Self::NamespaceExists(name) => format!("namespace already exists: {name}"),
            Self::NamespaceNotEmpty(name) => format!("Namespace is not empty: {name}. Delete its repos first."),
            Self::NamespaceBusy(name) => format!("A repository is being created in namespace {name}. Try again."),
            Self::Ttl(ttl) => {
                format!("Invalid TTL {ttl}: must be between {TOKEN_TTL_MIN} and {TOKEN_TTL_MAX} seconds.")
            }
            Self::RepoNotFound(name) => format!("Repository not found: {name}."),
            Self::RepoExists(name) => format!("repo already exists: {name}"),
            Self::TokenNotFound(id) => format!("Token not found: {id}."),
            Self::Refused { repo, refusal } => message_of_refusal(repo, refusal),
            Self::GitService(service) => format!("unknown service {service:?}"),
            Self::GitPath => "not found".into(),
            Self::GitRequest(error) => error.to_string(),
            Self::Body(error) => format!("Invalid body: {error}."),
            Self::Entangled(id) => format!(
                "Object {id} is too large to be forked without a branch that it is stored as a delta of. Fork all refs."
            ),
            Self::Import(ImportFault::Url(fault)) => format!("Invalid URL: {fault}."),
            Self::Import(fault) => capitalized(&fault.to_string()),
            Self::Contents(fault) => capitalized(&fault.to_string()),
            Self::Range { len } => format!("Invalid range: there are {len} bytes."),
            Self::Changed { etag } => format!("The file has changed: its entity tag is {etag}."),
            Self::Storage(limit) => capitalized(&limit.to_string()),
            Self::NotBound => NOT_BOUND.into(),
            Self::NotServing(why) => why.to_string(),
            Self::Failed(_) => "Internal error.".into(),
        }
    }

    /// One line, as a fact. All that concerns who may see a repo says the same, so that names cannot be probed.
    pub(super) fn git_message(&self) -> String {
        match self {
            Self::Refused { refusal, .. } => match refusal {
                Refusal::NotFound
                | Refusal::BadToken
                | Refusal::TokenNotFound
                | Refusal::ImportFailed { .. }
                | Refusal::BadRef { .. } => GIT_UNAUTHENTICATED.into(),
                Refusal::ReadScope => "the token's scope is read: a push needs write".into(),
                Refusal::ReadOnly => "the repository is read-only".into(),
                Refusal::NotReady(status) => format!("the repository is {}: try again", status_word(*status)),
                Refusal::AlreadyExists => "the repository already exists".into(),
                Refusal::CatalogChanged => "the repository changed while the push was checked: push again".into(),
                Refusal::ShareExpired => "the fork took too long: fork again".into(),
                Refusal::UploadExpired => "the push took too long to arrive: push again".into(),
                Refusal::StorageLimit { max } => StorageLimit::Repo { max: *max }.to_string(),
            },
            Self::Unauthenticated => GIT_UNAUTHENTICATED.into(),
            Self::GitService(service) if service.is_empty() => {
                "the dumb HTTP protocol is not served: use a git client that speaks the smart protocol".into()
            }
            Self::RateLimited => format!("too many requests to this repository: wait {RATE_PERIOD_SECONDS} seconds"),
            Self::GitPath => "no such path: a remote is <origin>/git/<namespace>/<repo>.git".into(),
            Self::GitRepoName => "invalid repository name".into(),
            Self::MethodNotAllowed { allow } => format!("method not allowed: use {allow}"),
            Self::Body(error) => error.to_string(),
            Self::Failed(_) => "internal error".into(),
            _ => self.message(),
        }
    }
}

/// How another Worker is bound to this one.
const NOT_BOUND: &str = "The binding names no namespace. The caller's wrangler.toml needs

    [[services]]
    binding = \"ARTIFACTS\"
    service = \"artifacts\"
    entrypoint = \"Artifacts\"
    props = { namespace = \"default\" }
";

const GIT_UNAUTHENTICATED: &str =
    "authentication required: the token is missing, expired or revoked, or there is no such repository for it";

/// A fact as a sentence of the REST API.
fn capitalized(fact: &str) -> String {
    let mut letters = fact.chars();
    letters.next().map(|first| format!("{}{}.", first.to_uppercase(), letters.as_str())).unwrap_or_default()
}

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Creating => "being created",
        Status::Ready => "ready",
        Status::Importing => "being imported",
        Status::Forking => "being forked",
    }
}

fn message_of_refusal(repo: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotFound | Refusal::TokenNotFound => format!("Repository not found: {repo}."),
        Refusal::ImportFailed { reason, .. } => format!("Repository not found: {repo}. Its import failed: {reason}."),
        Refusal::BadRef { reason } => format!("A ref is refused: {reason}."),
        Refusal::AlreadyExists => format!("repo already exists: {repo}"),
        Refusal::NotReady(status) => format!("Repository is {}: {repo}. Try again.", status_word(*status)),
        Refusal::BadToken => "Authentication error".into(),
        Refusal::ReadScope => "The token's scope is read.".into(),
        Refusal::ReadOnly => format!("Repository is read-only: {repo}."),
        Refusal::CatalogChanged => format!("Repository changed: {repo}. Try again."),
        Refusal::ShareExpired => format!("The fork took too long: {repo}. Try again."),
        Refusal::UploadExpired => format!("Upload expired: {repo}. Try again."),
        Refusal::StorageLimit { max } => capitalized(&StorageLimit::Repo { max: *max }.to_string()),
    }
}

/// The words before the first quotation mark.
fn without_quotes(words: &str) -> String {
    let said = words.split(['\'', '"']).next().unwrap_or_default();
    said.trim_end_matches([' ', ':']).to_owned()
}
