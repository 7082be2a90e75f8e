//! What a plan takes of stored packs, in the order of the plan, when that jumps about in them.
//!
//! Families are scattered over packs that were pushed one after the other. Read as it is planned, a pack of 250 MB would take
//! 50,000 reads; so the packs are read once, from the first byte to the last, and what is read is dealt out to the sections of
//! the new pack. When those grow too large together, parts of them go to R2 until it is their turn.

use futures_util::future::LocalBoxFuture;
use futures_util::stream::{self, FuturesUnordered, LocalBoxStream};
use futures_util::{FutureExt, StreamExt, TryStreamExt};
use git_core::pack::select::Plan;

use super::section::Section;
use crate::config::{GATHERED_PARTS_AT_ONCE, GatherLimits};
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::upload_pack::{Extent, Extents, Read, Reader, Stretches, planned_extents, read_ahead, stored_ranges};
use crate::store::bytes::Bytes;
use crate::store::{PackStore, keys};

/// Stretches of stored packs with their bytes, in the order of a plan.
pub(crate) struct Gathered<'a> {
    pub(crate) stretches: LocalBoxStream<'a, Read>,
    /// What lies in R2 until the stretches have been read.
    pub(crate) part_keys: Vec<String>,
}

/// Reads what the plan takes. Parts of it go to R2, below the upload.
pub(crate) async fn gather<'a, S: PackStore>(
    catalog: &'a LoadedCatalog<'_, S>,
    store: &'a S,
    plan: &Plan,
    upload: (&str, &str),
    limits: GatherLimits,
) -> Result<Gathered<'a>, Failure> {
    // Counted and let go: there may be as many as objects, and the sections hold the same.
    let n_planned = planned_extents(&catalog.packs, plan)?.len();
    let sections = sections(catalog, plan, limits)?;
    let order = stored_order(&sections);
    let mut stored = Extents::new();
    for extent in order.iter().filter_map(|&at| dealt(&sections, at)) {
        stored.add(extent.pack, extent.range.clone());
    }
    let n_long: usize = sections.iter().map(Section::n_long).sum();
    if n_planned <= stored.len() + n_long + limits.n_jumps {
        let stretches = read_ahead(catalog, planned_extents(&catalog.packs, plan)?).boxed_local();
        return Ok(Gathered { stretches, part_keys: Vec::new() });
    }
    let mut dealer = Dealer { store, upload, limits, sections, buffered_len: 0, in_flight: FuturesUnordered::new() };
    let dealt = dealer.deal_all(order, read_ahead(catalog, stored).boxed_local()).await;
    // Whatever happened: nothing is to be stored after the upload has been reclaimed.
    let settled = dealer.settle().await;
    dealt.and(settled)?;
    let sections = dealer.sections;
    let part_keys = sections.iter().flat_map(Section::part_keys).cloned().collect();
    Ok(Gathered { stretches: stretches(catalog, store, sections), part_keys })
}

/// The stretches of the sections, one section after the other.
fn stretches<'a, S: PackStore>(
    catalog: &'a LoadedCatalog<'_, S>,
    store: &'a S,
    sections: Vec<Section>,
) -> LocalBoxStream<'a, Read> {
    let read = async move |(extent, dealt): (Extent, Option<Bytes>)| {
        let pieces = match dealt {
            Some(bytes) => vec![bytes],
            None => catalog.read(extent.pack, extent.range.clone()).await?,
        };
        Ok((extent, pieces))
    };
    let loaded = stream::iter(sections).then(move |section| section.load(store));
    loaded.map_ok(|stretches| stream::iter(stretches).map(Ok)).try_flatten().and_then(read).boxed_local()
}

/// What the plan takes, in its order, as sections that have been given nothing yet.
fn sections<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    plan: &Plan,
    limits: GatherLimits,
) -> Result<Vec<Section>, Failure> {
    let mut sections = vec![Section::default()];
    let mut last: Option<Extent> = None;
    for range in stored_ranges(&catalog.packs, plan) {
        let (pack, range) = range?;
        match &mut last {
            Some(last)
                if (last.pack, last.range.end) == (pack, range.start)
                    && range.end - last.range.start <= limits.dealt_len =>
            {
                last.range.end = range.end;
            }
            _ => {
                if let Some(before) = last.replace(Extent { pack, range }) {
                    add(&mut sections, before, limits);
                }
            }
        }
    }
    if let Some(last) = last {
        add(&mut sections, last, limits);
    }
    sections.iter_mut().for_each(Section::complete);
    Ok(sections)
}

