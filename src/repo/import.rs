//! The row of `imports`, and what becomes of a repo while it is filled from another server. Until it is ready, the rows of
//! `refs` are those that the server told.

use super::answer::Moment;
use super::call::{
    Download, EndImport, FailImport, ImportPack, ImportPlan, ImportState, NewImport, NoteDownload, RefRow, Refusal,
    RepoInfo, Status,
};
use super::commit::decide_refs;
use super::packs::{self, InlineBytes};
use super::schema::SCHEMA;
use super::{alarm, metadata, open, refs, shallow, uploads};
use crate::config::{IMPORT_FAILURE_KEPT_MS, IMPORT_FAILURES_MAX};
use crate::durable::{Database, Failure, Frame, FrameWriter};

/// Makes the repo, to be filled. The same `repo_id` again is the same creation.
pub(super) fn create<D: Database>(db: &D, now: u64, new: &NewImport) -> Result<Result<RepoInfo, Refusal>, Failure> {
    let repo_id = &new.repo.repo_id;
    metadata::create_with(db, now, &new.repo, || {
        metadata::came_from(db, repo_id, &new.source)?;
        metadata::set_status(db, repo_id, Status::Importing)?;
        let ImportPlan { url, branch, depth, all_refs } = &new.plan;
        db.exec(
            "INSERT INTO imports (repo_id, url, branch, depth, all_refs, failures) VALUES (?1, ?2, ?3, ?4, ?5, 0)",
            &[repo_id.into(), url.into(), branch.into(), depth.map(u64::from).into(), (*all_refs).into()],
        )?;
        alarm::import(db, now, repo_id)
    })
}

/// What the next step starts from. Without a pack that is to be taken in there is an upload for another.
pub(super) fn begin<D: Database>(
    db: &D,
    moment: &Moment,
    strings: &mut FrameWriter,
) -> Result<Result<ImportState, Refusal>, Failure> {
    let repo = match metadata::living(db)? {
        Some(repo) if repo.info.status == Status::Importing => repo.info,
        _ => return Ok(Err(Refusal::NotFound)),
    };
    let repo_id = &repo.repo_id;
    let Row { plan, mut download, n_downloads } = row(db, repo_id)?;
    let mut snapshot = open::snapshot(db, &repo, true, strings)?;
    if let Some(here) = &download
        && !uploads::is_open(db, moment.now, repo_id, &here.upload_id)?
    {
        download = None;
    }
    if download.is_none() {
        snapshot.upload_id = Some(uploads::register(db, moment.now, repo_id, moment.upload_grace_ms)?);
    }
    Ok(Ok(ImportState { snapshot, plan, download, n_downloads }))
}

/// A pack has come, and is taken in by the next step.
pub(super) fn note_download<D: Database>(
    db: &D,
    now: u64,
    call: &NoteDownload,
) -> Result<Result<(), Refusal>, Failure> {
    let repo_id = &call.repo_id;
    if !is_importing(db, repo_id)? {
        return Ok(Err(Refusal::NotFound));
    }
    if !uploads::is_open(db, now, repo_id, &call.download.upload_id)? {
        return Ok(Err(Refusal::UploadExpired));
    }
    told(db, repo_id, call.told.as_deref())?;
    count_download(db, repo_id)?;
    set_download(db, repo_id, Some(&call.download))?;
    Ok(Ok(()))
}

/// A pack becomes real. Nobody sees it before the repo is ready.
pub(super) fn commit<D: Database>(
    db: &D,
    moment: &Moment,
    call: &ImportPack,
    frame: &Frame,
) -> Result<Result<(), Refusal>, Failure> {
    let (repo_id, upload_id) = (&call.repo_id, &call.upload_id);
    let repo = match metadata::living_as(db, repo_id)? {
        Some(repo) if repo.info.status == Status::Importing => repo.info,
        _ => return Ok(Err(Refusal::NotFound)),
    };
    if !uploads::is_open(db, moment.now, repo_id, upload_id)? {
        return Ok(Err(Refusal::UploadExpired));
    }
    if repo.size + call.pack.pack.pack_len + call.pack.pack.index_len > moment.storage_max {
        return Ok(Err(Refusal::StorageLimit { max: moment.storage_max }));
    }
    told(db, repo_id, call.told.as_deref())?;
    packs::add(db, repo_id, upload_id, &call.pack, InlineBytes::of(&call.pack, frame)?)?;
    shallow::change(db, repo_id, &call.shallow)?;
    uploads::forget(db, repo_id, upload_id)?;
    if row(db, repo_id)?.download.is_none() {
        count_download(db, repo_id)?;
    }
    set_download(db, repo_id, None)?;
    let heads = call.heads.as_ref().map(|heads| heads.iter().collect::<Vec<_>>());
    if !heads.map_or(Ok(false), |heads| refs::point_at_all(db, repo_id, &heads))? {
        metadata::set_unreached(db, repo_id, true)?;
    }
    alarm::report(db, moment.now, repo_id)?;
    Ok(Ok(()))
}

