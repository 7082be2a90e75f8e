//! How large objects are: from the indexes alone, no pack is read.

use git_core::protocol::object_info::ObjectInfo;

use super::catalog::LoadedCatalog;
use crate::durable::Failure;
use crate::repo::Opened;
use crate::store::PackStore;

/// The answer to an `object-info` request.
pub(crate) async fn object_info<S: PackStore>(
    opened: &Opened,
    store: &S,
    request: &ObjectInfo,
) -> Result<Vec<u8>, Failure> {
    let packs = LoadedCatalog::load(opened, store).await?.packs;
    let mut answer = Vec::new();
    request.answer(&mut answer, |id| packs.entry(packs.find(id)?).map(|entry| entry.object_len));
    Ok(answer)
}
