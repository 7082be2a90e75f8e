//! Why a request gets no success, and what it gets instead. The only file that picks a status.
//!
//! REST answers in the envelope, with the codes of the API; Git answers in one line of `text/plain`, which `git` shows.

use crate::config::{ConfigError, RETRY_AFTER_SECONDS, TOKEN_TTL_MAX, TOKEN_TTL_MIN};
use crate::durable::Failure;
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::repo::call::{Refusal, Status};

/// What a request that succeeded gets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    Ok,
    Created,
    Accepted,
}

impl Success {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Created => 201,
            Self::Accepted => 202,
        }
    }
}

/// Why a request gets no success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Error {
    /// No API token, or none that the deployment knows.
    Unauthenticated,
    /// The API token may not do this.
    Forbidden(&'static str),
    /// The address names an account that this deployment does not serve.
    OtherAccount,
    NoRoute,
    MethodNotAllowed {
        allow: &'static str,
    },
    /// A field, a parameter or the body is wrong; `pointer` says where, as RFC 6901 does.
    Input {
        message: String,
        pointer: Option<String>,
    },
    BodyTooLong {
        len_max: usize,
    },
    /// A repo's name, in the body at this JSON pointer, that is none.
    RepoName {
        pointer: Option<&'static str>,
    },
    NamespaceName,
    Ttl(String),
    RepoNotFound(String),
    RepoExists(String),
    CreateInProgress(String),
    TokenNotFound(String),
    /// What a repo's object refused.
    Refused {
        repo: String,
        refusal: Refusal,
    },
    /// A Git request without a service, or for one that does not exist.
    GitService(String),
    /// A path below a remote that is not part of the smart protocol.
    GitPath,
    GitRepoName,
    /// The deployment's variables do not let it serve.
    NotServing(ConfigError),
    Failed(Failure),
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<worker::Error> for Error {
    fn from(error: worker::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::NotServing(error)
    }
}

/// Codes of the REST API.
const AUTHENTICATION: u32 = 10_000;
const INVALID_INPUT: u32 = 10_100;
const INVALID_REPO_NAME: u32 = 10_101;
const INVALID_TTL: u32 = 10_103;
const NOT_FOUND: u32 = 10_200;
const ALREADY_EXISTS: u32 = 10_201;
const CREATE_IN_PROGRESS: u32 = 10_301;
const IMPORT_IN_PROGRESS: u32 = 10_302;
const FORK_IN_PROGRESS: u32 = 10_303;
const INTERNAL_ERROR: u32 = 10_400;
const METHOD_NOT_ALLOWED: u32 = 10_405;

impl Error {
    /// The answer to a REST request.
    pub(crate) fn to_rest(&self) -> Answer {
        let (status, code) = self.rest();
        let pointer = match self {
            Self::Input { pointer, .. } => pointer.as_deref(),
            Self::RepoName { pointer } => *pointer,
            Self::Ttl(_) => Some("/ttl"),
            _ => None,
        };
        self.with_headers(Answer::json(status, &envelope::failure(code, &self.message(), pointer)))
    }

    /// The answer to a Git request.
    pub(crate) fn to_git(&self) -> Answer {
        let status = self.git_status();
        let answer = Answer::text(status, &self.git_message());
        let answer = self.with_headers(answer).with_header("cache-control", "no-cache".into());
        if status == 401 {
            return answer.with_header("www-authenticate", "Basic realm=\"artifacts\"".into());
        }
        answer
    }

    /// The cause that is logged and never sent.
    pub(crate) fn cause(&self) -> Option<&Failure> {
        match self {
            Self::Failed(failure) => Some(failure),
            _ => None,
        }
    }

    fn with_headers(&self, answer: Answer) -> Answer {
        match self {
            Self::MethodNotAllowed { allow } => answer.with_header("allow", (*allow).to_owned()),
            Self::CreateInProgress(_) | Self::Refused { refusal: Refusal::NotReady(_), .. } => {
                answer.with_header("retry-after", RETRY_AFTER_SECONDS.to_string())
            }
            _ => answer,
        }
    }

    /// Status and code of the REST answer.
    fn rest(&self) -> (u16, u32) {
        match self {
            Self::Unauthenticated => (401, AUTHENTICATION),
            Self::Forbidden(_) | Self::OtherAccount => (403, AUTHENTICATION),
            Self::NoRoute | Self::GitPath | Self::RepoNotFound(_) | Self::TokenNotFound(_) => (404, NOT_FOUND),
            Self::MethodNotAllowed { .. } => (405, METHOD_NOT_ALLOWED),
            Self::Input { .. } | Self::NamespaceName | Self::GitService(_) => (400, INVALID_INPUT),
            Self::BodyTooLong { .. } => (413, INVALID_INPUT),
            Self::RepoName { .. } | Self::GitRepoName => (400, INVALID_REPO_NAME),
            Self::Ttl(_) => (400, INVALID_TTL),
            Self::RepoExists(_) => (409, ALREADY_EXISTS),
            Self::CreateInProgress(_) => (409, CREATE_IN_PROGRESS),
            Self::Refused { refusal, .. } => rest_of_refusal(refusal),
            Self::NotServing(_) => (503, INTERNAL_ERROR),
            Self::Failed(_) => (500, INTERNAL_ERROR),
        }
    }

    fn git_status(&self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Refused { refusal, .. } => match refusal {
                Refusal::NotFound | Refusal::BadToken | Refusal::TokenNotFound => 401,
                Refusal::ReadScope | Refusal::ReadOnly => 403,
                Refusal::AlreadyExists | Refusal::CatalogChanged | Refusal::UploadExpired => 409,
                Refusal::NotReady(_) => 503,
            },
            Self::GitService(_) => 403,
            _ => self.rest().0,
        }
    }

    fn message(&self) -> String {
        match self {
            Self::Unauthenticated | Self::OtherAccount => "Authentication error".into(),
            Self::Forbidden(why) => format!("Authentication error: {why}."),
            Self::NoRoute => "No such route.".into(),
            Self::MethodNotAllowed { allow } => format!("Method not allowed: use {allow}."),
            Self::Input { message, .. } => message.clone(),
            Self::BodyTooLong { len_max } => format!("Invalid body: must be at most {len_max} bytes."),
            Self::RepoName { .. } | Self::GitRepoName => "Invalid repo name.".into(),
            Self::NamespaceName => "Invalid namespace name.".into(),
            Self::Ttl(ttl) => {
                format!("Invalid TTL {ttl}: must be between {TOKEN_TTL_MIN} and {TOKEN_TTL_MAX} seconds.")
            }
            Self::RepoNotFound(name) => format!("Repository not found: {name}."),
            Self::RepoExists(name) => format!("repo already exists: {name}"),
            Self::CreateInProgress(name) => format!("Repository is being created: {name}. Try again."),
            Self::TokenNotFound(id) => format!("Token not found: {id}."),
            Self::Refused { repo, refusal } => message_of_refusal(repo, refusal),
            Self::GitService(service) => format!("unknown service {service:?}"),
            Self::GitPath => "not found".into(),
            Self::NotServing(why) => why.to_string(),
            Self::Failed(_) => "Internal error.".into(),
        }
    }

    /// One line, as a fact. All that concerns who may see a repo says the same, so that names cannot be probed.
    fn git_message(&self) -> String {
        match self {
            Self::Refused { refusal, .. } => match refusal {
                Refusal::NotFound | Refusal::BadToken | Refusal::TokenNotFound => GIT_UNAUTHENTICATED.into(),
                Refusal::ReadScope => "the token's scope is read: a push needs write".into(),
                Refusal::ReadOnly => "the repository is read-only".into(),
                Refusal::NotReady(status) => format!("the repository is {}: try again", status_word(*status)),
                Refusal::AlreadyExists => "the repository already exists".into(),
                Refusal::CatalogChanged => "the repository changed while the push was checked: push again".into(),
                Refusal::UploadExpired => "the push took too long to arrive: push again".into(),
            },
            Self::Unauthenticated => GIT_UNAUTHENTICATED.into(),
            Self::GitService(service) if service.is_empty() => {
                "the dumb HTTP protocol is not served: use a git client that speaks the smart protocol".into()
            }
            Self::GitPath => "no such path: a remote is <origin>/git/<namespace>/<repo>.git".into(),
            Self::GitRepoName => "invalid repository name".into(),
            Self::MethodNotAllowed { allow } => format!("method not allowed: use {allow}"),
            Self::Failed(_) => "internal error".into(),
            _ => self.message(),
        }
    }
}

