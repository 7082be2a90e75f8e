//! Git over HTTP. Source: gitprotocol-http(5).

use std::rc::Rc;

use futures_util::future::join;
use git_core::ObjectId;
use git_core::pkt_line::write_err;
use git_core::protocol::command::Command;
use git_core::protocol::fetch::FetchRequest;
use git_core::protocol::object_info::ObjectInfo;
use git_core::protocol::{Ref, Refs, RequestLimits, Service, Version, advertise};
use worker::{Response, Url};

use super::answer::Answer;
use super::auth;
use super::route::{Endpoint, GitRoute};
use super::{Asking, serving, stream};
use crate::body::{self, Stopped};
use crate::config::{
    self, ACCOUNT_PATIENCE_MS, AGENT, Config, FETCH_BODY_LEN_MAX, FETCH_SHALLOW_MAX, HAVES_MAX, REF_PREFIXES_MAX,
    WANTS_MAX,
};
use crate::durable::Failure;
use crate::error::{Error, Success};
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::ops::object_info::object_info;
use crate::ops::receive_pack::{Beginning, Pushed, Receiving, receive_pack};
use crate::ops::storage::{self, Room};
use crate::ops::upload_pack::upload_pack;
use crate::rate_limit;
use crate::repo::Opened;
use crate::repo::call::{Refusal, Snapshot, View};
use crate::store::R2Packs;
use crate::stream_body::StreamBody;
use crate::time;
use crate::witness::FaultClass;

const REQUEST_LIMITS: RequestLimits = RequestLimits {
    n_wants_max: WANTS_MAX,
    n_haves_max: HAVES_MAX,
    n_shallow_max: FETCH_SHALLOW_MAX,
    n_ref_prefixes_max: REF_PREFIXES_MAX,
};

/// Answers a Git request, after its whole body has come: an answer before that would break the client's connection.
pub(crate) async fn serve(asking: &Asking<'_>, route: &GitRoute) -> Result<Response, Error> {
    let mut body = StreamBody::of_request(asking.request, &asking.witness.meter);
    let answered = answer(asking, route, &mut body).await;
    body::drain(&mut body).await;
    answered
}

async fn answer(asking: &Asking<'_>, route: &GitRoute, body: &mut StreamBody) -> Result<Response, Error> {
    let config = serving(asking.config)?;
    let namespace = NamespaceName::parse(&route.namespace).ok_or(Error::GitRepoName)?;
    let repo = RepoName::parse_in_remote(&route.repo).ok_or(Error::GitRepoName)?;
    let service = match route.endpoint {
        Endpoint::InfoRefs => service(asking.url)?,
        Endpoint::UploadPack => Service::UploadPack,
        Endpoint::ReceivePack => Service::ReceivePack,
        Endpoint::Other => return Err(Error::GitPath),
        Endpoint::WrongMethod { allow } => return Err(Error::MethodNotAllowed { allow }),
    };
    let token_sha256 = auth::repo_token(asking.header("authorization")?.as_deref())?.sha256();
    let repo_key = format!("{}/{}", namespace.key(), repo.key());
    if let Err(limited) = rate_limit::git(asking.env, &repo_key).await {
        if auth::has_opened(repo_key, token_sha256) {
            asking.witness.admitted();
        }
        return Err(limited);
    }
    let objects = asking.objects();
    let client = objects.repo(&namespace, &repo)?;
    let protocol = asking.header("git-protocol")?.unwrap_or_default();
    let version = Version::from_header(&protocol).for_service(service);
    let refused = |refusal| Error::Refused { repo: repo.to_string(), refusal };
    let open = async |view| {
        let opened = client.open(token_sha256.clone(), view).await?;
        if opened.as_ref().map_or_else(Refusal::is_to_an_owner, |_| true) {
            asking.witness.admitted();
            auth::opened(repo_key.clone(), token_sha256.clone());
        }
        if let Ok(opened) = &opened {
            asking.witness.about(&opened.snapshot.namespace, &opened.snapshot.name);
        }
        opened.map_err(refused)
    };
    // What is wrong with a request is said to those alone who may ask.
    match (route.endpoint, service) {
        (Endpoint::UploadPack, _) => {
            let asked = read_fetch(body, version).await;
            let opened = open(asked.as_ref().map_or(View::Refs, Asked::view)).await?;
            match asked {
                Err(Error::GitRequest(error)) if error.is_refusal() => {
                    let mut answer = Vec::new();
                    write_err(&mut answer, &error.refusal());
                    asking.witness.failed(FaultClass::Client, &error.refusal());
                    whole(asking, UPLOAD_PACK_RESULT.into(), answer)
                }
                asked => fetch(asking, opened, asked?).await,
            }
        }
        (Endpoint::ReceivePack, _) => {
            let beginning = Beginning::read(body).await;
            let view = beginning.as_ref().map_or(View::PushRefs, Beginning::view);
            let (opened, account_size) = join(open(view), account_size(asking, config, view)).await;
            let opened = opened?;
            let to = Receiving {
                repo: &client,
                store: &R2Packs::of_repo(asking.env, &asking.witness.meter, &namespace.to_string(), &repo.to_string())?,
                opened: &opened,
                token_sha256: &token_sha256,
                takes_shallow: config.receive_shallow_update,
                room: Room::of(config.storage, opened.snapshot.size(), account_size),
                witness: asking.witness,
            };
            match receive_pack(&to, beginning.map_err(Stopped::Body)?, body).await? {
                Pushed::Answer(answer) => whole(asking, "application/x-git-receive-pack-result".into(), answer),
                Pushed::Malformed(error) => Err(error.into()),
                Pushed::Refused(refusal) => Err(refused(refusal)),
            }
        }
        (_, Service::UploadPack) => advertise(asking, (service, version), &open(View::Refs).await?.snapshot),
        (_, Service::ReceivePack) => advertise(asking, (service, version), &open(View::PushRefs).await?.snapshot),
    }
}

