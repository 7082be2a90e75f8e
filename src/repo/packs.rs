//! The rows of `packs`: the catalog of committed packs.

use super::answer::Moment;
use super::call::{NewPack, PackInfo, PackRow, RepoAddress};
use super::geometry::Weight;
use super::{holders, releases};
use crate::config::{INLINE_LEN_MAX, INLINE_TOTAL_MAX, VISIBLE_LEN_MAX};
use crate::durable::{Database, Failure, Frame, FrameWriter, Row};

/// A small pack's bytes, to be kept in its row.
#[derive(Debug, Clone, Copy)]
pub(super) struct InlineBytes<'a> {
    pub(super) pack: &'a [u8],
    pub(super) index: &'a [u8],
}

/// What names a pack in the catalog and in R2.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NamedPack {
    pub(super) pack_seq: u64,
    pub(super) owner_repo_id: String,
    pub(super) upload_id: String,
    /// Bytes of the pack with its index.
    pub(super) len: u64,
    /// Whether its bytes are in R2.
    pub(super) is_stored: bool,
    /// Who owns it, if it is another repo.
    pub(super) owner: Option<RepoAddress>,
}

/// Every pack by name, in the order of commits.
pub(super) fn names<D: Database>(db: &D, repo_id: &str) -> Result<Vec<NamedPack>, Failure> {
    let rows = db.exec(
        "SELECT pack_seq, owner_repo_id, upload_id, pack_len + index_len, segment_len > 0, owner_namespace, owner_name
         FROM packs WHERE repo_id = ?1 ORDER BY pack_seq",
        &[repo_id.into()],
    )?;
    rows.into_iter()
        .map(|mut row| {
            let (pack_seq, owner_repo_id, upload_id) = (row.integer()?, row.text()?, row.text()?);
            let (len, is_stored) = (row.integer()?, row.flag()?);
            let address = row.optional_text()?.zip(row.optional_text()?);
            let owner =
                address.map(|(namespace, name)| RepoAddress { namespace, name, repo_id: owner_repo_id.clone() });
            Ok(NamedPack { pack_seq, owner_repo_id, upload_id, len, is_stored, owner })
        })
        .collect()
}

/// How much there is of every pack, in the order of commits.
pub(super) fn weights<D: Database>(db: &D, repo_id: &str) -> Result<Vec<Weight>, Failure> {
    let rows = db.exec(
        "SELECT pack_len + index_len, n_objects FROM packs WHERE repo_id = ?1 ORDER BY pack_seq",
        &[repo_id.into()],
    )?;
    rows.into_iter().map(|mut row| Ok(Weight { len: row.integer()?, n_objects: row.integer()? })).collect()
}

/// Every pack in the order of commits; inline bytes go to `strings`.
pub(super) fn all<D: Database>(db: &D, repo_id: &str, strings: &mut FrameWriter) -> Result<Vec<PackRow>, Failure> {
    let rows = db.exec(
        "SELECT pack_seq, owner_repo_id, upload_id, format, n_objects, pack_len, index_len, segment_len, trailer, thin,
                pack_bytes, index_bytes, visible
         FROM packs WHERE repo_id = ?1 ORDER BY pack_seq",
        &[repo_id.into()],
    )?;
    rows.into_iter().map(|row| pack_row(row, strings)).collect()
}

/// Whether the packs of all these uploads are in the catalog.
pub(super) fn has_all<D: Database>(db: &D, repo_id: &str, upload_ids: &[String]) -> Result<bool, Failure> {
    let list = serde_json::to_string(upload_ids).map_err(|error| Failure::shape("a list that is JSON", error))?;
    let rows = db.exec(
        "SELECT 1 FROM json_each(?2) AS wanted WHERE wanted.value NOT IN
            (SELECT upload_id FROM packs WHERE repo_id = ?1) LIMIT 1",
        &[repo_id.into(), (&list).into()],
    )?;
    Ok(rows.is_empty())
}

/// Whether there is room for more inline bytes: all of them travel with every snapshot.
pub(super) fn has_inline_room<D: Database>(db: &D, repo_id: &str, bytes: InlineBytes<'_>) -> Result<bool, Failure> {
    let rows = db.exec(
        "SELECT COALESCE(SUM(pack_len + index_len), 0) FROM packs WHERE repo_id = ?1 AND segment_len = 0",
        &[repo_id.into()],
    )?;
    let total = rows.into_iter().next().map(|mut row| row.integer()).transpose()?.unwrap_or(0);
    Ok(total + bytes.len() <= INLINE_TOTAL_MAX)
}

/// Enters a pack as the newest, held by this repo alone.
pub(super) fn add<D: Database>(
    db: &D,
    repo_id: &str,
    upload_id: &str,
    new: &NewPack,
    bytes: Option<InlineBytes<'_>>,
) -> Result<(), Failure> {
    let rows = db.exec(
        "UPDATE repo SET last_pack_seq = last_pack_seq + 1 WHERE repo_id = ?1 RETURNING last_pack_seq",
        &[repo_id.into()],
    )?;
    let pack_seq = rows.into_iter().next().map(|mut row| row.integer()).transpose()?;
    let pack_seq = pack_seq.ok_or_else(|| Failure::shape("the repo of a pack", "none"))?;
    insert(db, repo_id, pack_seq, upload_id, (new, bytes))
}