/// Adds an extent to the last section, or to a new one when that is full.
fn add(sections: &mut Vec<Section>, extent: Extent, limits: GatherLimits) {
    let is_dealt = extent.len() <= limits.dealt_len;
    let dealt_len = if is_dealt { extent.len() } else { 0 };
    if sections.last().is_none_or(|section| section.dealt_len() + dealt_len > limits.section_len) {
        sections.push(Section::default());
    }
    let Some(section) = sections.last_mut() else { return };
    if is_dealt {
        section.add_dealt(extent);
    } else {
        extent.split().for_each(|extent| section.add(extent));
    }
}

/// A section, and which of the extents that are dealt to it.
type At = (u32, u32);

fn dealt(sections: &[Section], (section, at): At) -> Option<&Extent> {
    sections.get(section as usize)?.dealt(at)
}

/// All extents that are dealt, in the order in which they are stored.
fn stored_order(sections: &[Section]) -> Vec<At> {
    let of_section = |(no, section): (u32, &Section)| (0..section.n_dealt()).map(move |at| (no, at));
    let mut order: Vec<At> = (0..).zip(sections).flat_map(of_section).collect();
    order.sort_unstable_by_key(|&at| dealt(sections, at).map(|extent| (extent.pack, extent.range.start)));
    order
}

/// Deals out what is read, and stores what grows too large.
struct Dealer<'a, 'b, S> {
    store: &'a S,
    /// Id of the repo and of the upload.
    upload: (&'b str, &'b str),
    limits: GatherLimits,
    sections: Vec<Section>,
    buffered_len: usize,
    in_flight: FuturesUnordered<LocalBoxFuture<'a, Result<(), Failure>>>,
}

impl<S: PackStore> Dealer<'_, '_, S> {
    async fn deal_all(&mut self, order: Vec<At>, stretches: impl Stretches) -> Result<(), Failure> {
        let mut reader = Reader::new(stretches);
        for at in order {
            let Some(Extent { pack, mut range }) = dealt(&self.sections, at).cloned() else { continue };
            while range.start < range.end {
                self.deal(at, &reader.next(pack, &mut range, usize::MAX).await?);
            }
            self.make_room().await?;
        }
        Ok(())
    }

    fn deal(&mut self, (section, _): At, bytes: &Bytes) {
        if let Some(section) = self.sections.get_mut(section as usize) {
            self.buffered_len += bytes.len();
            section.deal(bytes);
        }
    }

    /// Stores what the fullest section holds, when all hold too much.
    async fn make_room(&mut self) -> Result<(), Failure> {
        if self.buffered_len <= self.limits.buffers_len {
            return Ok(());
        }
        let fullest = (0..).zip(&mut self.sections).max_by_key(|(_, section)| section.buffer_len());
        let Some((no, section)) = fullest else { return Ok(()) };
        let (repo_id, upload_id) = self.upload;
        let key = keys::spill(repo_id, upload_id, no, section.n_parts());
        let part = section.take_part(key.clone());
        self.buffered_len -= part.len();
        while self.in_flight.len() >= GATHERED_PARTS_AT_ONCE {
            self.in_flight.next().await.transpose()?;
        }
        let store = self.store;
        self.in_flight.push(async move { store.put(&key, part).await }.boxed_local());
        // A put begins when it is first polled; more is read meanwhile.
        if let std::task::Poll::Ready(Some(stored)) = futures_util::poll!(self.in_flight.next()) {
            stored?;
        }
        Ok(())
    }

    /// Waits until all is stored that is on its way.
    async fn settle(&mut self) -> Result<(), Failure> {
        let mut settled = Ok(());
        while let Some(stored) = self.in_flight.next().await {
            settled = settled.and(stored);
        }
        settled
    }
}
