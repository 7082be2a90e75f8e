//! A pack taken in: both passes, closure against the catalog, what each commit introduces, the index.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

use git_core::ObjectId;
use git_core::pack::catalog::Place;
use git_core::pack::entry::EMPTY_PACK_LEN;
use git_core::pack::index::{self, IndexWriter};
use git_core::pack::introduce::{self, Introducer, ParentCommit};
use git_core::pack::receive::Receiver;
use git_core::pack::resolve::{Resolver, Step, SuppliedBase};
use git_core::pack::{Kind, PackError, Resolved};

use super::shallow::{self, SHALLOW_REASON};
use super::turn::{Busy, Turn};
use crate::body::{Body, Stopped};
use crate::config::{self, BASES_AHEAD_MAX, LARGE_NOTES_LEN, OBJECTS_AHEAD_MAX, SEGMENT_LEN, TURN_POLL_MS};
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::spills::Spills;
use crate::ops::storage::{Room, StorageLimit};
use crate::ops::upload::{Upload, Uploaded};
use crate::repo::call::{PackInfo, ShallowChange};
use crate::store::bytes::Bytes;
use crate::store::{PackStore, keys};
use crate::time;

/// A pack that is complete and whose closure has been checked.
pub(crate) struct Ingested {
    pub(crate) info: PackInfo,
    pub(crate) uploaded: Uploaded,
    pub(crate) index: Index,
    /// The objects of the repo that it refers to or builds on.
    pub(crate) outside: Vec<ObjectId>,
    /// Those of them that are commits, sorted: its commits' parents, and what its tags name.
    pub(crate) parents: Vec<ObjectId>,
    /// What reaches all of it, if that is no more than there are tips.
    pub(crate) heads: Option<Vec<ObjectId>>,
    pub(crate) new_objects: NewObjects,
    /// What it makes of the ends of the history.
    pub(crate) shallow: ShallowChange,
}

/// The index of a pack.
pub(crate) enum Index {
    /// Of a small pack: it may live in the catalog's row.
    Whole(Vec<u8>),
    /// To be made while it is stored: it has half the length of all that it is made of.
    Pieces(Box<IndexWriter>),
}

impl Index {
    /// Stores it.
    pub(super) async fn store(self, store: &impl PackStore, key: &str, len: u64) -> Result<(), Failure> {
        match self {
            Self::Whole(index) => store.put(key, Bytes::from(index)).await,
            Self::Pieces(writer) => store.put_pieces(key, len, *writer).await,
        }
    }
}

/// Kinds and targets of the new objects that refs may be asked to point at.
#[derive(Default)]
pub(crate) struct NewObjects {
    kinds: BTreeMap<ObjectId, Kind>,
    tag_targets: BTreeMap<ObjectId, ObjectId>,
}

impl NewObjects {
    pub(crate) fn kind(&self, id: ObjectId) -> Option<Kind> {
        self.kinds.get(&id).copied()
    }

    pub(crate) fn tag_target(&self, id: ObjectId) -> Option<ObjectId> {
        self.tag_targets.get(&id).copied()
    }

    /// What `tips` are in the pack, and what they lead to when they are tags.
    fn of(resolved: &Resolved, tips: &[ObjectId]) -> Self {
        let mut new = Self::default();
        let mut stack = tips.to_vec();
        while let Some(id) = stack.pop() {
            let Some(kind) = resolved.kind(id) else { continue };
            if new.kinds.insert(id, kind).is_none()
                && let Some(target) = resolved.tag_target(id)
            {
                new.tag_targets.insert(id, target);
                stack.push(target);
            }
        }
        new
    }
}

/// Where a pack goes and what it is checked against.
pub(crate) struct Destination<'a, S> {
    pub(crate) store: &'a S,
    pub(crate) catalog: &'a LoadedCatalog<'a, S>,
    pub(crate) repo_id: &'a str,
    pub(crate) upload_id: &'a str,
    pub(crate) hash_key: u64,
    pub(crate) turn: &'a Turn,
    /// Whether the history may end at commits of the pack.
    pub(crate) takes_shallow: bool,
    /// Whether the pack is read from where it is to be stored.
    pub(crate) is_stored: bool,
    pub(crate) room: Room,
}

