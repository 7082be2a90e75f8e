//! What is done for each call: one transaction.

use super::call::Call;
use super::job;
use crate::durable::{Database, Failure, Frame, FrameWriter, Never, Noted};

/// Answers a frame that holds a [`Call`] with one that holds a `Result<Noted, Never>`.
pub(crate) fn answer_frame<D: Database>(db: &D, now: u64, frame: Vec<u8>) -> Result<Vec<u8>, Failure> {
    let Call::Begin { namespace, repo, work } = Frame::parse(frame)?.head()?;
    let result = db.transaction(|| {
        job::note(db, now, &namespace, &repo, work)?;
        Ok(Ok::<Noted, Never>(Noted::Done))
    })?;
    FrameWriter::default().finish(&result)
}
