//! The line in the log that each request leaves: JSON, whose fields Workers Logs can search. Never a token, nor anything of a body.

use serde::Serialize;

use super::{Fault, Witness};

/// Field by field what an operator asks for first.
#[derive(Debug, Serialize)]
struct Line<'a> {
    request_id: &'a str,
    method: &'a str,
    route: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    namespace: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    repo: Option<&'a str>,
    status: u16,
    ms: u64,
    object_calls: u64,
    object_ms: u64,
    r2_reads: u64,
    r2_writes: u64,
    r2_ms: u64,
    bytes_in: u64,
    bytes_out: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    error: Option<&'a str>,
    /// The client went away before the end.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    is_cut_off: bool,
}

impl Witness {
    /// The line of a request that is over at `now`, in unix milliseconds.
    pub(super) fn line(&self, status: u16, now: u64) -> String {
        let (subject, fault, cost) = (self.subject.borrow(), self.fault.borrow(), self.meter.read());
        let line = Line {
            request_id: &self.request_id,
            method: &self.method,
            route: subject.route,
            namespace: subject.namespace.as_deref(),
            repo: subject.repo.as_deref(),
            status,
            ms: now.saturating_sub(self.began_at),
            object_calls: cost.object_calls,
            object_ms: cost.object_ms,
            r2_reads: cost.r2_reads,
            r2_writes: cost.r2_writes,
            r2_ms: cost.r2_ms,
            bytes_in: cost.bytes_in,
            bytes_out: cost.bytes_out,
            error: fault.as_ref().map(|Fault { message, .. }| message.as_str()),
            is_cut_off: self.has_left.get(),
        };
        // Text and numbers always serialize.
        serde_json::to_string(&line).unwrap_or_default()
    }

    /// `Server-Timing` as W3C has it: what the request has taken so far.
    pub(crate) fn server_timing(&self, now: u64) -> String {
        let cost = self.meter.read();
        format!(
            "total;dur={}, objects;dur={};desc=\"{} calls\", r2;dur={};desc=\"{} reads, {} writes\"",
            now.saturating_sub(self.began_at),
            cost.object_ms,
            cost.object_calls,
            cost.r2_ms,
            cost.r2_reads,
            cost.r2_writes,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::super::{FaultClass, Subject, Surface};
    use super::*;

    #[test]
    fn a_line_has_these_fields_and_no_secret() {
        let token = "art_v1_0123456789abcdef0123456789abcdef01234567";
        let subject = Subject { route: "deleteRepo", ..Subject::default() };
        let witness = Witness::new(1_000, "id".into(), "DELETE".into(), Surface::Rest, subject);
        witness.concerns(Some("ns"), Some(token));
        witness.meter.object_call();
        witness.meter.object_took(3);
        witness.meter.sent(20);
        witness.failed(FaultClass::Client, &format!("Repository not found: {token}."));
        assert_eq!(
            witness.line(404, 1_007),
            r#"{"request_id":"id","method":"DELETE","route":"deleteRepo","namespace":"ns","repo":"art_v1_***","status":404,"ms":7,"object_calls":1,"object_ms":3,"r2_reads":0,"r2_writes":0,"r2_ms":0,"bytes_in":0,"bytes_out":20,"error":"Repository not found: art_v1_***."}"#
        );
        let timing = r#"total;dur=7, objects;dur=3;desc="1 calls", r2;dur=0;desc="0 reads, 0 writes""#;
        assert_eq!(witness.server_timing(1_007), timing);
    }
}
