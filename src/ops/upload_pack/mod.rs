//! A fetch, read top to bottom: the request, what is common, which objects, the bytes.

mod digest;
mod frame;
mod read;
mod select;
mod send;
mod trailers;
mod trees;

use std::fmt;

use git_core::ObjectId;
use git_core::pack::select::{Plan, SendOptions};
use git_core::pkt_line::write_err;
use git_core::protocol::fetch::FetchRequest;
use git_core::refs::HEAD;
use git_core::walk::{all_reach, deepen};
use wasm_bindgen::JsValue;

#[cfg(test)]
pub(crate) use self::frame::MemorySink;
pub(crate) use self::frame::Sink;
pub(super) use self::send::{Written, write_pack};
pub(super) use self::trees::add_below;
use super::catalog::LoadedCatalog;
use crate::durable::Failure;
use crate::repo::Opened;
use crate::repo::call::RefRow;
use crate::store::PackStore;

/// Whoever takes the bytes takes no more: the client went away, or its stream was closed.
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
    /// Nobody has been told.
    Failed(Failure),
    /// The client has been told, in a packet that ends the answer for it.
    Told(Failure),
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
            Self::Failed(failure) | Self::Told(failure) => failure.fmt(f),
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
    let prepared = match prepare(opened, store, request).await {
        Ok(prepared) => prepared,
        Err(failure) => {
            refuse("internal error", sink).await?;
            return Err(Unsent::Told(failure));
        }
    };
    match prepared {
        Prepared::Refused(reason) => refuse(&reason, sink).await,
        Prepared::Answer(answer) => Ok(sink.write(answer.into()).await?),
        Prepared::Pack { answer, catalog, plan, options } => {
            sink.write(answer.into()).await?;
            send::send(&catalog, &plan, options, request.side_band, sink).await
        }
    }
}

/// What is known before the first byte is sent.
enum Prepared<'a, S> {
    /// What is wanted cannot be had, in words.
    Refused(String),
    /// Acknowledgements alone.
    Answer(Vec<u8>),
    /// Acknowledgements, and the pack after them.
    Pack { answer: Vec<u8>, catalog: LoadedCatalog<'a, S>, plan: Plan, options: SendOptions },
}

async fn prepare<'a, S: PackStore>(
    opened: &Opened,
    store: &'a S,
    request: &FetchRequest,
) -> Result<Prepared<'a, S>, Failure> {
    let catalog = LoadedCatalog::load(opened, store).await?;
    if let Some(missing) = request.wants.iter().find(|&&id| catalog.packs.find(id).is_none()) {
        return Ok(Prepared::Refused(format!("upload-pack: not our ref {missing}")));
    }
    let not = match excluded(request, &opened.snapshot.refs, &opened.snapshot.default_branch) {
        Ok(not) => not,
        Err(reason) => return Ok(Prepared::Refused(reason)),
    };
    let Some(boundary) = deepen(&catalog.packs, &request.wants, &request.depth, &not) else {
        return Ok(Prepared::Refused("no commits selected for shallow requests".to_owned()));
    };
    let is_common = |id: &ObjectId| catalog.packs.find(*id).is_some();
    let answer =
        request.answer(&boundary.update, is_common, |common| all_reach(&catalog.packs, &request.wants, common));
    if !answer.pack_follows {
        return Ok(Prepared::Answer(answer.bytes));
    }
    let (plan, options) = select::select(&catalog, request, &boundary, &opened.snapshot.refs).await?;
    Ok(Prepared::Pack { answer: answer.bytes, catalog, plan, options })
}

/// The tips of the histories that the client does not want: refs by the names that gitrevisions(7) allows.
fn excluded(request: &FetchRequest, refs: &[RefRow], default_branch: &str) -> Result<Vec<ObjectId>, String> {
    let by_name = |name: String| refs.binary_search_by(|row| row.name.cmp(&name)).ok().and_then(|at| refs.get(at));
    let find = |name: &str| {
        let prefixes = ["", "refs/", "refs/tags/", "refs/heads/", "refs/remotes/"];
        let row = prefixes.iter().find_map(|prefix| by_name(format!("{prefix}{name}")))?;
        ObjectId::from_hex(row.id.as_bytes()).ok()
    };
    let head = format!("refs/heads/{default_branch}");
    let names = request.depth.not.iter().map(|name| String::from_utf8_lossy(name));
    let names = names.map(|name| if name == HEAD { head.clone().into() } else { name });
    names.map(|name| find(&name).ok_or_else(|| format!("upload-pack: ambiguous deepen-not: {name}"))).collect()
}

async fn refuse<K: Sink>(reason: &str, sink: &mut K) -> Result<(), Unsent> {
    let mut answer = Vec::new();
    write_err(&mut answer, reason);
    Ok(sink.write(answer.into()).await?)
}
