//! A push, read top to bottom: the head of the request, the pack, the commit, the report.

mod commit;
mod ingest;
mod shallow;
mod storing;
mod targets;
mod turn;

use std::collections::BTreeSet;

use git_core::ObjectId;
use git_core::protocol::push::{Fed, PushCommand, PushHead, PushLimits, PushParser};
use git_core::protocol::{RequestError, report};
use git_core::refs::Rejection;

use self::shallow::SHALLOW_REASON;
use super::catalog::LoadedCatalog;
use super::storage::{Room, StorageLimit};
use crate::body::{Body, BodyError, Stopped};
use crate::config::{PUSH_COMMANDS_MAX, PUSH_LINE_LEN_MAX, PUSH_OPTIONS_LEN_MAX, PUSH_OPTIONS_MAX, PUSH_SHALLOW_MAX};
use crate::durable::{Failure, Wire};
use crate::random;
use crate::repo::call::{Refusal, View};
use crate::repo::{Opened, RepoClient};
use crate::store::PackStore;
use crate::witness::{Deed, FaultClass, Moved, Witness};

pub(crate) use self::ingest::{Destination, Ingested, Refused, Said, ingest};
pub(crate) use self::storing::Storing;
pub(crate) use self::turn::Turn;

/// The reason for the refs of a push of which another needs a shallow update.
const OTHER_SHALLOW_REASON: &str = "shallow update not allowed for another ref of this push";

/// What the push was told.
#[derive(Debug)]
pub(crate) enum Pushed {
    /// The bytes of the answer: a report, or nothing if there was nothing to do.
    Answer(Vec<u8>),
    /// The request is none.
    Malformed(RequestError),
    /// The repo does not take it, all of it.
    Refused(Refusal),
}

/// Where packs go.
pub(crate) struct Receiving<'a, W, S> {
    pub(crate) repo: &'a RepoClient<W>,
    pub(crate) store: &'a S,
    pub(crate) opened: &'a Opened,
    pub(crate) token_sha256: &'a str,
    /// Whether a push may bring commits whose parents the repo does not have.
    pub(crate) takes_shallow: bool,
    /// How much the push may bring.
    pub(crate) room: Room,
    pub(crate) witness: &'a Witness,
}

/// The first bytes of a push: no more is read before the repo says whether it may be.
pub(crate) struct Beginning {
    piece: Vec<u8>,
    fed: Result<Fed, RequestError>,
}

impl Beginning {
    /// Reads them.
    pub(crate) async fn read(body: &mut impl Body) -> Result<Self, BodyError> {
        let parser = PushParser::new(PushLimits {
            n_commands_max: PUSH_COMMANDS_MAX,
            n_shallow_max: PUSH_SHALLOW_MAX,
            line_len_max: PUSH_LINE_LEN_MAX,
            n_options_max: PUSH_OPTIONS_MAX,
            options_len_max: PUSH_OPTIONS_LEN_MAX,
        });
        let mut piece = Vec::new();
        body.read(&mut piece).await?;
        let fed = parser.feed(&piece);
        Ok(Self { piece, fed })
    }

    /// What the repo is to be opened for. What `git` sends before a large push, to see whether it may, stores nothing,
    /// and neither does what is no push at all.
    pub(crate) fn view(&self) -> View {
        match &self.fed {
            Ok(Fed::Done(head, _)) if head.is_probe() => View::PushRefs,
            Ok(_) => View::Push,
            Err(_) => View::PushRefs,
        }
    }

    /// The commands, and what came of the pack with them.
    async fn head(self, body: &mut impl Body) -> Result<Result<(PushHead, Vec<u8>), RequestError>, Stopped> {
        let Self { mut piece, mut fed } = self;
        loop {
            match fed {
                Ok(Fed::Done(head, used)) => return Ok(Ok((head, piece.split_off(used)))),
                Ok(Fed::NeedMore(parser)) if body.read(&mut piece).await? => fed = parser.feed(&piece),
                Ok(Fed::NeedMore(_)) => return Ok(Err(RequestError::UnexpectedEnd)),
                Err(error) => return Ok(Err(error)),
            }
        }
    }
}

/// Takes a push.
pub(crate) async fn receive_pack<W: Wire, S: PackStore>(
    to: &Receiving<'_, W, S>,
    beginning: Beginning,
    body: &mut impl Body,
) -> Result<Pushed, Stopped> {
    let pushed = push(to, beginning, body).await;
    let is_committed = matches!(pushed, Ok(Push::Committed(_)));
    if let (false, Some(upload_id)) = (is_committed, &to.opened.snapshot.upload_id) {
        // What this fails to say, the upload's expiry says later.
        let abandoned = to.repo.abandon(to.opened.snapshot.repo_id.clone(), upload_id.clone()).await;
        if let Err(failure) = abandoned {
            crate::log::warn(failure);
        }
    }
    match pushed? {
        Push::Committed(pushed) | Push::Dropped(pushed) => Ok(pushed),
    }
}

enum Push {
    /// The repo has decided; the upload is its business now.
    Committed(Pushed),
    /// Nothing has been kept.
    Dropped(Pushed),
}

