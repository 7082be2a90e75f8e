//! What one request asked for, did and cost, as it goes along. When it is over, that is told: a line in the log, and events.
//!
//! Who serves a request says here what it is about and what it did; nobody waits for those who are told.

mod analytics;
mod buffer;
mod deed;
mod line;
mod tell;
mod trace;

use std::cell::{Cell, RefCell};
use std::rc::Rc;

pub(crate) use deed::{Deed, Moved};
pub(crate) use tell::Audience;

use crate::config::TOLD_LEN_MAX;
use crate::error::Error;
use crate::log;
use crate::meter::Meter;
use crate::names::{NamespaceName, RepoName};
use crate::ops::create_repo::CreatedRepo;
use crate::redact::redact;
use crate::repo::call::{NewToken, RepoInfo};

/// The side on which a request came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Surface {
    Git,
    Rest,
    Graphql,
    Binding,
    /// What is neither, `/openapi.json` for one.
    Other,
}

/// What a request is about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Subject {
    /// The name of its route.
    pub(crate) route: &'static str,
    /// As the caller spells them, until it is known how the repo does.
    pub(crate) namespace: Option<String>,
    pub(crate) repo: Option<String>,
}

/// Whose doing it is that a request came to nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum FaultClass {
    StorageLimit,
    RateLimited,
    Client,
    Server,
}

/// Why a request came to nothing, in words without secrets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Fault {
    pub(crate) class: FaultClass,
    pub(crate) message: String,
}

/// The witness of one request.
#[derive(Debug)]
pub(crate) struct Witness {
    /// What it has cost.
    pub(crate) meter: Rc<Meter>,
    /// How the platform, or else this program, calls the request.
    pub(crate) request_id: String,
    /// Unix milliseconds.
    began_at: u64,
    method: String,
    surface: Surface,
    subject: RefCell<Subject>,
    is_admitted: Cell<bool>,
    deeds: RefCell<Vec<Deed>>,
    fault: RefCell<Option<Fault>>,
    has_more_to_say: Cell<bool>,
    has_left: Cell<bool>,
    is_told: Cell<bool>,
}

impl Witness {
    /// The witness of a request that begins now.
    pub(crate) fn new(began_at: u64, request_id: String, method: String, surface: Surface, subject: Subject) -> Self {
        let Subject { route, namespace, repo } = subject;
        let witness = Self {
            meter: Rc::default(),
            request_id,
            began_at,
            method,
            surface,
            subject: RefCell::new(Subject { route, ..Subject::default() }),
            is_admitted: Cell::new(false),
            deeds: RefCell::default(),
            fault: RefCell::default(),
            has_more_to_say: Cell::new(false),
            has_left: Cell::new(false),
            is_told: Cell::new(false),
        };
        witness.concerns(namespace.as_deref(), repo.as_deref());
        witness
    }

    /// The names that the caller gives. What can be no name is none: it may be anything, of any length.
    pub(crate) fn concerns(&self, namespace: Option<&str>, repo: Option<&str>) {
        let mut subject = self.subject.borrow_mut();
        subject.namespace = namespace.filter(|name| NamespaceName::parse(name).is_some()).map(redact);
        subject.repo = repo.filter(|name| RepoName::parse(name).is_some()).map(redact);
    }

    /// The repo that the request is about, as it spells its names itself.
    pub(crate) fn about(&self, namespace: &str, repo: &str) {
        self.concerns(Some(namespace), Some(repo));
    }

    /// The caller has shown who it is. Of what others ask for there are counters and no events.
    pub(crate) fn admitted(&self) {
        self.is_admitted.set(true);
    }

    /// A repo was made, or begins to be imported, with a first token.
    pub(crate) fn made(&self, created: &CreatedRepo, deed: impl FnOnce(RepoInfo, NewToken) -> Deed) {
        let CreatedRepo { info, token } = created;
        self.about(&info.namespace, &info.name);
        self.did(deed(info.clone(), token.kept.clone()));
    }

    /// Something was done, and is so whatever comes.
    pub(crate) fn did(&self, deed: Deed) {
        self.deeds.borrow_mut().push(deed);
    }

    /// The request comes to nothing.
    pub(crate) fn failed(&self, class: FaultClass, message: &str) {
        let mut message = redact(message);
        if message.len() > TOLD_LEN_MAX {
            message.truncate(message.floor_char_boundary(TOLD_LEN_MAX));
            message.push('…');
        }
        *self.fault.borrow_mut() = Some(Fault { class, message });
    }

    /// The same by what it is answered; the cause of a failure of ours is logged.
    pub(crate) fn refused(&self, error: &Error) {
        if let Some(cause) = error.cause() {
            log::error(format_args!("request {}: {cause}", self.request_id));
        }
        // Whether the caller may ask was not found out, and it is an operator who wants to know of it.
        if matches!(error, Error::Failed(_)) {
            self.admitted();
        }
        self.failed(error.fault_class(), &error.told());
    }

    /// The client went away before it had all of the answer, which is no fault.
    pub(crate) fn left(&self) {
        self.has_left.set(true);
    }

    /// The answer goes on after its head; who sends it tells when it is over.
    pub(crate) fn goes_on(&self) {
        self.has_more_to_say.set(true);
    }

    /// Whether that is so.
    pub(crate) fn is_going_on(&self) -> bool {
        self.has_more_to_say.get()
    }
}

#[cfg(test)]
impl Witness {
    /// The witness of a request of a test.
    pub(crate) fn of_tests() -> Self {
        Self::new(0, String::new(), "POST".into(), Surface::Rest, Subject::default())
    }

    /// What was done.
    pub(crate) fn deeds(&self) -> Vec<Deed> {
        self.deeds.borrow().clone()
    }
}
