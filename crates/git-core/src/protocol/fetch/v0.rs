//! Requests in versions 0 and 1. Source: gitprotocol-pack(5), "Packfile Negotiation"; gitprotocol-http(5), "Smart Service
//! git-upload-pack".

use super::{Acks, Answer, Common, End, FetchRequest, Filter, MultiAck, Negotiation, ShallowUpdate, push_id};
use crate::ObjectId;
use crate::pkt_line::{Packet, Reader, SideBand, write_flush, write_line};
use crate::protocol::{Excerpt, RequestError, RequestLimits, capabilities};

pub(super) fn parse(body: &[u8], limits: &RequestLimits) -> Result<FetchRequest, RequestError> {
    let mut reader = Reader::new(body);
    let mut acks = Acks::default();
    let mut request = FetchRequest::new(Negotiation::Acks(acks), None);
    loop {
        match reader.read()? {
            Packet::Line(line) => {
                let taken = take_want(line, &mut request, &mut acks, limits);
                request.note(taken)?;
            }
            Packet::Flush => break,
            packet => return Err(RequestError::unexpected(&packet)),
        }
    }
    request.negotiation = Negotiation::Acks(acks);
    request.end = take_haves(&mut reader, &mut request, limits)?;
    Ok(request)
}

fn take_want(
    line: &[u8],
    request: &mut FetchRequest,
    acks: &mut Acks,
    limits: &RequestLimits,
) -> Result<(), RequestError> {
    if request.depth.take(line, limits)? {
        return Ok(());
    }
    if let Some(specification) = line.strip_prefix(b"filter ") {
        request.filter = Some(Filter::parse(specification)?);
        return Ok(());
    }
    let want = line.strip_prefix(b"want ").ok_or_else(|| unexpected(line))?;
    let (hex, list) = want.split_at_checked(ObjectId::HEX_LEN).unwrap_or((want, b""));
    if !list.is_empty() && !list.starts_with(b" ") {
        return Err(unexpected(line));
    }
    push_id(&mut request.wants, hex, line, "want", limits.n_wants_max)?;
    capabilities::split(list).try_for_each(|capability| take_capability(capability, request, acks))
}

/// A body that ends right after the wants is legal; one that ends among the haves is not.
fn take_haves(
    reader: &mut Reader<'_>,
    request: &mut FetchRequest,
    limits: &RequestLimits,
) -> Result<End, RequestError> {
    loop {
        match reader.read()? {
            Packet::Line(b"done") => return Ok(End::Done),
            Packet::Line(line) => {
                let hex = line.strip_prefix(b"have ").ok_or_else(|| unexpected(line))?;
                let taken = push_id(&mut request.haves, hex, line, "have", limits.n_haves_max);
                request.note(taken)?;
            }
            Packet::Flush => return Ok(End::Flush),
            Packet::End if request.haves.is_empty() => return Ok(End::Wants),
            packet => return Err(RequestError::unexpected(&packet)),
        }
    }
}

fn unexpected(line: &[u8]) -> RequestError {
    RequestError::UnexpectedLine(Excerpt::of(line))
}

/// A capability that is not known makes no difference, as with Git, but for the format of object ids.
fn take_capability(capability: &[u8], request: &mut FetchRequest, acks: &mut Acks) -> Result<(), RequestError> {
    if let Some(format) = capabilities::foreign_object_format(capability) {
        return Err(RequestError::ForeignObjectFormat(Excerpt::of(format)));
    }
    match capability {
        b"multi_ack" => acks.multi_ack = acks.multi_ack.max(MultiAck::Continue),
        b"multi_ack_detailed" => acks.multi_ack = MultiAck::Detailed,
        b"no-done" => acks.no_done = true,
        b"thin-pack" => request.thin_pack = true,
        b"ofs-delta" => request.ofs_delta = true,
        b"no-progress" => request.no_progress = true,
        b"include-tag" => request.include_tag = true,
        b"deepen-relative" => request.depth.is_relative = true,
        b"side-band" => request.side_band = request.side_band.max(Some(SideBand::Small)),
        b"side-band-64k" => request.side_band = Some(SideBand::Large),
        _ => {}
    }
    Ok(())
}

