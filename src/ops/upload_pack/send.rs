//! Sending a planned pack: stored bytes in long stretches, read ahead, most of them untouched.

use std::ops::Range;
use std::pin::pin;

use futures_util::StreamExt;
use git_core::ObjectId;
use git_core::pack::catalog::{Catalog, Place};
use git_core::pack::entry::{ENTRY_HEADER_LEN_MAX, PACK_TRAILER_LEN, encode_pack_header};
use git_core::pack::select::{
    Item, Layout, Plan, SendOptions, delta_entry, is_whole_pack, rewrite_header, whole_entry,
};

use super::frame::{Framing, PackOut, Trailer};
use super::read::{Extents, Reader, Stretches, read_ahead};
use super::trailers;
use crate::config::OBJECTS_AHEAD_MAX;
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::sink::{Gone, Sink, Unsent};
use crate::store::PackStore;

/// Sends the pack. When something fails on the way, a client that can be told is told.
pub(super) async fn send<S: PackStore, K: Sink>(
    catalog: &LoadedCatalog<'_, S>,
    plan: &Plan,
    options: SendOptions,
    framing: Framing,
    sink: &mut K,
) -> Result<(), Unsent> {
    let whole = is_whole_pack(plan, &catalog.packs);
    let parts = trailers::parts(catalog, plan, options);
    let trailer = match (whole, parts.as_ref().and_then(trailers::known)) {
        (Some(_), _) => Trailer::Sent,
        (None, Some(known)) => Trailer::Known(known),
        (None, None) => Trailer::hashed()?,
    };
    let mut out = PackOut::new(sink, framing, trailer);
    let sent = match whole {
        Some(pack) => send_whole(catalog, pack, &mut out).await,
        None => send_planned(catalog, plan, options, &mut out).await,
    };
    match sent {
        Ok(()) => {
            if let (Some(trailer), Some(parts)) = (out.finish(plan.n_objects).await?, parts) {
                trailers::learn(parts, trailer);
            }
            Ok(())
        }
        Err(Unsent::Failed(failure)) => Err(fail(failure, framing, sink).await?),
        Err(unsent) => Err(unsent),
    }
}

/// Tells a client that takes side-band that the pack will not be whole.
pub(super) async fn fail<K: Sink>(failure: Failure, framing: Framing, sink: &mut K) -> Result<Unsent, Gone> {
    let Some(packet) = framing.error("internal error") else { return Ok(Unsent::Failed(failure)) };
    sink.write(packet.into()).await?;
    Ok(Unsent::Told(failure))
}

/// A pack that was written for its own sake.
pub(crate) struct Written {
    pub(crate) layout: Layout,
    /// With header and trailer, in bytes.
    pub(crate) len: u64,
    pub(crate) trailer: ObjectId,
}

/// Writes the planned pack, and nothing around it. What it takes of stored packs is in the stretches, in its order.
pub(crate) async fn write_pack<S: PackStore, K: Sink>(
    catalog: &LoadedCatalog<'_, S>,
    plan: &Plan,
    options: SendOptions,
    stretches: impl Stretches,
    sink: &mut K,
) -> Result<Written, Unsent> {
    let mut out = PackOut::new(sink, Framing::BARE, Trailer::hashed()?);
    let layout = send_items(catalog, plan, options, stretches, &mut out).await?;
    let len = out.offset() + PACK_TRAILER_LEN as u64;
    let trailer = out.finish(plan.n_objects).await?.ok_or_else(|| Failure::shape("a pack that was hashed", "none"))?;
    Ok(Written { layout, len, trailer })
}

/// A single pack that is wanted whole: header, entries and trailer as they are.
async fn send_whole<S: PackStore, K: Sink>(
    catalog: &LoadedCatalog<'_, S>,
    pack: usize,
    out: &mut PackOut<'_, K>,
) -> Result<(), Unsent> {
    let len = catalog.packs.packs().get(pack).map_or(0, |pack| pack.pack_len);
    let mut extents = Extents::new();
    extents.add(pack, 0..len);
    let mut stretches = pin!(read_ahead(catalog, extents));
    while let Some(stretch) = stretches.next().await {
        for piece in stretch?.1 {
            out.write(piece).await?;
        }
    }
    Ok(())
}

async fn send_planned<S: PackStore, K: Sink>(
    catalog: &LoadedCatalog<'_, S>,
    plan: &Plan,
    options: SendOptions,
    out: &mut PackOut<'_, K>,
) -> Result<(), Unsent> {
    let stretches = pin!(read_ahead(catalog, planned_extents(&catalog.packs, plan)?));
    send_items(catalog, plan, options, stretches, out).await.map(drop)
}