/// What the client says of its push besides the pack.
pub(crate) struct Said<'a> {
    /// What it wants refs to point at.
    pub(crate) tips: &'a [ObjectId],
    /// Commits whose parents it does not have.
    pub(crate) shallow: &'a [ObjectId],
}

impl<S> Destination<'_, S> {
    /// Whether a push of so many bytes of notes has to wait before it goes on.
    fn has_to_wait(&self, notes_len: usize) -> bool {
        notes_len > LARGE_NOTES_LEN && !self.turn.go_on()
    }

    async fn wait(&self) -> Result<(), Refused> {
        self.turn.wait(async || time::sleep(TURN_POLL_MS).await).await.map_err(Refused::Busy)
    }
}

/// Why a pack is not taken in.
pub(crate) enum Refused {
    Pack(PackError),
    /// History would end at commits of the pack, which these tips reach.
    Shallow(BTreeSet<ObjectId>),
    Busy(Busy),
    Storage(StorageLimit),
}

impl From<StorageLimit> for Refused {
    fn from(limit: StorageLimit) -> Self {
        Self::Storage(limit)
    }
}

impl From<PackError> for Refused {
    fn from(error: PackError) -> Self {
        Self::Pack(error)
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Pack(error) => error.fmt(f),
            Self::Shallow(_) => f.write_str(SHALLOW_REASON),
            Self::Storage(limit) => limit.fmt(f),
            Self::Busy(Busy) => f.write_str("another large push is under way; push again later"),
        }
    }
}

/// Outside: the body or the platform failed. Inside: why the pack is not taken in.
type Taken<T> = Result<Result<T, Refused>, Stopped>;

/// Unwraps both results, the inner one by returning it.
macro_rules! accepted {
    ($taken:expr) => {
        match $taken {
            Ok(value) => value,
            Err(refused) => return Ok(Err(refused.into())),
        }
    };
}

/// Takes in the pack that begins with `first` and goes on in `body`, which is read to its end whatever happens.
pub(crate) async fn ingest<S: PackStore>(
    first: &[u8],
    body: &mut impl Body,
    said: &Said<'_>,
    to: &Destination<'_, S>,
) -> Taken<Ingested> {
    let (receiver, uploaded) = accepted!(receive(first, body, to).await?);
    let spills = Spills::new(to.store, to.repo_id, to.upload_id);
    let second_pass = accepted!(receiver.finish());
    let notes_len = second_pass.notes_len();
    let mut resolved = accepted!(resolve(second_pass, to, &spills).await?);
    spills.delete().await?;
    let added = shallow::cut(&mut resolved, said.shallow, &to.catalog.packs);
    let mut outside = Vec::new();
    let parents = accepted!(check_closure(&resolved, to.catalog, &mut outside));
    let outside_bases = resolved.outside_bases();
    outside.extend(&outside_bases);
    if !added.is_empty() && !to.takes_shallow {
        return Ok(Err(Refused::Shallow(resolved.reach_cut(said.tips))));
    }
    let shallow = accepted!(shallow::change(&resolved, &added, &to.catalog.packs, &mut outside));
    let stored_len = if matches!(uploaded, Uploaded::Stored) { SEGMENT_LEN as u64 } else { 0 };
    let mut info = PackInfo {
        format: index::FORMAT,
        n_objects: resolved.n_objects() as u64,
        pack_len: resolved.pack_len(),
        index_len: 0,
        segment_len: stored_len,
        trailer: resolved.trailer().to_hex(),
        thin: !outside_bases.is_empty(),
    };
    let new_objects = NewObjects::of(&resolved, said.tips);
    let heads = resolved.heads(said.tips.len());
    let mut introducer = Introducer::new(resolved, &parents);
    while let introduce::Step::NeedTrees(ids) = accepted!(introducer.step()) {
        accepted!(supply_trees(&mut introducer, &ids, notes_len, to).await?);
    }
    let writer = IndexWriter::new(introducer);
    info.index_len = writer.byte_len() as u64;
    if info.n_objects > 0 {
        accepted!(to.room.admit(info.pack_len + info.index_len));
    }
    let index = match uploaded {
        Uploaded::Small(_) => Index::Whole(writer.flatten().collect()),
        Uploaded::Stored => Index::Pieces(Box::new(writer)),
    };
    let parents = parents.into_keys().collect();
    Ok(Ok(Ingested { info, uploaded, index, outside, parents, heads, new_objects, shallow }))
}