pub(super) fn answer<F: FnMut(&[ObjectId]) -> bool>(
    request: &FetchRequest,
    acks: Acks,
    update: &ShallowUpdate,
    is_common: impl Fn(&ObjectId) -> bool,
    common: &mut Common<F>,
) -> Answer {
    let mut lines = AckLines { bytes: Vec::new(), multi_ack: acks.multi_ack, said_ready: false };
    if request.depth.is_asked_for() {
        update.write(&mut lines.bytes, b"");
        write_flush(&mut lines.bytes);
    }
    let mut all_common = true;
    for have in &request.haves {
        if is_common(have) {
            common.ids.push(*have);
            lines.common(have, common.ids.len());
        } else {
            all_common = false;
            if acks.multi_ack != MultiAck::None && common.is_ready() {
                lines.ready(have);
            }
        }
    }
    let pack_follows = match request.end {
        End::Wants => false,
        End::Done => {
            match common.ids.last() {
                None => lines.nak(),
                Some(last) if acks.multi_ack != MultiAck::None => lines.ack(last, b""),
                Some(_) => {}
            }
            true
        }
        End::Flush => lines.flush(acks, all_common, common),
    };
    Answer { bytes: lines.bytes, pack_follows }
}

struct AckLines {
    bytes: Vec<u8>,
    multi_ack: MultiAck,
    said_ready: bool,
}

impl AckLines {
    /// Without `multi_ack` a client hears of the first common object and then of nothing more.
    fn common(&mut self, id: &ObjectId, n_common: usize) {
        match self.multi_ack {
            MultiAck::Detailed => self.ack(id, b" common"),
            MultiAck::Continue => self.ack(id, b" continue"),
            MultiAck::None if n_common == 1 => self.ack(id, b""),
            MultiAck::None => {}
        }
    }

    /// An object that is not here is acknowledged all the same once enough is common, so that the client stops.
    fn ready(&mut self, id: &ObjectId) {
        if self.multi_ack == MultiAck::Detailed {
            self.said_ready = true;
            self.ack(id, b" ready");
        } else {
            self.ack(id, b" continue");
        }
    }

    /// The end of a round. Returns whether the pack is to follow without `done`.
    fn flush<F: FnMut(&[ObjectId]) -> bool>(&mut self, acks: Acks, all_common: bool, common: &mut Common<F>) -> bool {
        let last = common.ids.last().copied();
        if let Some(last) = last
            && self.multi_ack == MultiAck::Detailed
            && all_common
            && common.is_ready()
        {
            self.ready(&last);
        }
        if last.is_none() || self.multi_ack != MultiAck::None {
            self.nak();
        }
        match last {
            Some(last) if acks.no_done && self.said_ready => {
                self.ack(&last, b"");
                true
            }
            _ => false,
        }
    }

    fn ack(&mut self, id: &ObjectId, status: &[u8]) {
        write_line(&mut self.bytes, &[b"ACK ", id.to_hex().as_bytes(), status]);
    }

