//! What a request that succeeded gets.

/// The kinds of success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Success {
    Ok,
    Created,
    Accepted,
    NoContent,
    PartialContent,
    NotModified,
}

impl Success {
    pub(crate) fn status(self) -> u16 {
        match self {
            Self::Ok => 200,
            Self::Created => 201,
            Self::Accepted => 202,
            Self::NoContent => 204,
            Self::PartialContent => 206,
            Self::NotModified => 304,
        }
    }
}
