//! Objects that are too large to hold, made from the first byte to the last.
//!
//! A delta copies from anywhere in its base. What it copies is made from the base's first byte on, and made again when the
//! delta goes back: deltas of large files mostly go forward.

use std::cell::Cell;
use std::ops::Range;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use futures_util::{FutureExt, StreamExt};
use git_core::pack::catalog::Place;
use git_core::pack::entry::{Decoded, decode_entry_header};
use git_core::pack::inflate::DataInflater;
use git_core::pack::large::{LargeDelta, Wants};

use crate::config::{INFLATED_STRETCH_LEN, LARGE_DELTAS_MAX, LARGE_INFLATED_MAX, SEND_LEN};
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::upload_pack::{Extents, Read, Reader, read_ahead};
use crate::store::PackStore;

/// Longest header of an entry, in bytes: ten for a length, and a base's id.
const ENTRY_HEADER_LEN_MAX: u64 = 32;

/// The entries that an object is made of, the whole one last.
struct Chain<'c, S> {
    catalog: &'c LoadedCatalog<'c, S>,
    places: Vec<Place>,
    /// Bytes so far, of all entries.
    inflated: Cell<u64>,
}

/// An object in the making.
pub(super) enum Source<'c, S> {
    Whole(Box<Inflating<'c, S>>),
    Delta(Box<Applying<'c, S>>),
}

impl<'c, S: PackStore> Source<'c, S> {
    /// Begins to make an object; `None` when it takes more deltas than may be held at once.
    pub(super) async fn open(catalog: &'c LoadedCatalog<'c, S>, place: Place) -> Result<Option<Self>, Failure> {
        let places = catalog.chain(place)?;
        if places.len() > LARGE_DELTAS_MAX + 1 {
            return Ok(None);
        }
        Self::open_link(Rc::new(Chain { catalog, places, inflated: Cell::new(0) }), 0).await.map(Some)
    }

    async fn open_link(chain: Rc<Chain<'c, S>>, link: usize) -> Result<Self, Failure> {
        let inflating = Inflating::open(Rc::clone(&chain), link).await?;
        let Some(&base) = chain.places.get(link + 1) else { return Ok(Self::Whole(Box::new(inflating))) };
        let entry = chain.catalog.packs.entry(base);
        let base_len = entry.ok_or_else(|| Failure::shape("a base", format_args!("{base:?}")))?.object_len;
        let delta = LargeDelta::new(base_len);
        Ok(Self::Delta(Box::new(Applying { chain, link, inflating, delta, base: None })))
    }

    /// The bytes that follow, not empty; `None` after the last.
    pub(super) fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, Failure>> {
        match self {
            Self::Whole(inflating) => inflating.next().boxed_local(),
            Self::Delta(applying) => applying.next().boxed_local(),
        }
    }
}

/// What an entry holds, inflated from front to back.
pub(super) struct Inflating<'c, S> {
    chain: Rc<Chain<'c, S>>,
    stored: Reader<LocalBoxStream<'c, Read>>,
    pack: usize,
    /// What has not been read yet.
    range: Range<u64>,
    inflater: DataInflater,
    /// What has been read, and how much of it has been used.
    input: (Vec<u8>, usize),
    is_over: bool,
}

