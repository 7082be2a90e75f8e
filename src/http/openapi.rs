//! `/openapi.json`: what there is, for programs and for people. Open to everybody, as it is in the repository.

use super::answer::Answer;
use crate::error::Success;

const DESCRIPTION: &str = include_str!("../../openapi.json");

/// The description of the REST API.
pub(crate) fn answer() -> Answer {
    Answer {
        status: Success::Ok.status(),
        headers: vec![("content-type", "application/json".into())],
        body: DESCRIPTION.into(),
    }
}
