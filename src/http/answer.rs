//! An answer before it is one of the platform's: status, headers, body.

use serde::Serialize;
use worker::{Response, ResponseBuilder};

use crate::meter::Meter;

/// What a request gets.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    /// A JSON answer.
    pub(crate) fn json(status: u16, body: &impl Serialize) -> Self {
        // Only maps whose keys are not text fail to serialize, and no answer holds one.
        let body = serde_json::to_vec(body).unwrap_or_default();
        Self { status, headers: vec![("content-type", "application/json".into())], body }
    }

    /// Nothing but the status.
    pub(crate) fn empty(status: u16) -> Self {
        Self { status, headers: Vec::new(), body: Vec::new() }
    }

    /// A line of text.
    pub(crate) fn text(status: u16, line: &str) -> Self {
        let body = format!("{line}\n").into_bytes();
        Self { status, headers: vec![("content-type", "text/plain; charset=utf-8".into())], body }
    }

    /// The same with another header.
    pub(crate) fn with_header(mut self, name: &'static str, value: String) -> Self {
        self.headers.push((name, value));
        self
    }

    /// The same status and headers over the body of a response.
    pub(crate) fn with_body(self, response: Response) -> worker::Result<Response> {
        let response = response.with_status(self.status);
        for (name, value) in &self.headers {
            response.headers().set(name, value)?;
        }
        Ok(response)
    }

    /// The platform's form of it, which counts as sent; `HEAD` gets no body.
    pub(crate) fn into_response(self, is_head: bool, meter: &Meter) -> worker::Result<Response> {
        meter.sent(if is_head { 0 } else { self.body.len() });
        let mut builder = ResponseBuilder::new().with_status(self.status);
        for (name, value) in &self.headers {
            builder = builder.with_header(name, value)?;
        }
        // The platform takes no body, be it empty, with a status that has none.
        Ok(if is_head || self.body.is_empty() { builder.empty() } else { builder.fixed(self.body) })
    }
}
