//! A fetch, read top to bottom: the request, what is common, which objects, the bytes.

mod digest;
mod frame;
mod select;
mod send;

use std::fmt;

use git_core::ObjectId;
use git_core::pkt_line::write_err;
use git_core::protocol::fetch::FetchRequest;
use git_core::walk::all_reach;
use wasm_bindgen::JsValue;

#[cfg(test)]
pub(crate) use self::frame::MemorySink;
pub(crate) use self::frame::Sink;
use super::catalog::LoadedCatalog;
use crate::durable::Failure;
use crate::repo::Opened;
use crate::store::PackStore;

/// The client went away, or its stream was closed: there is nobody left to answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Gone(pub(crate) String);

impl From<JsValue> for Gone {
    fn from(error: JsValue) -> Self {
        Self(format!("{error:?}"))
    }
}

/// Why an answer was not sent to its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Unsent {
    Gone(Gone),
    Failed(Failure),
}

impl From<Failure> for Unsent {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl fmt::Display for Unsent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Gone(Gone(cause)) => write!(f, "the client went away during a fetch: {cause}"),
            Self::Failed(failure) => failure.fmt(f),
        }
    }
}

/// Answers a fetch request into `sink`: acknowledgements, and the pack when it follows.
pub(crate) async fn upload_pack<S: PackStore, K: Sink>(
    opened: &Opened,
    store: &S,
    request: &FetchRequest,
    sink: &mut K,
) -> Result<(), Unsent> {
    if request.is_empty() {
        return Ok(());
    }
    let catalog = LoadedCatalog::load(opened, store).await?;
    if let Some(missing) = request.wants.iter().find(|&&id| catalog.packs.find(id).is_none()) {
        return refuse(*missing, sink).await;
    }
    let is_common = |id: &ObjectId| catalog.packs.find(*id).is_some();
    let answer = request.answer(is_common, |common| all_reach(&catalog.packs, &request.wants, common));
    if !answer.bytes.is_empty() {
        sink.write(answer.bytes.into()).await?;
    }
    if !answer.pack_follows {
        return Ok(());
    }
    let (plan, options) = select::select(&catalog, request, &opened.snapshot.refs).await?;
    send::send(&catalog, &plan, options, request.side_band, sink).await
}

async fn refuse<K: Sink>(missing: ObjectId, sink: &mut K) -> Result<(), Unsent> {
    let mut answer = Vec::new();
    write_err(&mut answer, &format!("upload-pack: not our ref {missing}"));
    Ok(sink.write(answer.into()).await?)
}
