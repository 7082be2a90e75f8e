//! Another Git server, asked: its refs, and answers that hold packs. Redirects of the first question are followed, and decide
//! where the others go, as with git (`http.followRedirects=initial`).

use git_core::ObjectId;
use git_core::protocol::client::{
    Capabilities, Discovery, DiscoveryResponse, FetchRequest, LsRefsRequest, LsRefsResponse, RemoteError, RemoteLimits,
    RemoteRefs,
};
use git_core::protocol::{Service, Version};

use super::fault::ImportFault;
use crate::body::{Body, BodyError};
use crate::config::{
    AGENT, IMPORT_REDIRECTS_MAX, IMPORT_REFS_LEN_MAX, IMPORT_REFS_MAX, IMPORT_SHALLOW_MAX, IMPORT_TEXT_LEN_MAX,
    REF_NAME_LEN_MAX,
};
use crate::remote::{Remote, RemoteAnswer, RemoteRequest, RemoteStatus, RemoteUrl, UrlFault};
use crate::time;

const LIMITS: RemoteLimits = RemoteLimits {
    n_refs_max: IMPORT_REFS_MAX,
    ref_name_len_max: REF_NAME_LEN_MAX,
    n_shallow_max: IMPORT_SHALLOW_MAX,
    text_len_max: IMPORT_TEXT_LEN_MAX,
};

const VERSION_2: &str = "version=2";
/// What of a server's refs can be imported; a server of version 0 tells all.
const PREFIXES: [&str; 3] = ["refs/heads/", "refs/tags/", "refs/notes/"];

/// A server that has told what it can do and which refs it has.
pub(super) struct Upstream<'a, R> {
    remote: &'a R,
    /// Where it has sent us.
    url: RemoteUrl,
    pub(super) capabilities: Capabilities,
    pub(super) refs: RemoteRefs,
    /// Commits at which its own history ends, as far as it told: in version 2 it tells them with the pack.
    pub(super) shallow: Vec<ObjectId>,
    patience_ms: u64,
}

/// How long a server is waited for, in milliseconds.
#[derive(Debug, Clone, Copy)]
pub(super) struct Patience {
    /// For its answers to begin, and for each of their pieces.
    pub(super) silence_ms: u64,
    /// For all that it tells of its refs: one that sends a little at a time is never silent.
    pub(super) refs_ms: u64,
}

impl<'a, R: Remote> Upstream<'a, R> {
    /// Asks a server for its refs.
    pub(super) async fn open(remote: &'a R, url: &RemoteUrl, patience: Patience) -> Result<Self, ImportFault> {
        let told = time::in_time(Self::told(remote, url, patience.silence_ms), remote.wait(patience.refs_ms)).await;
        told.unwrap_or_else(|| {
            let seconds = patience.refs_ms / 1000;
            Err(ImportFault::Unavailable(format!("the remote took longer than {seconds} seconds to tell its refs")))
        })
    }

    async fn told(remote: &'a R, url: &RemoteUrl, patience_ms: u64) -> Result<Self, ImportFault> {
        let (url, told) = discover(remote, url.clone(), patience_ms).await?;
        let Discovery { capabilities, refs, shallow } = told;
        let mut upstream = Self { remote, url, capabilities, refs: RemoteRefs::default(), shallow, patience_ms };
        upstream.refs = match refs {
            Some(refs) => refs,
            None => upstream.list().await?,
        };
        Ok(upstream)
    }

    async fn list(&self) -> Result<RemoteRefs, ImportFault> {
        let mut request = Vec::new();
        LsRefsRequest { prefixes: &PREFIXES }.write(&mut request, &self.capabilities, AGENT);
        let mut body = self.post(&request).await?;
        let mut response = LsRefsResponse::new(LIMITS);
        read_refs(&mut body, |piece| response.push(piece)).await?;
        Ok(response.finish()?)
    }

    /// Asks for a pack; the answer is to be read as the request says.
    pub(super) async fn fetch(&self, request: &FetchRequest<'_>) -> Result<R::Body, ImportFault> {
        let mut body = Vec::new();
        request.write(&mut body, &self.capabilities, AGENT)?;
        self.post(&body).await
    }

    async fn post(&self, body: &[u8]) -> Result<R::Body, ImportFault> {
        let is_version_2 = self.capabilities.version == Version::V2;
        let request = RemoteRequest {
            url: &self.url.upload_pack(),
            body: Some(body),
            service: Service::UploadPack.name(),
            git_protocol: is_version_2.then_some(VERSION_2),
            patience_ms: self.patience_ms,
        };
        let RemoteAnswer { status, body, .. } = self.remote.ask(&request).await?;
        match ImportFault::of_status(status) {
            None if status == RemoteStatus::Ok => Ok(body),
            None => Err(ImportFault::Unavailable("the remote redirects what it was asked second".into())),
            Some(fault) => Err(fault),
        }
    }
}

/// The answer to the first question, and where it came from in the end.
async fn discover<R: Remote>(
    remote: &R,
    mut url: RemoteUrl,
    patience_ms: u64,
) -> Result<(RemoteUrl, Discovery), ImportFault> {
    for _ in 0..=IMPORT_REDIRECTS_MAX {
        let request = RemoteRequest {
            url: &url.info_refs(),
            body: None,
            service: Service::UploadPack.name(),
            git_protocol: Some(VERSION_2),
            patience_ms,
        };
        let RemoteAnswer { status, location, mut body } = remote.ask(&request).await?;
        if let Some(fault) = ImportFault::of_status(status) {
            return Err(fault);
        }
        if status == RemoteStatus::Redirect {
            let location = location.unwrap_or_default();
            url = url.redirected(&location, remote.allows_insecure()).map_err(redirect)?;
            continue;
        }
        let mut response = DiscoveryResponse::new(LIMITS);
        read_refs(&mut body, |piece| response.push(piece)).await?;
        return Ok((url, response.finish()?));
    }
    Err(ImportFault::Unavailable(format!("the remote redirects more than {IMPORT_REDIRECTS_MAX} times")))
}

/// Reads an answer that tells refs, of which no more is held than they take.
async fn read_refs(
    body: &mut impl Body,
    mut take: impl FnMut(&[u8]) -> Result<(), RemoteError>,
) -> Result<(), ImportFault> {
    let (mut piece, mut n_left) = (Vec::new(), IMPORT_REFS_LEN_MAX);
    while body.read(&mut piece).await.map_err(|error| broken(&error))? {
        n_left = n_left.checked_sub(piece.len()).ok_or_else(too_many)?;
        take(&piece)?;
    }
    Ok(())
}

/// A page to log in at is how some servers say that they have no such repository for everybody.
fn redirect(fault: UrlFault) -> ImportFault {
    ImportFault::Url(UrlFault::Redirect(Box::new(fault)))
}

fn too_many() -> ImportFault {
    ImportFault::Unsound(format!("the remote's refs take more than {IMPORT_REFS_LEN_MAX} bytes"))
}

/// An answer that broke off.
pub(super) fn broken(error: &BodyError) -> ImportFault {
    ImportFault::Unavailable(match error {
        BodyError::Unreadable(cause) => format!("the remote's answer broke off: {cause}"),
        BodyError::TooLong { len_max } => format!("the remote's answer is longer than {len_max} bytes"),
    })
}