impl<'c, S: PackStore> Inflating<'c, S> {
    async fn open(chain: Rc<Chain<'c, S>>, link: usize) -> Result<Self, Failure> {
        let catalog = chain.catalog;
        let missing = || Failure::shape("a link of a chain", link);
        let place = chain.places.get(link).copied().ok_or_else(missing)?;
        let mut range = catalog.entry_range(place)?;
        let mut start = Vec::new();
        for piece in
            catalog.read_kept(place.pack, range.start..range.end.min(range.start + ENTRY_HEADER_LEN_MAX)).await?
        {
            piece.append_to(&mut start);
        }
        let Ok(Decoded::Value(header, header_len)) = decode_entry_header(&start) else {
            return Err(Failure::shape("an entry", format_args!("{place:?}")));
        };
        let mut inflater = DataInflater::default();
        inflater.begin_streamed(range.start, header.inflated_len);
        range.start += header_len as u64;
        let mut extents = Extents::new();
        extents.add(place.pack, range.clone());
        let stored = Reader::new(read_ahead(catalog, extents).boxed_local());
        Ok(Self { chain, stored, pack: place.pack, range, inflater, input: (Vec::new(), 0), is_over: false })
    }

    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut inflated = Vec::new();
        while !self.is_over && inflated.len() < INFLATED_STRETCH_LEN {
            let (input, used) = &mut self.input;
            let before = inflated.len();
            let fed = self
                .inflater
                .feed(input.get(*used..).unwrap_or_default(), &mut |bytes| inflated.extend_from_slice(bytes));
            let (n_used, is_whole) = fed.map_err(|error| Failure::shape("a stored entry that inflates", error))?;
            *used += n_used;
            self.is_over = is_whole;
            if !is_whole && inflated.len() == before && *used == input.len() {
                if self.range.is_empty() {
                    return Err(Failure::shape("an entry that is whole", format_args!("{:?}", self.range)));
                }
                *input = self.stored.next(self.pack, &mut self.range, SEND_LEN).await?.to_vec();
                *used = 0;
            }
        }
        let all = self.chain.inflated.get() + inflated.len() as u64;
        self.chain.inflated.set(all);
        if all > LARGE_INFLATED_MAX {
            let what = "bytes inflated for one object";
            return Err(Failure::Range { what, value: all, max: LARGE_INFLATED_MAX });
        }
        Ok((!inflated.is_empty()).then_some(inflated))
    }
}

/// A delta that is being applied.
pub(super) struct Applying<'c, S> {
    chain: Rc<Chain<'c, S>>,
    link: usize,
    inflating: Inflating<'c, S>,
    delta: LargeDelta,
    base: Option<Base<'c, S>>,
}

/// A base in the making, and its last stretch.
struct Base<'c, S> {
    source: Source<'c, S>,
    stretch: Vec<u8>,
    /// Where the stretch begins.
    at: u64,
}

impl<S: PackStore> Applying<'_, S> {
    async fn next(&mut self) -> Result<Option<Vec<u8>>, Failure> {
        let mut result = Vec::new();
        loop {
            let wants = self.delta.run(&mut result);
            match wants.map_err(|error| Failure::shape("a stored delta that applies", error))? {
                Wants::Delta => match self.inflating.next().await? {
                    Some(bytes) => self.delta.push_delta(&bytes),
                    None => return Err(Failure::shape("a delta that is whole", self.link)),
                },
                Wants::Base { offset, len } => {
                    let window = self.window(offset, len).await?;
                    self.delta.set_window(offset, window);
                }
                Wants::Room => return Ok(Some(result)),
                Wants::Nothing => return Ok((!result.is_empty()).then_some(result)),
            }
        }
    }

    /// A part of the base.
    async fn window(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, Failure> {
        let mut window = Vec::new();
        let mut base = if let Some(base) = self.base.take().filter(|base| base.at <= offset) {
            base
        } else {
            let source = Source::open_link(Rc::clone(&self.chain), self.link + 1).boxed_local().await?;
            Base { source, stretch: Vec::new(), at: 0 }
        };
        loop {
            let wanted_at = offset + window.len() as u64;
            let start = usize::try_from(wanted_at - base.at).unwrap_or(usize::MAX);
            let there = base.stretch.get(start..).unwrap_or_default();
            window.extend_from_slice(there.get(..len - window.len()).unwrap_or(there));
            if window.len() == len {
                self.base = Some(base);
                return Ok(window);
            }
            base.at += base.stretch.len() as u64;
            let more = base.source.next().await?;
            base.stretch = more.ok_or_else(|| Failure::shape("a base that is whole", self.link + 1))?;
        }
    }
}
