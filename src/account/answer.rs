//! What the account does for each call: one transaction.

use super::call::{Call, NamespacePage, Reply};
use super::{namespaces, schema};
use crate::durable::{Database, Failure, Frame, FrameWriter, Never};

/// Answers a frame that holds a [`Call`] with one that holds a `Result<Reply, Never>`.
pub(crate) fn answer_frame<D: Database>(db: &D, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let call: Call = Frame::parse(frame)?.head()?;
    let result = db.transaction(|| answer(db, &call).map(Ok::<Reply, Never>))?;
    FrameWriter::default().finish(&result)
}

fn answer<D: Database>(db: &D, call: &Call) -> Result<Reply, Failure> {
    if let Call::Report(report) = call {
        schema::SCHEMA.create(db)?;
        namespaces::report(db, report)?;
        return Ok(Reply::Done);
    }
    let is_used = schema::SCHEMA.exists(db)?;
    Ok(match call {
        Call::List(listing) if is_used => Reply::Namespaces(namespaces::list(db, listing)?),
        Call::List(listing) => {
            let total_count = listing.offset.map(|_| 0);
            Reply::Namespaces(NamespacePage { total_count, ..NamespacePage::default() })
        }
        Call::Usage if is_used => Reply::Usage { size: namespaces::total_size(db)? },
        Call::Usage => Reply::Usage { size: 0 },
        Call::Report(_) => Reply::Done,
    })
}
