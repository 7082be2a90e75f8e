//! Answers that are whole, and files that are made while they are sent.

use std::ops::Range;
use std::rc::Rc;

use futures_channel::oneshot;
use worker::Response;

use super::answer::Answer;
use super::stream::{self, Telling};
use crate::config::SNIFFED_LEN;
use crate::durable::Failure;
use crate::error::Error;
use crate::ops::contents::{Blob, Recipient, first_bytes, media_type, send};
use crate::repo::Opened;
use crate::store::PackStore;
use crate::witness::{Audience, Witness};

/// What a request gets.
pub(crate) enum Served {
    Whole(Answer),
    Streamed(Box<Streamed>),
}

/// A file that is not in memory.
pub(crate) struct Streamed {
    /// Status and headers, but for the type.
    pub(crate) head: Answer,
    pub(crate) content_type: ContentType,
    pub(crate) opened: Opened,
    pub(crate) blob: Blob,
    pub(crate) range: Range<u64>,
    pub(crate) recipient: Recipient,
}

/// What the bytes are said to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ContentType {
    Untold,
    Bytes,
    /// What the first of them tell.
    Sniffed,
}

impl ContentType {
    /// The type of what begins with these bytes; `is_all` when it has no more.
    pub(crate) fn of(self, first: &[u8], is_all: bool) -> Option<&'static str> {
        match self {
            Self::Untold => None,
            Self::Bytes => Some("application/octet-stream"),
            Self::Sniffed if is_all => Some(media_type(first, true)),
            Self::Sniffed => Some(media_type(first.get(..SNIFFED_LEN).unwrap_or(first), false)),
        }
    }
}

impl Answer {
    /// The same with a type, if there is one.
    pub(crate) fn of_type(self, content_type: Option<&'static str>) -> Self {
        match content_type {
            Some(content_type) => self.with_header("content-type", content_type.into()),
            None => self,
        }
    }
}

impl Served {
    /// The platform's form of it; `HEAD` gets no body.
    pub(crate) async fn into_response(
        self,
        is_head: bool,
        store: impl PackStore + 'static,
        audience: &Audience,
        witness: &Rc<Witness>,
    ) -> Result<Response, Error> {
        match self {
            Self::Whole(answer) => Ok(answer.into_response(is_head, &witness.meter)?),
            Self::Streamed(file) if is_head => {
                let first = first_bytes(&file.opened, &store, &file.blob).await?;
                Ok(file
                    .head
                    .of_type(file.content_type.of(&first, first.len() as u64 == file.blob.len))
                    .into_response(true, &witness.meter)?)
            }
            Self::Streamed(file) => {
                let telling = Telling::of(audience, witness, file.head.status);
                let response = stream_file(*file, store, telling).await?;
                witness.goes_on();
                Ok(response)
            }
        }
    }
}

/// The head goes out when the first bytes have been made: what keeps a file from being made has an answer of its own.
async fn stream_file(file: Streamed, store: impl PackStore + 'static, telling: Telling) -> Result<Response, Error> {
    let Streamed { head, content_type, opened, blob, range, recipient } = file;
    let (tell, told) = oneshot::channel();
    let body = stream::respond(Some(range.end - range.start), telling, |mut sink| async move {
        let len = blob.len;
        let tell_type = |first: Result<&[u8], Error>| {
            // Who waits for it no longer gets no answer.
            tell.send(first.map(|first| content_type.of(first, first.len() as u64 == len))).ok();
        };
        match send(&opened, &store, (&blob, range), recipient, tell_type, &mut sink).await {
            Ok(()) => Ok(sink),
            Err(unsent) => Err((sink, unsent)),
        }
    })?;
    let content_type = told.await.map_err(|_| Failure::shape("a file that is begun", "nothing"))??;
    Ok(head.of_type(content_type).with_body(body)?)
}
