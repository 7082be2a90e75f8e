//! A pack on its way from another server to R2. Nothing of it is looked at: that is another step, which asks nobody.

use git_core::ObjectId;
use git_core::protocol::client::{Event, FetchRequest, FetchResponse};

use super::fault::ImportFault;
use super::upstream::{Upstream, broken};
use crate::body::Body;
use crate::config::{IMPORT_DOWNLOAD_MS, IMPORT_SHALLOW_MAX, IMPORT_TEXT_LEN_MAX, IMPORT_WANTED_MS};
use crate::durable::Failure;
use crate::ops::storage::Room;
use crate::ops::upload::{Upload, Uploaded};
use crate::remote::Remote;
use crate::store::PackStore;

/// A pack that has come whole, as far as framing tells.
pub(super) struct Downloaded {
    pub(super) uploaded: Uploaded,
    pub(super) pack_len: u64,
    /// Commits whose parents are not sent.
    pub(super) shallow: Vec<ObjectId>,
}

/// What a download is told meanwhile.
pub(super) struct Course<N, W> {
    pub(super) room: Room,
    /// Unix milliseconds.
    pub(super) now: N,
    /// Whether somebody still wants it: the repo may have been deleted.
    pub(super) is_wanted: W,
}

/// Fetches a pack. Outside: storing it failed.
pub(super) async fn download<R: Remote, S: PackStore>(
    upstream: &Upstream<'_, R>,
    request: &FetchRequest<'_>,
    mut upload: Upload<'_, S>,
    course: Course<impl Fn() -> u64, impl AsyncFn() -> bool>,
) -> Result<Result<Downloaded, ImportFault>, Failure> {
    let came = receive(upstream, request, &mut upload, course).await?;
    match came {
        Ok((pack_len, shallow)) => Ok(Ok(Downloaded { uploaded: upload.finish().await?, pack_len, shallow })),
        Err(fault) => {
            upload.abandon().await;
            Ok(Err(fault))
        }
    }
}

async fn receive<R: Remote, S: PackStore>(
    upstream: &Upstream<'_, R>,
    request: &FetchRequest<'_>,
    upload: &mut Upload<'_, S>,
    Course { room, now, is_wanted }: Course<impl Fn() -> u64, impl AsyncFn() -> bool>,
) -> Result<Result<(u64, Vec<ObjectId>), ImportFault>, Failure> {
    let began = now();
    let mut asked_at = began;
    let mut body = match upstream.fetch(request).await {
        Ok(body) => body,
        Err(fault) => return Ok(Err(fault)),
    };
    let mut response = FetchResponse::new(request, &upstream.capabilities, IMPORT_TEXT_LEN_MAX);
    let (mut piece, mut pack_len, mut shallow) = (Vec::new(), 0, upstream.shallow.clone());
    loop {
        match body.read(&mut piece).await {
            Ok(true) => {}
            Ok(false) => break,
            Err(error) => return Ok(Err(broken(&error))),
        }
        if now().saturating_sub(began) > IMPORT_DOWNLOAD_MS {
            let minutes = IMPORT_DOWNLOAD_MS / 60_000;
            return Ok(Err(ImportFault::Unavailable(format!("the remote took longer than {minutes} minutes"))));
        }
        if now().saturating_sub(asked_at) > IMPORT_WANTED_MS {
            if !is_wanted().await {
                return Ok(Err(ImportFault::Unwanted));
            }
            asked_at = now();
        }
        let mut rest = &piece[..];
        loop {
            match response.read(&mut rest) {
                Ok(None) => break,
                Ok(Some(Event::PackData(bytes))) => {
                    pack_len += bytes.len() as u64;
                    if let Err(limit) = room.admit(pack_len) {
                        return Ok(Err(ImportFault::Storage(limit)));
                    }
                    upload.add(bytes).await?;
                }
                Ok(Some(Event::Shallow(id))) if shallow.len() < IMPORT_SHALLOW_MAX => shallow.push(id),
                Ok(Some(Event::Shallow(_))) => {
                    let what = format!("the remote's history ends at more than {IMPORT_SHALLOW_MAX} commits");
                    return Ok(Err(ImportFault::Unsound(what)));
                }
                Ok(Some(Event::Unshallow(_) | Event::Progress(_))) => {}
                Err(error) => return Ok(Err(error.into())),
            }
        }
    }
    Ok(response.finish().map(|()| (pack_len, shallow)).map_err(Into::into))
}