    fn nak(&mut self) {
        write_line(&mut self.bytes, &[b"NAK"]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::write_flush;

    const LIMITS: RequestLimits =
        RequestLimits { n_wants_max: 2, n_haves_max: 3, n_shallow_max: 3, n_ref_prefixes_max: 0 };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    /// A body of lines; an empty one is a flush.
    fn body(lines: &[String]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            if line.is_empty() {
                write_flush(&mut out);
            } else {
                write_line(&mut out, &[line.as_bytes()]);
            }
        }
        out
    }

    fn parse(lines: &[String]) -> Result<FetchRequest, RequestError> {
        super::parse(&body(lines), &LIMITS)
    }

    fn want(n: u8, capabilities: &str) -> String {
        format!("want {}{capabilities}", id(n))
    }

    fn have(n: u8) -> String {
        format!("have {}", id(n))
    }

    #[test]
    fn a_clone_wants_and_is_done() {
        let capabilities = " multi_ack_detailed no-done side-band-64k thin-pack ofs-delta agent=git/2.47";
        let request = parse(&[want(1, capabilities), want(2, ""), String::new(), "done".to_owned()]).unwrap();
        assert_eq!((request.wants, request.haves, request.end), (vec![id(1), id(2)], vec![], End::Done));
        assert_eq!(request.negotiation, Negotiation::Acks(Acks { multi_ack: MultiAck::Detailed, no_done: true }));
        assert_eq!(request.side_band, Some(SideBand::Large));
        assert!(request.thin_pack && request.ofs_delta && !request.no_progress && !request.include_tag);
    }

    #[test]
    fn the_better_of_two_capabilities_counts_in_either_order() {
        let request =
            parse(&[want(1, " side-band-64k side-band multi_ack_detailed multi_ack"), String::new()]).unwrap();
        assert_eq!(request.side_band, Some(SideBand::Large));
        assert_eq!(request.negotiation, Negotiation::Acks(Acks { multi_ack: MultiAck::Detailed, no_done: false }));
        assert_eq!(request.end, End::Wants);
    }

    #[test]
    fn a_flush_alone_wants_nothing_and_gets_nothing() {
        let request = parse(&[String::new()]).unwrap();
        let nothing = Answer { bytes: Vec::new(), pack_follows: false };
        assert_eq!(request.answer(&ShallowUpdate::default(), |_| true, |_| true), nothing);
    }

    #[test]
    fn what_was_not_offered_is_refused_in_words() {
        let refusal = |lines: &[String]| parse(lines).unwrap().refusal.unwrap().refusal();
        let filtered = [want(1, ""), "filter sparse:oid=x".to_owned(), String::new()];
        assert_eq!(refusal(&filtered), "upload-pack: not supported by this server: 'sparse:oid=x'");
        assert_eq!(
            refusal(&[want(1, " object-format=sha256"), String::new()]),
            "upload-pack: mismatched object format: server sha1; client sha256"
        );
    }

    #[test]
    fn the_end_of_history_is_told_before_anything_else() {
        let update = ShallowUpdate { shallow: vec![id(5)], unshallow: vec![id(6)] };
        let deepen = |end: &[String]| {
            let request = parse(&[&[want(1, " deepen-relative"), "deepen 2".to_owned(), String::new()], end].concat());
            request.unwrap().answer(&update, |_| false, |_| false)
        };
        let told = format!("0034shallow {}0036unshallow {}0000", id(5), id(6)).into_bytes();
        assert_eq!(deepen(&[]), Answer { bytes: told.clone(), pack_follows: false });
        let with_nak = [told, body(&["NAK".to_owned()])].concat();
        assert_eq!(deepen(&["done".to_owned()]), Answer { bytes: with_nak, pack_follows: true });
        let shallow = parse(&[want(1, ""), format!("shallow {}", id(6)), String::new(), "done".to_owned()]).unwrap();
        assert_eq!(shallow.answer(&update, |_| false, |_| false).bytes, body(&["NAK".to_owned()]));
    }

    #[test]
    fn a_line_that_is_no_line_of_a_fetch_is_refused() {
        for line in ["want 11", "wants", "have", "done"] {
            let refused = parse(&[line.to_owned(), String::new()]);
            assert_eq!(refused, Err(RequestError::UnexpectedLine(Excerpt::of(line.as_bytes()))));
        }
        let line = want(1, "multi_ack");
        assert_eq!(
            parse(core::slice::from_ref(&line)),
            Err(RequestError::UnexpectedLine(Excerpt::of(line.as_bytes())))
        );
    }

    #[test]
    fn more_wants_or_haves_than_allowed_are_refused() {
        let refusal = |lines: &[String]| parse(lines).unwrap().refusal;
        let lines = [want(1, ""), want(2, ""), want(3, ""), String::new()];
        assert_eq!(refusal(&lines), Some(RequestError::TooMany { kind: "want", n_max: 2 }));
        let lines = [want(1, ""), String::new(), have(1), have(2), have(3), have(4), String::new()];
        assert_eq!(refusal(&lines), Some(RequestError::TooMany { kind: "have", n_max: 3 }));
    }

    #[test]
    fn a_body_that_stops_midway_is_refused() {
        assert_eq!(parse(&[]), Err(RequestError::UnexpectedEnd));
        assert_eq!(parse(&[want(1, "")]), Err(RequestError::UnexpectedEnd));
        assert_eq!(parse(&[want(1, ""), String::new(), have(1)]), Err(RequestError::UnexpectedEnd));
    }

    #[test]
    fn readiness_is_asked_for_only_when_the_answer_depends_on_it() {
        let capabilities = " multi_ack_detailed no-done";
        let lines = [want(9, capabilities), String::new(), have(1), have(2), have(3), String::new()];
        let request = parse(&lines).unwrap();
        let mut asked = Vec::new();
        let answer = request.answer(
            &ShallowUpdate::default(),
            |id| *id == self::id(2),
            |common| {
                asked.push(common.to_vec());
                true
            },
        );
        assert_eq!(asked, [[id(2)]]);
        let expected = [
            format!("ACK {} common", id(2)),
            format!("ACK {} ready", id(3)),
            "NAK".to_owned(),
            format!("ACK {}", id(2)),
        ];
        assert_eq!(answer, Answer { bytes: body(&expected), pack_follows: true });
    }
}