/// Pass 1, with the bytes on their way to R2.
async fn receive<S: PackStore>(
    first: &[u8],
    body: &mut impl Body,
    to: &Destination<'_, S>,
) -> Taken<(Receiver, Uploaded)> {
    let mut receiver = Receiver::new(config::pack_limits(to.hash_key), config::FSCK_LET_PASS);
    let mut upload = Upload::new(to.store, to.repo_id, to.upload_id);
    upload.is_there = to.is_stored;
    let mut piece = first.to_vec();
    let mut received_len = 0;
    loop {
        received_len += piece.len() as u64;
        // A pack of no objects is not kept.
        let has_room = to.room.admit(received_len.saturating_sub(EMPTY_PACK_LEN)).map_err(Refused::from);
        if let Err(refused) = has_room.and_then(|()| Ok(receiver.push(&piece)?)) {
            upload.abandon().await;
            return Ok(Err(refused));
        }
        upload.add(&piece).await?;
        if to.has_to_wait(receiver.notes_len()) {
            receiver.forget_bases();
            upload.settle().await?;
            accepted!(to.wait().await);
        }
        match body.read(&mut piece).await {
            Ok(true) => {}
            Ok(false) => return Ok(Ok((receiver, upload.finish().await?))),
            Err(error) => {
                upload.abandon().await;
                return Err(error.into());
            }
        }
    }
}

/// Pass 2, over what has been stored.
async fn resolve<S: PackStore>(
    mut resolver: Resolver,
    to: &Destination<'_, S>,
    spills: &Spills<'_, S>,
) -> Taken<Resolved> {
    let mut bases = BasesAhead::default();
    loop {
        if to.has_to_wait(resolver.notes_len()) {
            resolver.forget_bases();
            accepted!(to.wait().await);
        }
        match accepted!(resolver.step()) {
            Step::NeedPack { offset, len } => {
                let (segment, start) = (offset / SEGMENT_LEN as u64, offset % SEGMENT_LEN as u64);
                let key = keys::segment(to.repo_id, to.upload_id, segment);
                let bytes = to.store.get(&key, start..start + len as u64).await?;
                resolver.supply_pack(offset, bytes.to_vec());
            }
            Step::NeedBase { id } => {
                let id = bases.next(&mut resolver, to.catalog).await?.unwrap_or(id);
                let base = match to.catalog.packs.find(id) {
                    Some(place) => spills.base(to.catalog, place, || resolver.new_spill()).await?,
                    None => SuppliedBase::Missing,
                };
                resolver.supply_base(id, base);
            }
            Step::SpillWrite { spill, bytes } => spills.append(spill, &bytes).await?,
            Step::SpillRead { spill, offset, len } => {
                resolver.supply_spill(offset, spills.read(spill, offset, len).await?);
            }
            Step::Done => return Ok(Ok(resolver.finish())),
        }
    }
}

/// The bases of a thin pack in the order in which they are read: as they stand in the repo's packs.
#[derive(Default)]
struct BasesAhead {
    /// The next one last.
    bases: Vec<(Place, ObjectId)>,
    /// How many of them have been read ahead.
    n_ready: usize,
}

