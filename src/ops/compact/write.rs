//! The new pack on its way to R2, and its index.

use git_core::pack::index::{self, PackIndex, Ref};
use git_core::pack::merge::STORED;
use git_core::pack::select::Plan;

use super::gather::{Gathered, gather};
use crate::config::{GATHER_LIMITS, SEGMENT_LEN};
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::sink::{Gone, Sink, Unsent};
use crate::ops::upload::{Upload, Uploaded};
use crate::ops::upload_pack::{Written, write_pack};
use crate::repo::call::PackInfo;
use crate::store::bytes::Bytes;
use crate::store::{PackStore, keys};

/// A pack that was made of others.
pub(super) struct Made {
    pub(super) info: PackInfo,
    /// Pack and index, when they are small enough to live in the catalog's row; else they are in R2.
    small: Option<(Vec<u8>, Vec<u8>)>,
}

impl Made {
    /// Pack and index, when they live in the catalog's row.
    pub(super) fn inline(&self) -> Option<(&[u8], &[u8])> {
        self.small.as_ref().map(|(pack, index)| (pack.as_slice(), index.as_slice()))
    }
}

/// The pack being written, as a sink.
struct Segments<'a, S>(Upload<'a, S>);

impl<S: PackStore> Sink for Segments<'_, S> {
    async fn write(&mut self, bytes: Bytes) -> Result<(), Gone> {
        self.0.add_bytes(&bytes).await.map_err(|failure| Gone(failure.to_string()))
    }
}

/// Writes the planned pack below an upload. None when it would be empty.
pub(super) async fn write<S: PackStore>(
    catalog: &LoadedCatalog<'_, S>,
    store: &S,
    plan: &Plan,
    (repo_id, upload_id): (&str, &str),
) -> Result<Option<Made>, Failure> {
    if plan.n_objects == 0 {
        return Ok(None);
    }
    let Gathered { stretches, part_keys } = gather(catalog, store, plan, (repo_id, upload_id), GATHER_LIMITS).await?;
    let mut segments = Segments(Upload::new(store, repo_id, upload_id));
    let written = write_pack(catalog, plan, STORED, stretches, &mut segments).await;
    let Written { layout, len, trailer } = match written {
        Ok(written) => written,
        Err(unsent) => {
            segments.0.abandon().await;
            return Err(failure(unsent));
        }
    };
    let uploaded = segments.0.finish().await?;
    store.delete(part_keys).await?;
    let index =
        index::merge(&catalog.packs, plan, &layout).ok_or_else(|| Failure::shape("an index", "a hole in it"))?;
    let mut info = PackInfo {
        format: index::FORMAT,
        n_objects: u64::from(plan.n_objects),
        pack_len: len,
        index_len: index.len() as u64,
        segment_len: SEGMENT_LEN as u64,
        trailer: trailer.to_hex(),
        thin: false,
    };
    let index = PackIndex::parse(index).map_err(|error| Failure::shape("an index", error))?;
    let base = |number| index.entry(number).and_then(|entry| entry.base);
    info.thin = (0..index.n_objects()).any(|number| matches!(base(number), Some(Ref::Outside(_))));
    let index = index.into_bytes();
    match uploaded {
        Uploaded::Small(pack) if catalog.has_inline_room(info.pack_len + info.index_len) => {
            info.segment_len = 0;
            return Ok(Some(Made { info, small: Some((pack.to_vec(), index)) }));
        }
        Uploaded::Small(pack) => store.put(&keys::segment(repo_id, upload_id, 0), pack).await?,
        Uploaded::Stored => {}
    }
    store.put(&keys::index(repo_id, upload_id), Bytes::from(index)).await?;
    Ok(Some(Made { info, small: None }))
}

fn failure(unsent: Unsent) -> Failure {
    match unsent {
        Unsent::Failed(failure) | Unsent::Told(failure) => failure,
        Unsent::Gone(Gone(cause)) => Failure::Platform(cause),
        Unsent::NotBegun => Failure::Platform(unsent.to_string()),
    }
}
