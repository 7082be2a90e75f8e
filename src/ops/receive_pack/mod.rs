//! A push, read top to bottom: the head of the request, the pack, the commit, the report.

mod ingest;
mod upload;

use std::collections::BTreeSet;

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::protocol::push::{Fed, PushCommand, PushHead, PushLimits, PushParser};
use git_core::protocol::{RequestError, report};
use git_core::refs::RefName;

use self::ingest::{Destination, Ingested, NewObjects, ingest};
use self::upload::Uploaded;
use super::body::{Body, BodyError, Stopped};
use super::catalog::LoadedCatalog;
use crate::config::{
    INLINE_LEN_MAX, INLINE_TOTAL_MAX, PUSH_COMMANDS_MAX, PUSH_LINE_LEN_MAX, PUSH_SHALLOW_MAX, REF_NAME_LEN_MAX,
    SEGMENT_LEN,
};
use crate::durable::{Failure, Wire};
use crate::random;
use crate::repo::call::{Commit, NewPack, Refusal, Update, View};
use crate::repo::{Opened, RepoClient};
use crate::store::bytes::Bytes;
use crate::store::{PackStore, keys};

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
    let catalog = LoadedCatalog::load(to.opened, to.store).await?;
    let upload_id = to.opened.snapshot.upload_id.as_deref().ok_or_else(|| Failure::shape("an upload", "none"))?;
    let ingested = if head.has_pack() {
        let destination = Destination {
            store: to.store,
            catalog: &catalog,
            repo_id: &to.opened.snapshot.repo_id,
            upload_id,
            hash_key: random::hash_key()?,
        };
        let tips: Vec<_> = head.commands.iter().filter_map(|command| command.new_id).collect();
        match ingest(&first, body, &tips, &destination).await? {
            Ok(ingested) => Some(ingested),
            Err(refused) => return Ok(Push::Dropped(Pushed::Answer(report(&head, Err(&refused.to_string()))))),
        }
    } else {
        None
    };
    let none = NewObjects::default();
    let new_objects = ingested.as_ref().map_or(&none, |ingested| &ingested.new_objects);
    let mut relies_on = ingested.as_ref().map_or_else(BTreeSet::new, |ingested| ingested.relies_on.clone());
    let targets = Targets { catalog: &catalog, new_objects };
    let updates = head.commands.iter().map(|command| targets.update(command, &mut relies_on)).collect();
    let commit = Commit {
        repo_id: to.opened.snapshot.repo_id.clone(),
        token_sha256: to.token_sha256.to_owned(),
        upload_id: upload_id.to_owned(),
        pack: None,
        updates,
        atomic: head.atomic,
        relies_on: relies_on.into_iter().filter_map(|pack| catalog.pack_seq(pack)).collect(),
    };
    match commit_pack(to, commit, ingested, catalog.inline_len()).await? {
        Ok(outcomes) => Ok(Push::Committed(Pushed::Answer(report(&head, Ok(&outcomes))))),
        Err(Refusal::CatalogChanged) => {
            let reason = "the repository was reorganized meanwhile; push again";
            Ok(Push::Dropped(Pushed::Answer(report(&head, Err(reason)))))
        }
        Err(refusal) => Ok(Push::Dropped(Pushed::Refused(refusal))),
    }
}

fn report(head: &PushHead, outcomes: Result<&[Option<String>], &str>) -> Vec<u8> {
    let mut answer = Vec::new();
    report::write_report(&mut answer, head, outcomes);
    answer
}

/// What refs may point at.
struct Targets<'a, S> {
    catalog: &'a LoadedCatalog<'a, S>,
    new_objects: &'a NewObjects,
}