impl BasesAhead {
    /// The next of the resolver's missing bases that the catalog has.
    async fn next<S: PackStore>(
        &mut self,
        resolver: &mut Resolver,
        catalog: &LoadedCatalog<'_, S>,
    ) -> Result<Option<ObjectId>, Failure> {
        loop {
            if self.bases.is_empty() {
                for id in resolver.missing_bases(BASES_AHEAD_MAX) {
                    match catalog.packs.find(id) {
                        Some(place) => self.bases.push((place, id)),
                        // Told at once, so that nothing is looked for twice.
                        None => resolver.supply_base(id, SuppliedBase::Missing),
                    }
                }
                self.bases.sort_unstable_by(|a, b| b.cmp(a));
            }
            if self.n_ready == 0 {
                let next = self.bases.iter().rev().take(OBJECTS_AHEAD_MAX).map(|&(place, _)| place);
                self.n_ready = catalog.read_ahead(&next.collect::<Vec<_>>()).await?;
            }
            let Some((_, id)) = self.bases.pop() else { return Ok(None) };
            self.n_ready -= 1;
            // Another base may have made it known that the pack itself has this one.
            if resolver.waits_for(id) {
                return Ok(Some(id));
            }
        }
    }
}

/// The trees of earlier pushes that the introducer asks for, in the order in which they stand in the repo's packs.
async fn supply_trees<S: PackStore>(
    introducer: &mut Introducer,
    ids: &[ObjectId],
    notes_len: usize,
    to: &Destination<'_, S>,
) -> Taken<()> {
    let mut trees = Vec::new();
    for &id in ids {
        let place = to.catalog.packs.find(id).ok_or(PackError::MissingObject { id, kind: Kind::Tree });
        trees.push((accepted!(place), id));
    }
    trees.sort_unstable();
    let mut n_ready = 0;
    for (at, &(place, id)) in trees.iter().enumerate() {
        if at == n_ready {
            let next = trees.get(at..).unwrap_or_default().iter().take(OBJECTS_AHEAD_MAX);
            n_ready += to.catalog.read_ahead(&next.map(|&(place, _)| place).collect::<Vec<_>>()).await?;
        }
        let object = to.catalog.object(place).await?;
        // It is its turn since the passes, and stays so while it goes on.
        to.has_to_wait(notes_len);
        let (_, content) = object.ok_or_else(|| Failure::shape("a tree that can be held", id))?;
        accepted!(introducer.supply_tree(id, &content));
    }
    Ok(Ok(()))
}

/// Everything that the pack refers to must be in it or in the catalog, which is closed, and be of the right kind.
fn check_closure<S: PackStore>(
    resolved: &Resolved,
    catalog: &LoadedCatalog<'_, S>,
    outside: &mut Vec<ObjectId>,
) -> Result<BTreeMap<ObjectId, ParentCommit>, PackError> {
    resolved.check_kinds()?;
    let mut parents = BTreeMap::new();
    for (id, expected) in resolved.outside() {
        let place = catalog.packs.find(id).ok_or(PackError::MissingObject { id, kind: expected })?;
        let entry = catalog.packs.entry(place).ok_or(PackError::MissingObject { id, kind: expected })?;
        if entry.kind != expected {
            return Err(PackError::WrongKind { id, actual: entry.kind, expected });
        }
        outside.push(id);
        if expected == Kind::Commit {
            parents.insert(id, parent(catalog, place).ok_or(PackError::MissingObject { id, kind: expected })?);
        }
    }
    Ok(parents)
}

fn parent<S>(catalog: &LoadedCatalog<'_, S>, place: Place) -> Option<ParentCommit> {
    let commit = catalog.packs.commit(place)?;
    let tree_id = match commit.tree {
        index::Ref::Here(number) => catalog.packs.id(Place { number, ..place })?,
        index::Ref::Outside(id) => id,
    };
    Some(ParentCommit { tree_id, generation: commit.generation })
}
