//! A pack on the last part of its way: what is not stored of it yet is, before a row names it.

use super::ingest::{Index, Ingested};
use crate::config::SEGMENT_LEN;
use crate::durable::Failure;
use crate::ops::catalog::LoadedCatalog;
use crate::ops::upload::Uploaded;
use crate::repo::call::NewPack;
use crate::store::{PackStore, keys};

/// A pack that has been checked, and may have to be entered more than once.
pub(crate) struct Storing {
    pub(crate) ingested: Ingested,
    has_index: bool,
}

/// A pack and its index that live in a row.
type Inline<'a> = (Vec<u8>, &'a [u8]);

impl Storing {
    pub(crate) fn new(ingested: Ingested) -> Self {
        Self { ingested, has_index: false }
    }

    /// Stores what is not stored yet. A small pack lives in the catalog's row while there is room, else in R2.
    pub(crate) async fn store<S: PackStore>(
        &mut self,
        store: &S,
        (repo_id, upload_id): (&str, &str),
        catalog: &LoadedCatalog<'_, S>,
    ) -> Result<(NewPack, Option<Inline<'_>>), Failure> {
        let Ingested { info, uploaded, index, .. } = &self.ingested;
        let is_small = matches!((uploaded, index), (Uploaded::Small(_), Index::Whole(_)));
        let is_inline = is_small && catalog.has_inline_room(info.pack_len + info.index_len);
        if !is_inline {
            self.store_apart(store, (repo_id, upload_id)).await?;
        }
        let Ingested { info, uploaded, index, .. } = &self.ingested;
        let inline = match (uploaded, index) {
            (Uploaded::Small(pack), Index::Whole(index)) => Some((pack.to_vec(), index.as_slice())),
            _ => None,
        };
        Ok((NewPack { pack: info.clone(), inline: is_inline }, inline))
    }

    async fn store_apart(&mut self, store: &impl PackStore, (repo_id, upload_id): (&str, &str)) -> Result<(), Failure> {
        let Ingested { info, uploaded, index, .. } = &mut self.ingested;
        if let Uploaded::Small(pack) = uploaded {
            info.segment_len = SEGMENT_LEN as u64;
            store.put(&keys::segment(repo_id, upload_id, 0), pack.clone()).await?;
            *uploaded = Uploaded::Stored;
        }
        if !self.has_index {
            let made = std::mem::replace(index, Index::Whole(Vec::new()));
            made.store(store, &keys::index(repo_id, upload_id), info.index_len).await?;
            self.has_index = true;
        }
        Ok(())
    }
}