async fn send_items<S: PackStore, K: Sink>(
    catalog: &LoadedCatalog<'_, S>,
    plan: &Plan,
    options: SendOptions,
    stretches: impl Stretches,
    out: &mut PackOut<'_, K>,
) -> Result<Layout, Unsent> {
    out.write(encode_pack_header(plan.n_objects).to_vec().into()).await?;
    let mut reader = Reader::new(stretches);
    let mut layout = Layout::default();
    let mut n_rebuilt_ready = 0;
    for (at, item) in plan.items.iter().enumerate() {
        let sent_offset = out.offset();
        match (*item, stored_range(&catalog.packs, item)?) {
            (Item::Run { pack, first, last }, Some((_, range))) => {
                layout.note(pack, first, last, range.start, sent_offset);
                match reader.small(pack, &range).await? {
                    Some(bytes) => out.write_small(bytes).await?,
                    None => copy(&mut reader, pack, range, out).await?,
                }
            }
            (Item::Rewritten { place, base }, Some((pack, mut range))) => {
                let content = layout.base_content(&catalog.packs, base, sent_offset, options);
                let content =
                    content.ok_or_else(|| Failure::shape("a base in the catalog", format_args!("{base:?}")))?;
                layout.note(place.pack, place.number, place.number, range.start, sent_offset);
                let rewritten = |stored: &[u8]| {
                    let rewritten = rewrite_header(stored, content).ok().flatten();
                    rewritten.ok_or_else(|| Failure::shape("an entry", format_args!("{place:?}")))
                };
                if let Some(stored) = reader.small(pack, &range).await? {
                    let (header, used) = rewritten(stored)?;
                    out.write_small(&header).await?;
                    out.write_small(stored.get(used..).unwrap_or_default()).await?;
                    continue;
                }
                let stored = reader.take(pack, &mut range, ENTRY_HEADER_LEN_MAX).await?;
                let (header, used) = rewritten(&stored)?;
                out.write_small(&header).await?;
                out.write_small(stored.get(used..).unwrap_or_default()).await?;
                copy(&mut reader, pack, range, out).await?;
            }
            (Item::Bridged { place, .. } | Item::Rebuilt(place), _) => {
                if n_rebuilt_ready == 0 {
                    n_rebuilt_ready = catalog.read_ahead(&rebuilt_from(plan, at)).await?;
                }
                n_rebuilt_ready = n_rebuilt_ready.saturating_sub(rebuilt_for(item).count());
                let cannot_hold = || Failure::shape("an object that can be held", format_args!("{place:?}"));
                let entry = if let Item::Bridged { base, .. } = *item {
                    let content = layout.base_content(&catalog.packs, base, sent_offset, options);
                    let content =
                        content.ok_or_else(|| Failure::shape("a base in the catalog", format_args!("{base:?}")))?;
                    let (object, base) = catalog.object_and_base(place, base).await?.ok_or_else(cannot_hold)?;
                    delta_entry(content, &base, &object)
                } else {
                    let (kind, object) = catalog.object(place).await?.ok_or_else(cannot_hold)?;
                    whole_entry(kind, &object)
                };
                let stored_offset = catalog.entry_range(place)?.start;
                layout.note(place.pack, place.number, place.number, stored_offset, sent_offset);
                out.write(entry.into()).await?;
            }
            (_, None) => return Err(Failure::shape("an entry of the catalog", format_args!("{item:?}")).into()),
        }
    }
    Ok(layout)
}

/// The next objects that are rebuilt, as many as may be read ahead.
fn rebuilt_from(plan: &Plan, at: usize) -> Vec<Place> {
    plan.items.iter().skip(at).flat_map(rebuilt_for).take(OBJECTS_AHEAD_MAX).collect()
}

/// The objects that are rebuilt to send an item.
fn rebuilt_for(item: &Item) -> impl Iterator<Item = Place> + use<> {
    let (base, place) = match *item {
        Item::Bridged { place, base } => (Some(base), Some(place)),
        Item::Rebuilt(place) => (None, Some(place)),
        Item::Run { .. } | Item::Rewritten { .. } => (None, None),
    };
    base.into_iter().chain(place)
}

/// Where the items of a plan are stored, in its order, but for those that are rebuilt.
pub(crate) fn stored_ranges(
    catalog: &Catalog,
    plan: &Plan,
) -> impl Iterator<Item = Result<(usize, Range<u64>), Failure>> {
    plan.items.iter().filter_map(|item| stored_range(catalog, item).transpose())
}

/// The stretches to read for that.
pub(crate) fn planned_extents(catalog: &Catalog, plan: &Plan) -> Result<Extents, Failure> {
    let mut extents = Extents::new();
    for range in stored_ranges(catalog, plan) {
        let (pack, range) = range?;
        extents.add(pack, range);
    }
    Ok(extents)
}

/// Where an item's bytes are stored; none for one that is rebuilt.
fn stored_range(catalog: &Catalog, item: &Item) -> Result<Option<(usize, Range<u64>)>, Failure> {
    let (pack, first, last) = match *item {
        Item::Run { pack, first, last } => (pack, first, last),
        Item::Rewritten { place, .. } => (place.pack, place.number, place.number),
        Item::Bridged { .. } | Item::Rebuilt(_) => return Ok(None),
    };
    let start = catalog.index(pack).and_then(|index| index.offset(first));
    let end = catalog.entry_end(Place { pack, number: last });
    match (start, end) {
        (Some(start), Some(end)) => Ok(Some((pack, start..end))),
        _ => Err(Failure::shape("an entry of the catalog", format_args!("{item:?}"))),
    }
}

async fn copy<K: Sink>(
    reader: &mut Reader<impl Stretches>,
    pack: usize,
    mut range: Range<u64>,
    out: &mut PackOut<'_, K>,
) -> Result<(), Unsent> {
    while range.start < range.end {
        out.write(reader.next(pack, &mut range, usize::MAX).await?).await?;
    }
    Ok(())
}

impl From<Gone> for Unsent {
    fn from(gone: Gone) -> Self {
        Self::Gone(gone)
    }
}