/// What the account holds: asked beside the repo, and of no matter to who only looks whether a push may be.
async fn account_size(asking: &Asking<'_>, config: &Config, view: View) -> u64 {
    if view != View::Push {
        return 0;
    }
    let patience = time::sleep(ACCOUNT_PATIENCE_MS);
    storage::account_size(&asking.objects(), &config.account_id, time::now(), patience).await
}

fn service(url: &Url) -> Result<Service, Error> {
    let mut pairs = url.query_pairs();
    let name = pairs.find(|(name, _)| name == "service").map(|(_, service)| service.into_owned()).unwrap_or_default();
    Service::from_name(&name).ok_or(Error::GitService(name))
}

fn advertise(
    asking: &Asking<'_>,
    (service, version): (Service, Version),
    snapshot: &Snapshot,
) -> Result<Response, Error> {
    let mut answer = Vec::new();
    let shallow = snapshot.shallow_ids()?;
    with_refs(snapshot, |refs| advertise::write(&mut answer, (service, version), refs, &shallow, AGENT))?;
    whole(asking, format!("application/x-{}-advertisement", service.name()), answer)
}

/// What a POST to upload-pack asks for.
enum Asked {
    Nothing,
    LsRefs(git_core::protocol::ls_refs::LsRefs),
    Fetch(FetchRequest),
    ObjectInfo(ObjectInfo),
}

impl Asked {
    /// What the repo is to be opened for: whether the catalog is needed.
    fn view(&self) -> View {
        match self {
            Self::Nothing | Self::LsRefs(_) => View::Refs,
            Self::Fetch(_) | Self::ObjectInfo(_) => View::Fetch,
        }
    }
}

async fn read_fetch(body: &mut StreamBody, version: Version) -> Result<Asked, Error> {
    let request = body::read_whole(body, FETCH_BODY_LEN_MAX).await.map_err(Stopped::Body)?;
    if version != Version::V2 {
        return Ok(Asked::Fetch(FetchRequest::parse_version_0(&request, &REQUEST_LIMITS)?));
    }
    Ok(match Command::parse(&request, &REQUEST_LIMITS)? {
        None => Asked::Nothing,
        Some(Command::LsRefs(ls_refs)) => Asked::LsRefs(ls_refs),
        Some(Command::Fetch(fetch)) => Asked::Fetch(fetch),
        Some(Command::ObjectInfo(object_info)) => Asked::ObjectInfo(object_info),
    })
}

const UPLOAD_PACK_RESULT: &str = "application/x-git-upload-pack-result";

async fn fetch(asking: &Asking<'_>, opened: Opened, asked: Asked) -> Result<Response, Error> {
    let request = match asked {
        Asked::Nothing => return whole(asking, UPLOAD_PACK_RESULT.into(), Vec::new()),
        Asked::LsRefs(ls_refs) => {
            let mut answer = Vec::new();
            with_refs(&opened.snapshot, |refs| ls_refs.answer(&mut answer, refs))?;
            return whole(asking, UPLOAD_PACK_RESULT.into(), answer);
        }
        Asked::ObjectInfo(request) => {
            let answer = object_info(&opened, &asking.packs()?, &request).await?;
            return whole(asking, UPLOAD_PACK_RESULT.into(), answer);
        }
        Asked::Fetch(request) => request,
    };
    let (store, keep_alive_ms) = (asking.packs()?, config::keep_alive_ms(asking.env));
    let (witness, telling) = (Rc::clone(asking.witness), asking.telling(Success::Ok.status()));
    let response = stream::respond(None, telling, |mut sink| async move {
        match upload_pack(&opened, &store, request, keep_alive_ms, &witness, &mut sink).await {
            Ok(()) => Ok(sink),
            Err(unsent) => Err((sink, unsent)),
        }
    })?;
    asking.witness.goes_on();
    response.headers().set("content-type", UPLOAD_PACK_RESULT)?;
    response.headers().set("cache-control", "no-cache")?;
    Ok(response)
}

/// The refs of a snapshot as the protocol has them.
fn with_refs(snapshot: &Snapshot, use_refs: impl FnOnce(&Refs<'_>)) -> Result<(), Failure> {
    let id = |hex: &str| ObjectId::from_hex(hex.as_bytes()).map_err(|_| Failure::shape("an object id", hex));
    let refs = snapshot.refs.iter().map(|row| {
        Ok(Ref { name: &row.name, id: id(&row.id)?, peeled_id: row.peeled.as_deref().map(id).transpose()? })
    });
    let sorted = refs.collect::<Result<Vec<_>, Failure>>()?;
    let head_target = format!("refs/heads/{}", snapshot.default_branch);
    use_refs(&Refs { head_target: &head_target, sorted: &sorted });
    Ok(())
}

fn whole(asking: &Asking<'_>, content_type: String, body: Vec<u8>) -> Result<Response, Error> {
    let headers = vec![("content-type", content_type), ("cache-control", "no-cache".to_owned())];
    Ok(asking.whole(Answer { status: Success::Ok.status(), headers, body })?)
}
