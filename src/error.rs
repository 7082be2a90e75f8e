//! Why a request gets no success, and what it gets instead. The only file that picks a status.
//!
//! REST answers in the envelope, with the codes of the API; Git answers in one line of `text/plain`, which `git` shows.

mod causes;
mod codes;
mod graphql;
mod success;
mod words;

use git_core::ObjectId;
use git_core::protocol::RequestError;
use serde_json::json;

use crate::body::BodyError;
use crate::config::{ConfigError, RATE_PERIOD_SECONDS, RETRY_AFTER_SECONDS};
use crate::durable::Failure;
use crate::http::answer::Answer;
use crate::http::envelope;
use crate::ops::contents::ContentsFault;
use crate::ops::import::ImportFault;
use crate::ops::storage::StorageLimit;
use crate::repo::call::{Refusal, Status};
use crate::witness::FaultClass;
use codes::{
    ALREADY_EXISTS, AUTHENTICATION, CREATE_IN_PROGRESS, Code, FORK_IN_PROGRESS, IMPORT_IN_PROGRESS, INTERNAL_ERROR,
    INVALID_INPUT, INVALID_REPO_NAME, INVALID_TTL, INVALID_URL, MEMORY_LIMIT, METHOD_NOT_ALLOWED, NOT_EMPTY, NOT_FOUND,
    RATE_LIMITED, REMOTE_AUTH_REQUIRED, STORAGE_LIMIT, UPSTREAM_UNAVAILABLE,
};
pub(crate) use success::Success;

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
    /// More requests than the deployment lets through.
    RateLimited,
    MethodNotAllowed {
        allow: &'static str,
    },
    /// A field, a parameter or the body is wrong; `pointer` says where, as RFC 6901 does.
    Input {
        message: String,
        pointer: Option<String>,
    },
    /// A repo's name, in the body at this JSON pointer, that is none.
    RepoName {
        pointer: Option<&'static str>,
    },
    /// A namespace's name, in the body at this JSON pointer, that is none.
    NamespaceName {
        pointer: Option<&'static str>,
    },
    NamespaceNotFound(String),
    NamespaceExists(String),
    NamespaceNotEmpty(String),
    /// A repo is being made in it.
    NamespaceBusy(String),
    Ttl(String),
    RepoNotFound(String),
    RepoExists(String),
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
    /// A Git request that breaks the protocol.
    GitRequest(RequestError),
    /// A body that cannot be read to its end.
    Body(BodyError),
    /// A binding's configuration names no namespace.
    NotBound,
    /// The deployment's variables do not let it serve.
    NotServing(ConfigError),
    /// A fork of some refs alone, of which this object is too large to be taken apart from one that only others reach.
    Entangled(ObjectId),
    /// An import cannot be: it is the other server's doing.
    Import(ImportFault),
    /// What is asked for is not in the repo, or not to be read.
    Contents(ContentsFault),
    /// The file is not the one that the client wants it to be.
    Changed {
        etag: String,
    },
    /// No part of so many bytes is in the range that is asked for.
    Range {
        len: u64,
    },
    /// Nothing more may be stored.
    Storage(StorageLimit),
    Failed(Failure),
}

