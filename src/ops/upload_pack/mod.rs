//! A fetch, read top to bottom: the request, what is common, which objects, the bytes.

mod digest;
mod frame;
mod read;
mod select;
mod send;
mod trailers;
mod trees;
mod waiting;

use std::collections::HashSet;

use git_core::ObjectId;
use git_core::protocol::Excerpt;
use git_core::protocol::fetch::{Answer, FetchRequest, Negotiation};
use git_core::refs::HEAD;
use git_core::walk::{Boundary, all_reach, deepen};

use self::frame::Framing;
pub(super) use self::read::{Extent, Extents, Read, Reader, Stretches, read_ahead};
pub(super) use self::send::{Written, planned_extents, stored_ranges, write_pack};
pub(super) use self::trees::add_below;
use self::waiting::while_waiting;
use super::catalog::LoadedCatalog;
use super::sink::{Sink, Unsent};
use crate::durable::Failure;
use crate::repo::Opened;
use crate::repo::call::{RefRow, Snapshot};
use crate::store::PackStore;
use crate::time;
use crate::witness::{Deed, FaultClass, Witness};

/// Answers a fetch request into `sink`: acknowledgements, and the pack when it follows.
pub(crate) async fn upload_pack<S: PackStore, K: Sink>(
    opened: &Opened,
    store: &S,
    mut request: FetchRequest,
    keep_alive_ms: u64,
    witness: &Witness,
    sink: &mut K,
) -> Result<(), Unsent> {
    if request.is_empty() {
        return Ok(());
    }
    if let Some(refusal) = &request.refusal {
        return refuse(&request, witness, &refusal.refusal(), sink).await;
    }
    if let Err(reason) = request.look_up_refs(|name| find_ref(opened, name)) {
        return refuse(&request, witness, &reason, sink).await;
    }
    let tick = async || time::sleep(keep_alive_ms).await;
    let silence = |_| request.side_band_all.then(|| KEEP_ALIVE_BEFORE_PACK.to_vec());
    let answered = match while_waiting(answer(opened, store, &request), sink, silence, tick).await? {
        Ok(Ok(answered)) => answered,
        Ok(Err(reason)) => return refuse(&request, witness, &reason, sink).await,
        Err(failure) => {
            refuse(&request, witness, "internal error", sink).await?;
            return Err(Unsent::Told(failure));
        }
    };
    let Answered { answer, catalog, boundary } = answered;
    sink.write(answer.bytes.into()).await?;
    if !answer.pack_follows {
        return Ok(());
    }
    let framing = Framing { side_band: request.side_band, has_progress: !request.no_progress };
    let say = |n_ticks: u64| {
        let line = format!("Looking for objects to send, {} s ...\r", n_ticks * keep_alive_ms / 1000);
        framing.progress(&line).or_else(|| framing.keep_alive())
    };
    let selected = select::select(&catalog, &request, &boundary, &opened.snapshot.refs);
    let (plan, options) = match while_waiting(selected, sink, say, tick).await? {
        Ok(selected) => selected,
        Err(failure) => return Err(send::fail(failure, framing, sink).await?),
    };
    if let Some(found) = framing.progress(&format!("Found {} objects to send.\n", plan.n_objects)) {
        sink.write(found.into()).await?;
    }
    send::send(&catalog, &plan, options, framing, sink).await?;
    witness.did(if is_clone(&request, opened) { Deed::Cloned } else { Deed::Fetched });
    Ok(())
}

/// Whether a client without any history asks for a ref: one that has none of it and fetches a missing blob does not.
fn is_clone(request: &FetchRequest, opened: &Opened) -> bool {
    if !request.haves.is_empty() || !request.depth.shallow.is_empty() {
        return false;
    }
    if !request.want_refs.is_empty() {
        return true;
    }
    // A client may ask for many objects of a repo of many refs.
    let wants: HashSet<ObjectId> = request.wants.iter().copied().collect();
    let tip = |row: &RefRow| ObjectId::from_hex(row.id.as_bytes()).ok();
    opened.snapshot.refs.iter().filter_map(tip).any(|id| wants.contains(&id))
}

/// A packet of the progress band without a text: with `sideband-all` it may stand anywhere.
const KEEP_ALIVE_BEFORE_PACK: &[u8] = b"0005\x02";

/// What is known before the first byte is sent.
struct Answered<'a, S> {
    answer: Answer,
    catalog: LoadedCatalog<'a, S>,
    boundary: Boundary,
}

/// Works out what comes before the pack, or, in words, why what is wanted cannot be had.
async fn answer<'a, S: PackStore>(
    opened: &Opened,
    store: &'a S,
    request: &FetchRequest,
) -> Result<Result<Answered<'a, S>, String>, Failure> {
    let catalog = LoadedCatalog::load(opened, store).await?;
    if let Some(missing) = request.wants.iter().find(|&&id| catalog.packs.find(id).is_none()) {
        return Ok(Err(format!("upload-pack: not our ref {missing}")));
    }
    let not = match excluded(request, opened) {
        Ok(not) => not,
        Err(reason) => return Ok(Err(reason)),
    };
    let Some(boundary) = deepen(&catalog.packs, &request.wants, &request.depth, &not) else {
        return Ok(Err("no commits selected for shallow requests".to_owned()));
    };
    let is_common = |id: &ObjectId| catalog.packs.find(*id).is_some();
    // Version 2 says whether haves are enough before it speaks of depth, the others after that.
    let ends = matches!(request.negotiation, Negotiation::Acks(_)).then_some(&boundary);
    let are_enough = |common: &[ObjectId]| all_reach(&catalog.packs, &request.wants, common, ends);
    let answer = request.answer(&boundary.update, is_common, are_enough);
    Ok(Ok(Answered { answer, catalog, boundary }))
}

/// What a ref points at that has this full name, or the name `HEAD`.
fn find_ref(opened: &Opened, name: &[u8]) -> Option<ObjectId> {
    let Snapshot { refs, default_branch, .. } = &opened.snapshot;
    let head = format!("refs/heads/{default_branch}");
    let name = if name == HEAD.as_bytes() { head.as_bytes() } else { name };
    let at = refs.binary_search_by(|row| row.name.as_bytes().cmp(name)).ok()?;
    ObjectId::from_hex(refs.get(at)?.id.as_bytes()).ok()
}

/// The tips of the histories that the client does not want: refs by the names that gitrevisions(7) allows.
fn excluded(request: &FetchRequest, opened: &Opened) -> Result<Vec<ObjectId>, String> {
    let prefixes = [&b""[..], b"refs/", b"refs/tags/", b"refs/heads/", b"refs/remotes/"];
    let find =
        |name: &Vec<u8>| prefixes.iter().find_map(|prefix| find_ref(opened, &[prefix, name.as_slice()].concat()));
    let unknown = |name: &[u8]| format!("upload-pack: ambiguous deepen-not: {}", Excerpt::of(name));
    request.depth.not.iter().map(|name| find(name).ok_or_else(|| unknown(name))).collect()
}

async fn refuse<K: Sink>(request: &FetchRequest, witness: &Witness, reason: &str, sink: &mut K) -> Result<(), Unsent> {
    witness.failed(FaultClass::Client, reason);
    let mut answer = Vec::new();
    request.refuse(&mut answer, reason);
    Ok(sink.write(answer.into()).await?)
}
