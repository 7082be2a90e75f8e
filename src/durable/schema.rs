//! The format version of an object's tables, and their creation.
//!
//! Only a call that stores something makes the tables: asking after what is not there stores nothing.

use super::{Database, Failure};

/// The tables of one kind of object.
pub(crate) struct Schema {
    /// Version of the tables. A later version brings the steps from every earlier one.
    pub(crate) format: u64,
    /// The statements that make them.
    pub(crate) tables: &'static [&'static str],
}

impl Schema {
    /// Whether the tables are there.
    pub(crate) fn exists<D: Database>(&self, db: &D) -> Result<bool, Failure> {
        let found = db.exec("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = 'format'", &[])?;
        if found.is_empty() {
            return Ok(false);
        }
        let version = db.exec("SELECT version FROM format", &[])?.into_iter().next();
        match version.map(|mut row| row.integer()).transpose()? {
            Some(version) if version == self.format => Ok(true),
            other => Err(Failure::shape("tables of a known format", format_args!("format {other:?}"))),
        }
    }

    /// Makes the tables, if they are not there, and returns whether it did.
    pub(crate) fn create<D: Database>(&self, db: &D) -> Result<bool, Failure> {
        if self.exists(db)? {
            return Ok(false);
        }
        db.exec("CREATE TABLE format (version INTEGER NOT NULL) STRICT", &[])?;
        db.exec("INSERT INTO format (version) VALUES (?1)", &[self.format.into()])?;
        for table in self.tables {
            db.exec(table, &[])?;
        }
        Ok(true)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryDatabase;

    const SCHEMA: Schema = Schema { format: 1, tables: &["CREATE TABLE a (b TEXT) STRICT"] };

    #[test]
    fn the_tables_are_made_once() {
        let db = MemoryDatabase::default();
        assert_eq!(SCHEMA.exists(&db), Ok(false));
        assert_eq!(SCHEMA.create(&db), Ok(true));
        assert_eq!(SCHEMA.create(&db), Ok(false));
        assert_eq!(SCHEMA.exists(&db), Ok(true));
    }

    #[test]
    fn tables_of_another_format_are_a_failure() {
        let db = MemoryDatabase::default();
        SCHEMA.create(&db).unwrap();
        let found = Failure::shape("tables of a known format", "format Some(1)");
        assert_eq!(Schema { format: 2, tables: &[] }.exists(&db), Err(found));
    }
}