impl Error {
    /// The answer to a REST request.
    pub(crate) fn to_rest(&self) -> Answer {
        let (status, code) = self.rest();
        let pointer = match self {
            Self::Input { pointer, .. } => pointer.as_deref(),
            Self::RepoName { pointer } | Self::NamespaceName { pointer } => *pointer,
            Self::Ttl(_) => Some("/ttl"),
            Self::Import(ImportFault::Url(_) | ImportFault::NotGit(_)) => Some("/url"),
            Self::Import(ImportFault::NoBranch(Some(_))) => Some("/branch"),
            _ => None,
        };
        self.with_headers(Answer::json(status, &envelope::failure(code.number, &self.message(), pointer)))
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

    /// The answer to a call of the binding, of which the caller gets an exception.
    pub(crate) fn to_binding(&self) -> Answer {
        let (status, code) = match self {
            // The code that the types of the binding document for it.
            Self::Contents(ContentsFault::Kind { .. }) => (self.rest().0, INTERNAL_ERROR),
            _ => self.rest(),
        };
        let error = json!({ "code": code.word, "numericCode": code.number, "message": self.message() });
        Answer::json(status, &json!({ "error": error }))
    }

    /// Whose doing it is, for the metrics.
    pub(crate) fn fault_class(&self) -> FaultClass {
        match self.rest().0 {
            507 => FaultClass::StorageLimit,
            429 => FaultClass::RateLimited,
            500.. => FaultClass::Server,
            _ => FaultClass::Client,
        }
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
            Self::MethodNotAllowed { allow } => answer.with_header("allow", format!("{allow}, OPTIONS")),
            Self::Range { len } => unsniffed(answer.with_header("content-range", format!("bytes */{len}"))),
            Self::Changed { etag } => unsniffed(answer.with_header("etag", etag.clone())),
            Self::Contents(ContentsFault::Busy) => {
                unsniffed(answer).with_header("retry-after", RETRY_AFTER_SECONDS.to_string())
            }
            Self::Contents(_) => unsniffed(answer),
            Self::RateLimited => answer.with_header("retry-after", RATE_PERIOD_SECONDS.to_string()),
            Self::NamespaceBusy(_) | Self::Refused { refusal: Refusal::NotReady(_), .. } => {
                answer.with_header("retry-after", RETRY_AFTER_SECONDS.to_string())
            }
            _ => answer,
        }
    }

    /// Status and code of the REST answer.
    fn rest(&self) -> (u16, Code) {
        match self {
            Self::Unauthenticated => (401, AUTHENTICATION),
            Self::Forbidden(_) | Self::OtherAccount => (403, AUTHENTICATION),
            Self::NoRoute
            | Self::GitPath
            | Self::NamespaceNotFound(_)
            | Self::RepoNotFound(_)
            | Self::TokenNotFound(_) => (404, NOT_FOUND),
            Self::RateLimited => (429, RATE_LIMITED),
            Self::MethodNotAllowed { .. } => (405, METHOD_NOT_ALLOWED),
            Self::Input { .. }
            | Self::NamespaceName { .. }
            | Self::NotBound
            | Self::GitService(_)
            | Self::GitRequest(_)
            | Self::Body(BodyError::Unreadable(_)) => (400, INVALID_INPUT),
            Self::Body(BodyError::TooLong { .. }) => (413, INVALID_INPUT),
            Self::RepoName { .. } | Self::GitRepoName => (400, INVALID_REPO_NAME),
            Self::Ttl(_) => (400, INVALID_TTL),
            Self::RepoExists(_) | Self::NamespaceExists(_) => (409, ALREADY_EXISTS),
            Self::NamespaceNotEmpty(_) => (409, NOT_EMPTY),
            Self::NamespaceBusy(_) => (409, CREATE_IN_PROGRESS),
            Self::Refused { refusal, .. } => rest_of_refusal(refusal),
            Self::Entangled(_) => (413, MEMORY_LIMIT),
            Self::Import(fault) => rest_of_fault(fault),
            Self::Contents(fault) => rest_of_contents(fault),
            Self::Range { .. } => (416, INVALID_INPUT),
            Self::Changed { .. } => (412, INVALID_INPUT),
            Self::Storage(_) => (507, STORAGE_LIMIT),
            Self::NotServing(_) => (503, INTERNAL_ERROR),
            Self::Failed(_) => (500, INTERNAL_ERROR),
        }
    }

    fn git_status(&self) -> u16 {
        match self {
            Self::Unauthenticated => 401,
            Self::Refused { refusal, .. } => match refusal {
                Refusal::NotFound
                | Refusal::BadToken
                | Refusal::TokenNotFound
                | Refusal::ImportFailed { .. }
                | Refusal::BadRef { .. } => 401,
                Refusal::ReadScope | Refusal::ReadOnly => 403,
                Refusal::AlreadyExists | Refusal::CatalogChanged | Refusal::UploadExpired | Refusal::ShareExpired => {
                    409
                }
                Refusal::NotReady(_) => 503,
                Refusal::StorageLimit { .. } => 507,
            },
            Self::GitService(_) => 403,
            _ => self.rest().0,
        }
    }
}

