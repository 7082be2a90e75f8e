//! The one row of `due`: when the alarm goes off, which the platform does not tell.

use crate::config::ALARM_LOST_MS;
use crate::durable::{Database, Failure};

/// Has the alarm go off by then. One that should have gone off long ago is lost: the platform gives up one whose handler fails too often.
pub(super) fn by<D: Database>(db: &D, now: u64, at: u64) -> Result<(), Failure> {
    let held = db.exec("SELECT at FROM due", &[])?.into_iter().next().map(|mut row| row.integer()).transpose()?;
    match held {
        Some(held) if held <= at && held + ALARM_LOST_MS >= now => Ok(()),
        _ => set(db, Some(at)),
    }
}

/// Sets the alarm, or takes it away.
pub(super) fn set<D: Database>(db: &D, at: Option<u64>) -> Result<(), Failure> {
    db.exec("DELETE FROM due", &[])?;
    if let Some(at) = at {
        db.exec("INSERT INTO due (at) VALUES (?1)", &[at.into()])?;
    }
    db.set_alarm(at)
}