/// The repo is ready, with these refs.
pub(super) fn end<D: Database>(db: &D, now: u64, call: &EndImport) -> Result<Result<(), Refusal>, Failure> {
    let repo_id = &call.repo_id;
    if !is_importing(db, repo_id)? {
        return Ok(Err(Refusal::NotFound));
    }
    for outcome in decide_refs(&[], &call.refs, false)? {
        if let Err(reason) = outcome {
            return Ok(Err(Refusal::BadRef { reason: reason.to_string() }));
        }
    }
    let row = |update: &super::call::Update| {
        let id = update.new_id.clone()?;
        Some(RefRow { name: update.name.clone(), id, peeled: update.peeled.clone() })
    };
    refs::clear(db, repo_id)?;
    refs::insert(db, repo_id, &call.refs.iter().filter_map(row).collect::<Vec<_>>())?;
    clear(db, repo_id)?;
    metadata::set_status(db, repo_id, Status::Ready)?;
    metadata::updated(db, now, repo_id)?;
    // Who is told that it is ready finds it so in a list, too.
    alarm::at_once(db, now, repo_id)?;
    Ok(Ok(()))
}

/// A step failed: the last one ends the repo, and the reason is told for a while. Whether this was the last.
pub(super) fn fail<D: Database>(db: &D, moment: &Moment, call: &FailImport) -> Result<Result<bool, Refusal>, Failure> {
    let repo_id = &call.repo_id;
    if !is_importing(db, repo_id)? {
        return Ok(Err(Refusal::NotFound));
    }
    let rows =
        db.exec("UPDATE imports SET failures = failures + 1 WHERE repo_id = ?1 RETURNING failures", &[repo_id.into()])?;
    let failures = rows.into_iter().next().map_or(Ok(0), |mut row| row.integer())?;
    if !call.is_final && failures < IMPORT_FAILURES_MAX {
        return Ok(Ok(false));
    }
    db.exec("UPDATE repo SET failure = ?2 WHERE repo_id = ?1", &[repo_id.into(), (&call.reason).into()])?;
    let deleted = metadata::delete(db, moment)?;
    // Who is told that it failed may have the name.
    alarm::at_once(db, moment.now, repo_id)?;
    Ok(deleted.map(|_| true))
}

/// Why there is no repo of this name, if the last one was an import that failed lately.
pub(super) fn failure<D: Database>(db: &D, now: u64) -> Result<Refusal, Failure> {
    if !SCHEMA.exists(db)? {
        return Ok(Refusal::NotFound);
    }
    let rows = db.exec("SELECT failure, deleted_at, repo_id FROM repo ORDER BY deleted_at DESC LIMIT 1", &[])?;
    let Some(mut row) = rows.into_iter().next() else { return Ok(Refusal::NotFound) };
    let (failure, deleted_at, repo_id) = (row.optional_text()?, row.optional_integer()?, row.text()?);
    let is_recent = deleted_at.is_some_and(|at| now < at + IMPORT_FAILURE_KEPT_MS);
    let reason = failure.filter(|_| is_recent);
    Ok(reason.map_or(Refusal::NotFound, |reason| Refusal::ImportFailed { reason, repo_id }))
}

/// Forgets that there is anything to import.
pub(super) fn clear<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("DELETE FROM imports WHERE repo_id = ?1", &[repo_id.into()])?;
    alarm::imported(db, repo_id)
}

fn is_importing<D: Database>(db: &D, repo_id: &str) -> Result<bool, Failure> {
    Ok(metadata::living_as(db, repo_id)?.is_some_and(|repo| repo.info.status == Status::Importing))
}

fn told<D: Database>(db: &D, repo_id: &str, told: Option<&[RefRow]>) -> Result<(), Failure> {
    let Some(told) = told else { return Ok(()) };
    refs::clear(db, repo_id)?;
    refs::insert(db, repo_id, told)
}

struct Row {
    plan: ImportPlan,
    download: Option<Download>,
    n_downloads: u64,
}

fn row<D: Database>(db: &D, repo_id: &str) -> Result<Row, Failure> {
    let rows = db.exec(
        "SELECT url, branch, depth, all_refs, download, downloads FROM imports WHERE repo_id = ?1",
        &[repo_id.into()],
    )?;
    let row = rows.into_iter().next();
    let mut row = row.ok_or_else(|| Failure::shape("the plan of an import", repo_id))?;
    let (url, branch, depth, all_refs) = (row.text()?, row.text()?, row.optional_integer()?, row.flag()?);
    let download = row.optional_text()?.map(|json| serde_json::from_str(&json));
    let download = download.transpose().map_err(|error| Failure::shape("a download", error))?;
    let depth = depth.and_then(|depth| u32::try_from(depth).ok());
    Ok(Row { plan: ImportPlan { url, branch, depth, all_refs }, download, n_downloads: row.integer()? })
}

/// Another pack has come: one that is noted here is counted then, one that is taken in at once with its commit.
fn count_download<D: Database>(db: &D, repo_id: &str) -> Result<(), Failure> {
    db.exec("UPDATE imports SET downloads = downloads + 1 WHERE repo_id = ?1", &[repo_id.into()]).map(drop)
}

fn set_download<D: Database>(db: &D, repo_id: &str, download: Option<&Download>) -> Result<(), Failure> {
    let json = download.map(serde_json::to_string).transpose();
    let json = json.map_err(|error| Failure::shape("a download that is JSON", error))?;
    db.exec("UPDATE imports SET download = ?2 WHERE repo_id = ?1", &[repo_id.into(), json.as_ref().into()]).map(drop)
}