/// What says something of a file is not to be taken for one.
fn unsniffed(answer: Answer) -> Answer {
    answer.with_header("x-content-type-options", "nosniff".into())
}

fn rest_of_fault(fault: &ImportFault) -> (u16, Code) {
    match fault {
        ImportFault::Url(_) | ImportFault::NotGit(_) => (400, INVALID_URL),
        ImportFault::AuthRequired => (400, REMOTE_AUTH_REQUIRED),
        ImportFault::NotFound | ImportFault::NoBranch(_) | ImportFault::NoDefault(_) | ImportFault::Unwanted => {
            (404, NOT_FOUND)
        }
        ImportFault::Unavailable(_) | ImportFault::Unsound(_) => (502, UPSTREAM_UNAVAILABLE),
        ImportFault::Storage(_) => (507, STORAGE_LIMIT),
    }
}

fn rest_of_contents(fault: &ContentsFault) -> (u16, Code) {
    match fault {
        ContentsFault::NoRevision(_) | ContentsFault::NoObject(_) | ContentsFault::NoFile { .. } => (404, NOT_FOUND),
        ContentsFault::Kind { .. } => (400, INVALID_INPUT),
        ContentsFault::TooLarge { .. }
        | ContentsFault::TooLong { .. }
        | ContentsFault::TooManyDeltas { .. }
        | ContentsFault::TooScattered { .. }
        | ContentsFault::LogTooLarge { .. }
        | ContentsFault::Busy => (413, MEMORY_LIMIT),
    }
}

