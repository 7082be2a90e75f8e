//! Objects that are too large to hold, made from the first byte to the last.
//!
//! A delta copies from anywhere in its base. What it copies is made from the base's first byte on, and made again when the
//! delta goes back, unless the base is held: which ones are, `plan` says.

use std::cell::RefCell;
use std::collections::HashMap;
use std::ops::Range;
use std::rc::Rc;

use futures_util::future::LocalBoxFuture;
use futures_util::stream::LocalBoxStream;
use futures_util::{FutureExt, StreamExt};
use git_core::pack::catalog::Place;
use git_core::pack::copies::Copies;
use git_core::pack::entry::{Decoded, decode_entry_header};
use git_core::pack::inflate::DataInflater;
use git_core::pack::large::{LargeDelta, Wants};

use super::plan::{Link, Plan};
use super::share::Share;
use crate::config::{HELD_WINDOW_LEN, INFLATED_STRETCH_LEN, SEND_LEN};
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
    plan: Plan,
    /// The objects of links that are held, once they have been made.
    held: RefCell<HashMap<usize, Rc<Vec<u8>>>>,
    share: Share,
}

impl<S: PackStore> Chain<'_, S> {
    fn object_len(&self, link: usize) -> Result<u64, Failure> {
        let entry = self.places.get(link).and_then(|&place| self.catalog.packs.entry(place));
        Ok(entry.ok_or_else(|| Failure::shape("a link of a chain", link))?.object_len)
    }
}

/// What making an object takes: the deltas of its chain are read for it, and nothing else.
pub(super) async fn survey<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    places: &[Place],
) -> Result<Vec<Link>, Failure> {
    let mut links = Vec::new();
    for (at, &place) in places.iter().enumerate() {
        let len_of = |place| catalog.packs.entry(place).map(|entry| entry.object_len);
        let object_len = len_of(place).ok_or_else(|| Failure::shape("an object", format_args!("{place:?}")))?;
        links.push(match places.get(at + 1).and_then(|&base| len_of(base)) {
            None => Link { data_len: object_len, object_len, passes: None },
            Some(base_len) => {
                let (mut copies, mut data_len) = (Copies::new(base_len), 0);
                let mut delta = Inflating::open(catalog, place).await?;
                while let Some(bytes) = delta.next().await? {
                    data_len += bytes.len() as u64;
                    copies.push(&bytes).map_err(|error| Failure::shape("a stored delta that applies", error))?;
                }
                Link { data_len, object_len, passes: Some(copies.passes()) }
            }
        });
    }
    Ok(links)
}

/// An object in the making.
pub(super) struct Source<'c, S> {
    chain: Rc<Chain<'c, S>>,
    making: Making<'c, S>,
}

enum Making<'c, S> {
    Whole(Box<Inflating<'c>>),
    Delta(Box<Applying<'c, S>>),
}

impl<'c, S: PackStore> Source<'c, S> {
    /// Begins to make the object at the top of a chain. The share is for what is held, and goes with it.
    pub(super) async fn open(
        catalog: &'c LoadedCatalog<'c, S>,
        places: Vec<Place>,
        plan: Plan,
        share: Share,
    ) -> Result<Self, Failure> {
        Self::open_link(Rc::new(Chain { catalog, places, plan, held: RefCell::default(), share }), 0).await
    }

    async fn open_link(chain: Rc<Chain<'c, S>>, link: usize) -> Result<Self, Failure> {
        let place = chain.places.get(link).copied().ok_or_else(|| Failure::shape("a link of a chain", link))?;
        let inflating = Inflating::open(chain.catalog, place).await?;
        let making = if link + 1 < chain.places.len() {
            let delta = LargeDelta::new(chain.object_len(link + 1)?);
            Making::Delta(Box::new(Applying { chain: Rc::clone(&chain), link, inflating, delta, base: None }))
        } else {
            Making::Whole(Box::new(inflating))
        };
        Ok(Self { chain, making })
    }

    /// The bytes that follow, not empty; `None` after the last.
    pub(super) fn next(&mut self) -> LocalBoxFuture<'_, Result<Option<Vec<u8>>, Failure>> {
        self.chain.share.go_on();
        match &mut self.making {
            Making::Whole(inflating) => inflating.next().boxed_local(),
            Making::Delta(applying) => applying.next().boxed_local(),
        }
    }
}

/// What an entry holds, inflated from front to back.
struct Inflating<'c> {
    stored: Reader<LocalBoxStream<'c, Read>>,
    pack: usize,
    /// What has not been read yet.
    range: Range<u64>,
    inflater: DataInflater,
    /// What has been read, and how much of it has been used.
    input: (Vec<u8>, usize),
    is_over: bool,
}

impl<'c> Inflating<'c> {
    async fn open<S: PackStore>(catalog: &'c LoadedCatalog<'_, S>, place: Place) -> Result<Self, Failure> {
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
        Ok(Self { stored, pack: place.pack, range, inflater, input: (Vec::new(), 0), is_over: false })
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
        Ok((!inflated.is_empty()).then_some(inflated))
    }
}

/// A delta that is being applied.
struct Applying<'c, S> {
    chain: Rc<Chain<'c, S>>,
    link: usize,
    inflating: Inflating<'c>,
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

impl<'c, S: PackStore> Applying<'c, S> {
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

    /// A part of the base: of one that is held less than was asked for, if need be.
    async fn window(&mut self, offset: u64, len: usize) -> Result<Vec<u8>, Failure> {
        if self.chain.plan.is_held.get(self.link + 1) == Some(&true) {
            let base = self.held_base().await?;
            let start = usize::try_from(offset).unwrap_or(usize::MAX);
            let window = base.get(start..).unwrap_or_default();
            return Ok(window.get(..len.min(HELD_WINDOW_LEN)).unwrap_or(window).to_vec());
        }
        let mut window = Vec::with_capacity(len);
        let mut base = match self.base.take().filter(|base| base.at <= offset) {
            Some(base) => base,
            None => Base { source: self.open_base().await?, stretch: Vec::new(), at: 0 },
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

    fn open_base(&self) -> LocalBoxFuture<'_, Result<Source<'c, S>, Failure>> {
        Source::open_link(Rc::clone(&self.chain), self.link + 1).boxed_local()
    }

    /// The whole base, made when it is first asked for.
    async fn held_base(&self) -> Result<Rc<Vec<u8>>, Failure> {
        let link = self.link + 1;
        let held = self.chain.held.borrow().get(&link).cloned();
        if let Some(held) = held {
            return Ok(held);
        }
        // The plan holds none that is longer than may be held.
        let len = usize::try_from(self.chain.object_len(link)?).unwrap_or(usize::MAX);
        let (mut base, mut source) = (Vec::with_capacity(len), self.open_base().await?);
        while let Some(bytes) = source.next().await? {
            base.extend_from_slice(&bytes);
        }
        let base = Rc::new(base);
        self.chain.held.borrow_mut().insert(link, Rc::clone(&base));
        Ok(base)
    }
}