const GIT_UNAUTHENTICATED: &str =
    "authentication required: the token is missing, expired or revoked, or there is no such repository for it";

fn status_word(status: Status) -> &'static str {
    match status {
        Status::Creating => "being created",
        Status::Ready => "ready",
        Status::Importing => "being imported",
        Status::Forking => "being forked",
    }
}

fn rest_of_refusal(refusal: &Refusal) -> (u16, u32) {
    match refusal {
        Refusal::NotFound | Refusal::TokenNotFound => (404, NOT_FOUND),
        Refusal::AlreadyExists => (409, ALREADY_EXISTS),
        Refusal::BadToken => (401, AUTHENTICATION),
        Refusal::ReadScope | Refusal::ReadOnly => (403, AUTHENTICATION),
        Refusal::NotReady(Status::Importing) => (409, IMPORT_IN_PROGRESS),
        Refusal::NotReady(Status::Forking) => (409, FORK_IN_PROGRESS),
        Refusal::NotReady(_) | Refusal::CatalogChanged | Refusal::UploadExpired => (409, CREATE_IN_PROGRESS),
    }
}

fn message_of_refusal(repo: &str, refusal: &Refusal) -> String {
    match refusal {
        Refusal::NotFound | Refusal::TokenNotFound => format!("Repository not found: {repo}."),
        Refusal::AlreadyExists => format!("repo already exists: {repo}"),
        Refusal::NotReady(status) => format!("Repository is {}: {repo}. Try again.", status_word(*status)),
        Refusal::BadToken => "Authentication error".into(),
        Refusal::ReadScope => "The token's scope is read.".into(),
        Refusal::ReadOnly => format!("Repository is read-only: {repo}."),
        Refusal::CatalogChanged => format!("Repository changed: {repo}. Try again."),
        Refusal::UploadExpired => format!("Upload expired: {repo}. Try again."),
    }
}