fn rest_of_refusal(refusal: &Refusal) -> (u16, Code) {
    match refusal {
        Refusal::NotFound | Refusal::TokenNotFound | Refusal::ImportFailed { .. } => (404, NOT_FOUND),
        Refusal::BadRef { .. } => (502, UPSTREAM_UNAVAILABLE),
        Refusal::AlreadyExists => (409, ALREADY_EXISTS),
        Refusal::BadToken => (401, AUTHENTICATION),
        Refusal::ReadScope | Refusal::ReadOnly => (403, AUTHENTICATION),
        Refusal::StorageLimit { .. } => (507, STORAGE_LIMIT),
        Refusal::NotReady(Status::Importing) => (409, IMPORT_IN_PROGRESS),
        Refusal::NotReady(Status::Forking) | Refusal::ShareExpired => (409, FORK_IN_PROGRESS),
        Refusal::NotReady(_) | Refusal::CatalogChanged | Refusal::UploadExpired => (409, CREATE_IN_PROGRESS),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use git_core::pack::Kind;

    fn rest(error: &Error) -> (u16, String) {
        let answer = error.to_rest();
        let body: serde_json::Value = serde_json::from_slice(&answer.body).unwrap();
        let error = &body["errors"][0];
        (answer.status, format!("{} {}", error["code"], error["message"].as_str().unwrap()))
    }

    fn refused(refusal: Refusal) -> Error {
        Error::Refused { repo: "r".into(), refusal }
    }

    fn full() -> Error {
        Error::Storage(StorageLimit::Account { max: 7 })
    }

    fn too_long() -> Error {
        Error::Body(BodyError::TooLong { len_max: 5 })
    }

    #[test]
    fn rest_statuses_codes_and_messages_are_the_contracts() {
        let table = [
            (Error::Unauthenticated, 401, "10000 Authentication error"),
            (Error::OtherAccount, 403, "10000 Authentication error"),
            (Error::Forbidden("why"), 403, "10000 Authentication error: why."),
            (Error::NoRoute, 404, "10200 No such route."),
            (Error::RateLimited, 429, "10429 Too many requests: wait 10 seconds."),
            (Error::MethodNotAllowed { allow: "GET" }, 405, "10405 Method not allowed: use GET."),
            (Error::RepoName { pointer: None }, 400, "10101 Invalid repo name."),
            (Error::NamespaceName { pointer: None }, 400, "10100 Invalid namespace name."),
            (Error::NamespaceNotFound("n".into()), 404, "10200 Namespace not found: n."),
            (Error::NamespaceExists("n".into()), 409, "10201 namespace already exists: n"),
            (Error::NamespaceNotEmpty("n".into()), 409, "10202 Namespace is not empty: n. Delete its repos first."),
            (Error::Ttl("30".into()), 400, "10103 Invalid TTL 30: must be between 60 and 31536000 seconds."),
            (Error::RepoNotFound("r".into()), 404, "10200 Repository not found: r."),
            (Error::RepoExists("r".into()), 409, "10201 repo already exists: r"),
            (refused(Refusal::NotReady(Status::Creating)), 409, "10301 Repository is being created: r. Try again."),
            (Error::TokenNotFound("t".into()), 404, "10200 Token not found: t."),
            (too_long(), 413, "10100 Invalid body: the request's body is longer than 5 bytes."),
            (refused(Refusal::AlreadyExists), 409, "10201 repo already exists: r"),
            (refused(Refusal::NotReady(Status::Importing)), 409, "10302 Repository is being imported: r. Try again."),
            (refused(Refusal::NotReady(Status::Forking)), 409, "10303 Repository is being forked: r. Try again."),
            (Error::Changed { etag: "\"1\"".into() }, 412, "10100 The file has changed: its entity tag is \"1\"."),
            (full(), 507, "10507 Storage limit reached: all repositories together may hold 7 bytes."),
            (Error::Failed(Failure::Platform("secret".into())), 500, "10400 Internal error."),
        ];
        for (error, status, message) in table {
            assert_eq!(rest(&error), (status, message.to_owned()));
        }
    }

    #[test]
    fn an_object_of_another_kind_is_the_callers_mistake_and_to_the_binding_what_its_types_say() {
        let (id, found, wanted) = (ObjectId::from_hex(&[b'0'; 40]).unwrap(), Kind::Blob, Kind::Commit);
        let error = Error::from(ContentsFault::Kind { id, found, wanted });
        assert_eq!(rest(&error), (400, format!("10100 Object {id} is a blob, not a commit.")));
        let thrown: serde_json::Value = serde_json::from_slice(&error.to_binding().body).unwrap();
        assert_eq!(thrown["error"]["code"], "INTERNAL_ERROR");
    }

    #[test]
    fn what_says_something_of_a_file_is_not_sniffed() {
        for error in [Error::Range { len: 7 }, Error::from(ContentsFault::NoRevision("r".into()))] {
            assert!(error.to_rest().headers.contains(&("x-content-type-options", "nosniff".into())));
        }
    }

    #[test]
    fn git_gets_one_line_of_text() {
        let table = [
            (refused(Refusal::ReadScope), 403, "the token's scope is read: a push needs write\n"),
            (refused(Refusal::ReadOnly), 403, "the repository is read-only\n"),
            (refused(Refusal::NotReady(Status::Importing)), 503, "the repository is being imported: try again\n"),
            (too_long(), 413, "the request's body is longer than 5 bytes\n"),
            (Error::RateLimited, 429, "too many requests to this repository: wait 10 seconds\n"),
            (Error::GitService("git-x".into()), 403, "unknown service \"git-x\"\n"),
            (Error::Failed(Failure::Platform("secret".into())), 500, "internal error\n"),
        ];
        for (error, status, body) in table {
            let answer = error.to_git();
            assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (status, body.to_owned()));
            assert!(answer.headers.contains(&("content-type", "text/plain; charset=utf-8".into())));
        }
    }

    #[test]
    fn git_cannot_tell_an_unknown_repo_from_a_bad_token_or_none() {
        let unauthenticated = Error::Unauthenticated.to_git();
        assert_eq!(unauthenticated.status, 401);
        assert!(unauthenticated.headers.contains(&("www-authenticate", "Basic realm=\"artifacts\"".into())));
        for refusal in [Refusal::BadToken, Refusal::NotFound, Refusal::TokenNotFound] {
            assert_eq!(refused(refusal).to_git(), unauthenticated);
        }
    }

    #[test]
    fn what_is_under_way_says_when_to_ask_again() {
        let busy = Error::from(ContentsFault::Busy);
        for error in [Error::NamespaceBusy("n".into()), refused(Refusal::NotReady(Status::Creating)), busy] {
            assert!(error.to_rest().headers.contains(&("retry-after", "2".into())));
        }
        assert!(Error::RateLimited.to_git().headers.contains(&("retry-after", "10".into())));
    }
}
