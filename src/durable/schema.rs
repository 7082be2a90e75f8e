//! The format version of an object's tables, and their creation.
//!
//! Only a call that stores something makes the tables: asking after what is not there stores nothing.

use super::{Database, Failure};

/// The tables of one kind of object.
pub(crate) struct Schema {
    /// The statements that make them.
    pub(crate) tables: &'static [&'static str],
    /// What has been added since: each step brings tables of its format, counted from 1, to the next one. It runs on new
    /// tables too.
    pub(crate) steps: &'static [&'static [&'static str]],
}

impl Schema {
    /// Whether the tables are there; those of an earlier format are brought up to this one first.
    pub(crate) fn exists<D: Database>(&self, db: &D) -> Result<bool, Failure> {
        let current = 1 + self.steps.len();
        if db.known_format().get() == current {
            return Ok(true);
        }
        let found = db.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'format'", &[])?;
        if found.is_empty() {
            return Ok(false);
        }
        let version = db.exec("SELECT version FROM format", &[])?.into_iter().next();
        let format = version.map(|mut row| row.integer()).transpose()?.and_then(|format| usize::try_from(format).ok());
        let steps = format.and_then(|format| self.steps.get(format.checked_sub(1)?..));
        let steps =
            steps.ok_or_else(|| Failure::shape("tables of a known format", format_args!("format {format:?}")))?;
        if !steps.is_empty() {
            self.take(db, steps)?;
        }
        // Nothing takes tables away, and each call looks here.
        db.known_format().set(current);
        Ok(true)
    }

    fn take<D: Database>(&self, db: &D, steps: &[&[&str]]) -> Result<(), Failure> {
        for statement in steps.iter().copied().flatten() {
            db.exec(statement, &[])?;
        }
        db.exec("UPDATE format SET version = ?1", &[(1 + self.steps.len() as u64).into()]).map(drop)
    }

    /// Makes the tables, if they are not there, and returns whether it did.
    pub(crate) fn create<D: Database>(&self, db: &D) -> Result<bool, Failure> {
        if self.exists(db)? {
            return Ok(false);
        }
        db.exec("CREATE TABLE format (version INTEGER NOT NULL) STRICT", &[])?;
        db.exec("INSERT INTO format (version) VALUES (1)", &[])?;
        for table in self.tables {
            db.exec(table, &[])?;
        }
        self.take(db, self.steps)?;
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryDatabase;

    const SCHEMA: Schema = Schema { tables: &["CREATE TABLE a (b TEXT) STRICT"], steps: &[] };
    const LATER: Schema = Schema { steps: &[&["ALTER TABLE a ADD COLUMN c TEXT"]], ..SCHEMA };

    #[test]
    fn the_tables_are_made_once() {
        let db = MemoryDatabase::default();
        assert_eq!(SCHEMA.exists(&db), Ok(false));
        assert_eq!(SCHEMA.create(&db), Ok(true));
        assert_eq!(SCHEMA.create(&db), Ok(false));
        assert_eq!(SCHEMA.exists(&db), Ok(true));
    }

    #[test]
    fn tables_whose_creation_is_rolled_back_are_not_there() {
        let db = MemoryDatabase::default();
        let rolled_back = db.transaction(|| {
            assert_eq!((SCHEMA.create(&db), SCHEMA.exists(&db)), (Ok(true), Ok(true)));
            Ok(Err::<(), _>("refused"))
        });
        assert_eq!((rolled_back, SCHEMA.exists(&db)), (Ok(Err("refused")), Ok(false)));
        assert_eq!(SCHEMA.create(&db), Ok(true));
    }

    #[test]
    fn tables_of_a_later_format_are_a_failure() {
        let db = MemoryDatabase::default();
        LATER.create(&db).unwrap();
        let found = Failure::shape("tables of a known format", "format Some(2)");
        assert_eq!(SCHEMA.exists(&db), Err(found));
    }

    #[test]
    fn tables_of_an_earlier_format_are_brought_up_to_the_new_one() {
        let (old, new) = (MemoryDatabase::default(), MemoryDatabase::default());
        SCHEMA.create(&old).unwrap();
        LATER.create(&new).unwrap();
        for db in [old, new] {
            assert_eq!(LATER.exists(&db), Ok(true));
            assert_eq!(LATER.exists(&db), Ok(true));
            db.exec("INSERT INTO a (b, c) VALUES ('b', 'c')", &[]).unwrap();
        }
    }
}
