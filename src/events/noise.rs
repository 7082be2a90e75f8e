//! The rows of `noise`: how many requests without valid credentials came in each hour.

use super::call::{Noise, Surface};
use crate::durable::{Database, Failure, Row};
use crate::time;

/// Adds to the counters.
pub(super) fn count<D: Database>(db: &D, noise: &[Noise]) -> Result<(), Failure> {
    for Noise { hour_ms, surface, n } in noise {
        db.exec(
            "INSERT INTO noise (hour_ms, surface, n) VALUES (?1, ?2, ?3)
             ON CONFLICT (hour_ms, surface) DO UPDATE SET n = n + excluded.n",
            &[time::hour_of(*hour_ms).into(), surface.name().into(), (*n).into()],
        )?;
    }
    Ok(())
}

/// The counters of hours that begin from one time to another, both included.
pub(super) fn between<D: Database>(db: &D, from_ms: u64, to_ms: u64) -> Result<Vec<Noise>, Failure> {
    let rows = db.exec(
        "SELECT hour_ms, surface, n FROM noise WHERE hour_ms BETWEEN ?1 AND ?2 ORDER BY hour_ms, surface",
        &[from_ms.into(), to_ms.into()],
    )?;
    rows.into_iter().map(of_row).collect()
}

/// Forgets hours that began before then.
pub(super) fn forget<D: Database>(db: &D, before_ms: u64) -> Result<(), Failure> {
    db.exec("DELETE FROM noise WHERE hour_ms < ?1", &[before_ms.into()]).map(drop)
}

/// When the first hour begins.
pub(super) fn oldest<D: Database>(db: &D) -> Result<Option<u64>, Failure> {
    let rows = db.exec("SELECT MIN(hour_ms) FROM noise", &[])?;
    rows.into_iter().next().map_or(Ok(None), |mut row| row.optional_integer())
}

fn of_row(mut row: Row) -> Result<Noise, Failure> {
    let (hour_ms, surface, n) = (row.integer()?, row.text()?, row.integer()?);
    let known = [Surface::Git, Surface::Rest, Surface::Graphql].into_iter().find(|known| known.name() == surface);
    Ok(Noise { hour_ms, surface: known.ok_or_else(|| Failure::shape("a surface", surface))?, n })
}

impl Surface {
    /// What rows and answers call it.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Git => "git",
            Self::Rest => "rest",
            Self::Graphql => "graphql",
        }
    }
}