impl<S: PackStore> Targets<'_, S> {
    /// The update as the repo's object takes it, refused when its target is missing or of the wrong kind.
    fn update(&self, command: &PushCommand, relies_on: &mut BTreeSet<usize>) -> Update {
        let name = String::from_utf8_lossy(&command.name).into_owned();
        let is_utf8 = name.as_bytes() == command.name;
        let is_name = is_utf8 && RefName::parse(&command.name, REF_NAME_LEN_MAX).is_ok_and(|name| !name.is_one_level());
        let mut refused = (!is_name).then(|| "funny refname".to_owned());
        let mut peeled = None;
        if let (None, Some(new_id)) = (&refused, command.new_id) {
            match self.kind(new_id, relies_on) {
                None => refused = Some("missing necessary objects".to_owned()),
                Some(kind) if kind != Kind::Commit && name.starts_with("refs/heads/") => {
                    refused = Some(format!("cannot point a branch at a {kind}"));
                }
                Some(_) => peeled = self.peel(new_id, relies_on),
            }
        }
        let hex = |id: ObjectId| id.to_hex();
        let (old_id, new_id) = (command.old_id.map(hex), command.new_id.map(hex));
        Update { name, old_id, new_id, peeled: peeled.map(hex), refused }
    }

    fn kind(&self, id: ObjectId, relies_on: &mut BTreeSet<usize>) -> Option<Kind> {
        self.new_objects.kind(id).or_else(|| {
            let place = self.catalog.packs.find(id)?;
            relies_on.insert(place.pack);
            Some(self.catalog.packs.entry(place)?.kind)
        })
    }

    /// What stands at the end of a chain of tags.
    fn peel(&self, id: ObjectId, relies_on: &mut BTreeSet<usize>) -> Option<ObjectId> {
        let mut peeled = None;
        let mut at = id;
        while let Some(target) = self.tag_target(at) {
            self.kind(target, relies_on)?;
            (peeled, at) = (Some(target), target);
        }
        peeled
    }

    fn tag_target(&self, id: ObjectId) -> Option<ObjectId> {
        self.new_objects.tag_target(id).or_else(|| {
            let place = self.catalog.packs.find(id)?;
            let target = self.catalog.packs.index(place.pack)?.tag_target(place.number)?;
            self.catalog.packs.id(self.catalog.packs.resolve(place.pack, target)?)
        })
    }
}

/// Stores what is not stored yet and commits. A small pack lives in the catalog's row while there is room, else in R2.
async fn commit_pack<W: Wire, S: PackStore>(
    to: &Receiving<'_, W, S>,
    mut commit: Commit,
    ingested: Option<Ingested>,
    inline_len: u64,
) -> Result<Result<Vec<Option<String>>, Refusal>, Stopped> {
    // A push that brings no object (a branch at a commit that is here) comes with an empty pack, which is not kept.
    let Some(Ingested { mut info, uploaded, index, .. }) = ingested.filter(|ingested| ingested.info.n_objects > 0)
    else {
        let committed = to.repo.commit(commit, None).await?;
        return Ok(committed.map(|committed| committed.outcomes));
    };
    if let Uploaded::Small(pack) = uploaded {
        let len = info.pack_len + info.index_len;
        if len <= INLINE_LEN_MAX as u64 && inline_len + len <= INLINE_TOTAL_MAX {
            commit.pack = Some(NewPack { pack: info.clone(), inline: true });
            let committed = to.repo.commit(commit.clone(), Some((&pack.to_vec(), &index))).await?;
            // Pushes in between may have taken the room.
            if committed != Err(Refusal::CatalogChanged) {
                return Ok(committed.map(|committed| committed.outcomes));
            }
        }
        info.segment_len = SEGMENT_LEN as u64;
        to.store.put(&keys::segment(&commit.repo_id, &commit.upload_id, 0), pack).await?;
    }
    to.store.put(&keys::index(&commit.repo_id, &commit.upload_id), Bytes::from(index)).await?;
    commit.pack = Some(NewPack { pack: info, inline: false });
    Ok(to.repo.commit(commit, None).await?.map(|committed| committed.outcomes))
}
