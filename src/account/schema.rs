//! The tables of the account's database and their one statement so far.

use crate::durable::{Database, Failure, Schema};

pub(super) const SCHEMA: Schema = Schema { tables: &TABLES, steps: &[] };

const TABLES: [&str; 1] = [
    // name_key is the lower-cased name.
    "CREATE TABLE namespaces (
        name_key TEXT PRIMARY KEY, name TEXT NOT NULL, created_at INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID",
];

/// Enters a namespace, unless it is there.
pub(super) fn register<D: Database>(db: &D, now: u64, namespace: &str) -> Result<(), Failure> {
    db.exec(
        "INSERT INTO namespaces (name_key, name, created_at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        &[(&namespace.to_ascii_lowercase()).into(), namespace.into(), now.into()],
    )?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::MemoryDatabase;

    #[test]
    fn a_namespace_is_entered_once_whatever_its_case() {
        let db = MemoryDatabase::default();
        SCHEMA.create(&db).unwrap();
        register(&db, 1, "Default").unwrap();
        register(&db, 2, "default").unwrap();
        let mut rows = db.exec("SELECT name, created_at FROM namespaces", &[]).unwrap();
        assert_eq!(rows.len(), 1);
        assert_eq!(rows[0].text(), Ok("Default".into()));
        assert_eq!(rows[0].integer(), Ok(1));
    }
}