/// Enters a pack in a place that is free, held by this repo alone.
pub(super) fn insert<D: Database>(
    db: &D,
    repo_id: &str,
    pack_seq: u64,
    upload_id: &str,
    (new, bytes): (&NewPack, Option<InlineBytes<'_>>),
) -> Result<(), Failure> {
    enter(db, repo_id, &Entered { pack_seq, upload_id, pack: &new.pack, bytes, visible: None, owner: None })
}

/// Enters a pack that a fork has from its source, in the place that it has there. Inline bytes become its own.
pub(super) fn insert_shared<D: Database>(
    db: &D,
    repo_id: &str,
    row: &PackRow,
    owner: Option<&RepoAddress>,
    frame: &Frame,
) -> Result<(), Failure> {
    let PackRow { pack_seq, upload_id, pack, .. } = row;
    let bytes = row.inline.map(|(pack, index)| Ok::<_, Failure>((frame.string(pack)?, frame.string(index)?)));
    let bytes = bytes.transpose()?.map(|(bytes, index)| InlineBytes::check(pack, bytes, index)).transpose()?;
    let visible = row.visible.map(|visible| frame.string(visible)).transpose()?;
    let visible_len = visible.map_or(0, <[u8]>::len) as u64;
    if visible_len > VISIBLE_LEN_MAX {
        let what = "a part of a pack's objects";
        return Err(Failure::Range { what, value: visible_len, max: VISIBLE_LEN_MAX });
    }
    let owner = if bytes.is_some() { None } else { Some(owner.ok_or_else(|| Failure::shape("an owner", "none"))?) };
    enter(db, repo_id, &Entered { pack_seq: *pack_seq, upload_id, pack, bytes, visible, owner })
}

/// A row of the catalog that is to be.
struct Entered<'a> {
    pack_seq: u64,
    upload_id: &'a str,
    pack: &'a PackInfo,
    bytes: Option<InlineBytes<'a>>,
    visible: Option<&'a [u8]>,
    /// Absent when it is the repo itself.
    owner: Option<&'a RepoAddress>,
}

fn enter<D: Database>(db: &D, repo_id: &str, entered: &Entered<'_>) -> Result<(), Failure> {
    let Entered { pack_seq, upload_id, pack, bytes, visible, owner } = *entered;
    db.exec(
        "INSERT INTO packs (repo_id, pack_seq, owner_repo_id, upload_id, format, n_objects, pack_len, index_len,
                            segment_len, trailer, thin, pack_bytes, index_bytes, visible, owner_namespace, owner_name)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15, ?16)",
        &[
            repo_id.into(),
            pack_seq.into(),
            owner.map_or(repo_id, |owner| &owner.repo_id).into(),
            upload_id.into(),
            u64::from(pack.format).into(),
            pack.n_objects.into(),
            pack.pack_len.into(),
            pack.index_len.into(),
            pack.segment_len.into(),
            (&pack.trailer).into(),
            pack.thin.into(),
            bytes.map(|bytes| bytes.pack).into(),
            bytes.map(|bytes| bytes.index).into(),
            visible.into(),
            owner.map(|owner| &owner.namespace).into(),
            owner.map(|owner| &owner.name).into(),
        ],
    )?;
    if owner.is_none() { holders::add_owner(db, repo_id, upload_id) } else { Ok(()) }
}

/// Takes a pack out of the catalog. Its bytes are reclaimed after a while, as those of an upload that was given up, unless
/// somebody else holds them; of another's pack, its owner is to hear.
pub(super) fn release<D: Database>(db: &D, moment: &Moment, repo_id: &str, pack: &NamedPack) -> Result<(), Failure> {
    db.exec("DELETE FROM packs WHERE repo_id = ?1 AND pack_seq = ?2", &[repo_id.into(), pack.pack_seq.into()])?;
    match &pack.owner {
        Some(owner) => releases::add(db, moment.now, repo_id, owner, &pack.upload_id),
        None => holders::let_go(db, moment, repo_id, pack),
    }
}

impl<'a> InlineBytes<'a> {
    /// The bytes that come with a call, if the pack is to be kept in its row.
    pub(super) fn of(new: &NewPack, frame: &'a Frame) -> Result<Option<Self>, Failure> {
        if !new.inline {
            return Ok(None);
        }
        Self::check(&new.pack, frame.string(0)?, frame.string(1)?).map(Some)
    }

    /// The bytes of an inline pack, if they are what its row says and fit into one.
    fn check(info: &PackInfo, pack: &'a [u8], index: &'a [u8]) -> Result<Self, Failure> {
        let bytes = Self { pack, index };
        if info.pack_len != pack.len() as u64 || info.index_len != index.len() as u64 || info.segment_len != 0 {
            return Err(Failure::shape(
                "an inline pack of the length that is given",
                format_args!("{} and {} bytes", pack.len(), index.len()),
            ));
        }
        if bytes.len() > INLINE_LEN_MAX as u64 {
            let what = "an inline pack with its index";
            return Err(Failure::Range { what, value: bytes.len(), max: INLINE_LEN_MAX as u64 });
        }
        Ok(bytes)
    }

    fn len(self) -> u64 {
        self.pack.len() as u64 + self.index.len() as u64
    }
}

fn pack_row(mut row: Row, strings: &mut FrameWriter) -> Result<PackRow, Failure> {
    let pack_seq = row.integer()?;
    let owner_repo_id = row.text()?;
    let upload_id = row.text()?;
    let format = row.integer()?;
    let pack = PackInfo {
        format: u32::try_from(format).map_err(|_| Failure::shape("a format", format))?,
        n_objects: row.integer()?,
        pack_len: row.integer()?,
        index_len: row.integer()?,
        segment_len: row.integer()?,
        trailer: row.text()?,
        thin: row.flag()?,
    };
    let inline = match (row.optional_blob()?, row.optional_blob()?) {
        (Some(pack), Some(index)) => Some((strings.push(&pack)?, strings.push(&index)?)),
        _ => None,
    };
    let visible = row.optional_blob()?.map(|visible| strings.push(&visible)).transpose()?;
    Ok(PackRow { pack_seq, owner_repo_id, upload_id, pack, inline, visible })
}