async fn push<W: Wire, S: PackStore>(
    to: &Receiving<'_, W, S>,
    beginning: Beginning,
    body: &mut impl Body,
) -> Result<Push, Stopped> {
    let (head, first) = match beginning.head(body).await? {
        Ok(read) => read,
        Err(malformed) => return Ok(Push::Dropped(Pushed::Malformed(malformed))),
    };
    if head.is_probe() {
        return Ok(Push::Dropped(Pushed::Answer(Vec::new())));
    }
    if let Some(reason) = &head.refused {
        return Ok(Push::Dropped(to.refuse(&head, FaultClass::Client, reason)));
    }
    let catalog = LoadedCatalog::load(to.opened, to.store).await?;
    let upload_id = to.opened.snapshot.upload_id.as_deref().ok_or_else(|| Failure::shape("an upload", "none"))?;
    // Until the commit, which makes the index: it holds most of what a large push does.
    let turn = Turn::new();
    let ingested = if head.has_pack() {
        let destination = Destination {
            store: to.store,
            catalog: &catalog,
            repo_id: &to.opened.snapshot.repo_id,
            upload_id,
            hash_key: random::hash_key()?,
            turn: &turn,
            takes_shallow: to.takes_shallow,
            is_stored: false,
            room: to.room,
        };
        let tips: Vec<_> = head.commands.iter().filter_map(|command| command.new_id).collect();
        let said = Said { tips: &tips, shallow: &head.shallow };
        match ingest(&first, body, &said, &destination).await? {
            Ok(ingested) => Some(ingested),
            Err(Refused::Shallow(reaching)) => {
                let outcomes = shallow_outcomes(&head, &reaching);
                return Ok(Push::Dropped(to.report(&head, &outcomes)));
            }
            Err(refused) => {
                let class = match refused {
                    Refused::Storage(_) => FaultClass::StorageLimit,
                    Refused::Busy(_) => FaultClass::Server,
                    Refused::Pack(_) | Refused::Shallow(_) => FaultClass::Client,
                };
                return Ok(Push::Dropped(to.refuse(&head, class, &refused.to_string())));
            }
        }
    } else {
        None
    };
    match commit::commit(to, &head, ingested, catalog).await? {
        Ok(outcomes) => Ok(Push::Committed(to.report(&head, &outcomes))),
        Err(Refusal::CatalogChanged) => {
            let reason = "the repository was reorganized meanwhile; push again";
            Ok(Push::Dropped(to.refuse(&head, FaultClass::Client, reason)))
        }
        Err(Refusal::StorageLimit { max }) => {
            let reason = StorageLimit::Repo { max }.to_string();
            Ok(Push::Dropped(to.refuse(&head, FaultClass::StorageLimit, &reason)))
        }
        Err(refusal) => Ok(Push::Dropped(Pushed::Refused(refusal))),
    }
}

/// Of a push that would end the history at new commits nothing is taken: in one pack are the objects of all its refs.
fn shallow_outcomes(head: &PushHead, reaching: &BTreeSet<ObjectId>) -> Vec<Option<String>> {
    let others = if head.atomic { Rejection::AtomicPushFailure.to_string() } else { OTHER_SHALLOW_REASON.to_owned() };
    let needs = |command: &PushCommand| command.new_id.is_some_and(|id| reaching.contains(&id));
    let reason = |command| if needs(command) { SHALLOW_REASON.to_owned() } else { others.clone() };
    head.commands.iter().map(|command| Some(reason(command))).collect()
}

impl<W, S> Receiving<'_, W, S> {
    /// The report on a push that was decided, with a reason for each ref that was refused.
    fn report(&self, head: &PushHead, outcomes: &[Option<String>]) -> Pushed {
        let decided = || head.commands.iter().zip(outcomes);
        let taken = decided().filter(|(_, reason)| reason.is_none()).map(|(command, _)| command);
        let n_taken = taken.clone().count();
        let moved: Vec<_> = taken.filter(|command| command.old_id != command.new_id).map(moved).collect();
        if !moved.is_empty() {
            self.witness.did(Deed::Pushed { repo_id: self.opened.snapshot.repo_id.clone(), moved });
        } else if let (0, Some((command, Some(reason)))) = (n_taken, decided().next()) {
            self.witness.failed(FaultClass::Client, &format!("{}: {reason}", String::from_utf8_lossy(&command.name)));
        }
        Pushed::Answer(report(head, Ok(outcomes)))
    }

    /// The report on a push of which nothing was taken.
    fn refuse(&self, head: &PushHead, class: FaultClass, reason: &str) -> Pushed {
        self.witness.failed(class, reason);
        Pushed::Answer(report(head, Err(reason)))
    }
}

fn moved(command: &PushCommand) -> Moved {
    Moved { name: String::from_utf8_lossy(&command.name).into_owned(), before: command.old_id, after: command.new_id }
}

fn report(head: &PushHead, outcomes: Result<&[Option<String>], &str>) -> Vec<u8> {
    let mut answer = Vec::new();
    report::write_report(&mut answer, head, outcomes);
    answer
}
