//! What becomes an error of a request.

use git_core::protocol::RequestError;

use super::Error;
use crate::body::Stopped;
use crate::config::ConfigError;
use crate::durable::Failure;
use crate::ops::contents::ContentsFault;

impl From<ContentsFault> for Error {
    fn from(fault: ContentsFault) -> Self {
        Self::Contents(fault)
    }
}

impl From<Failure> for Error {
    fn from(failure: Failure) -> Self {
        Self::Failed(failure)
    }
}

impl From<worker::Error> for Error {
    fn from(error: worker::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<RequestError> for Error {
    fn from(error: RequestError) -> Self {
        Self::GitRequest(error)
    }
}

impl From<Stopped> for Error {
    fn from(stopped: Stopped) -> Self {
        match stopped {
            Stopped::Body(error) => Self::Body(error),
            Stopped::Failed(failure) => Self::Failed(failure),
        }
    }
}

impl From<ConfigError> for Error {
    fn from(error: ConfigError) -> Self {
        Self::NotServing(error)
    }
}
