//! The `fetch` command of version 2. Source: gitprotocol-v2(5), "fetch".

use super::{Answer, Common, End, FetchRequest, Filter, Negotiation, ShallowUpdate, WantRef, push_id};
use crate::ObjectId;
use crate::pkt_line::{SideBand, write_delimiter, write_flush, write_line};
use crate::protocol::command::Arguments;
use crate::protocol::{Excerpt, RequestError, RequestLimits};

impl FetchRequest {
    pub(in crate::protocol) fn parse_version_2(
        arguments: &mut Arguments<'_>,
        limits: &RequestLimits,
    ) -> Result<Self, RequestError> {
        let mut wait_for_done = false;
        let mut request = Self::new(Negotiation::Sections { wait_for_done }, Some(SideBand::Large));
        while let Some(line) = arguments.next()? {
            match line {
                b"done" => request.end = End::Done,
                b"thin-pack" => request.thin_pack = true,
                b"ofs-delta" => request.ofs_delta = true,
                b"no-progress" => request.no_progress = true,
                b"include-tag" => request.include_tag = true,
                b"wait-for-done" => wait_for_done = true,
                b"sideband-all" => request.side_band_all = true,
                _ => {
                    let taken = take_value(line, &mut request, limits);
                    request.note(taken)?;
                }
            }
        }
        request.negotiation = Negotiation::Sections { wait_for_done };
        Ok(request)
    }
}

fn take_value(line: &[u8], request: &mut FetchRequest, limits: &RequestLimits) -> Result<(), RequestError> {
    if request.depth.take(line, limits)? {
        return Ok(());
    }
    let n_wants_max = limits.n_wants_max.saturating_sub(request.want_refs.len());
    if let Some(hex) = line.strip_prefix(b"want ") {
        return push_id(&mut request.wants, hex, line, "want", n_wants_max);
    }
    if let Some(name) = line.strip_prefix(b"want-ref ") {
        if request.wants.len() >= n_wants_max {
            return Err(RequestError::TooMany { kind: "want", n_max: limits.n_wants_max });
        }
        request.want_refs.push(WantRef { name: name.to_vec(), id: None });
        return Ok(());
    }
    if let Some(hex) = line.strip_prefix(b"have ") {
        return push_id(&mut request.haves, hex, line, "have", limits.n_haves_max);
    }
    if let Some(specification) = line.strip_prefix(b"filter ") {
        request.filter = Some(Filter::parse(specification)?);
        return Ok(());
    }
    // A client may name the protocols it could fetch packs by; none is ever used.
    if line.starts_with(b"packfile-uris ") {
        return Ok(());
    }
    Err(RequestError::UnexpectedLine(Excerpt::of(line)))
}

/// Haves are acknowledged unless the client is done or has none, and the pack follows unless more haves could help.
pub(super) fn answer<F: FnMut(&[ObjectId]) -> bool>(
    request: &FetchRequest,
    wait_for_done: bool,
    update: &ShallowUpdate,
    is_common: impl Fn(&ObjectId) -> bool,
    common: &mut Common<F>,
) -> Answer {
    let mut bytes = Vec::new();
    // With `sideband-all`, whatever is no flush and no delimiter begins with the number of a band.
    let band = if request.side_band_all { &b"\x01"[..] } else { b"" };
    if request.end != End::Done && !request.haves.is_empty() {
        common.ids = request.haves.iter().copied().filter(is_common).collect();
        write_line(&mut bytes, &[band, b"acknowledgments"]);
        if common.ids.is_empty() {
            write_line(&mut bytes, &[band, b"NAK"]);
        }
        for id in &common.ids {
            write_line(&mut bytes, &[band, b"ACK ", id.to_hex().as_bytes()]);
        }
        if wait_for_done || !common.is_ready() {
            write_flush(&mut bytes);
            return Answer { bytes, pack_follows: false };
        }
        write_line(&mut bytes, &[band, b"ready"]);
        write_delimiter(&mut bytes);
    }
    if request.depth.is_said() || !update.is_empty() {
        write_line(&mut bytes, &[band, b"shallow-info"]);
        update.write(&mut bytes, band);
        write_delimiter(&mut bytes);
    }
    // After the ends of history, as the manual has it and clients expect it, not before them, as git's own server does.
    if !request.want_refs.is_empty() {
        write_line(&mut bytes, &[band, b"wanted-refs"]);
        for WantRef { name, id } in &request.want_refs {
            let hex = id.map(|id| id.to_hex()).unwrap_or_default();
            write_line(&mut bytes, &[band, hex.as_bytes(), b" ", name]);
        }
        write_delimiter(&mut bytes);
    }
    write_line(&mut bytes, &[band, b"packfile"]);
    Answer { bytes, pack_follows: true }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::Reader;
    use crate::protocol::Excerpt;

    const LIMITS: RequestLimits =
        RequestLimits { n_wants_max: 2, n_haves_max: 3, n_shallow_max: 3, n_ref_prefixes_max: 0 };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    fn parse(lines: &[&str]) -> Result<FetchRequest, RequestError> {
        let mut body = Vec::new();
        for line in lines {
            write_line(&mut body, &[line.as_bytes()]);
        }
        write_flush(&mut body);
        FetchRequest::parse_version_2(&mut Arguments::new(Reader::new(&body)), &LIMITS)
    }

    fn request(n_haves: u8, more: &[&str]) -> FetchRequest {
        let want = format!("want {}", id(9));
        let haves: Vec<String> = (1..=n_haves).map(|n| format!("have {}", id(n))).collect();
        let lines: Vec<&str> =
            more.iter().copied().chain([want.as_str()]).chain(haves.iter().map(String::as_str)).collect();
        parse(&lines).unwrap()
    }

    fn text(answer: &Answer) -> String {
        String::from_utf8(answer.bytes.clone()).unwrap()
    }

    #[test]
    fn every_argument_is_read() {
        let more =
            ["thin-pack", "ofs-delta", "no-progress", "include-tag", "wait-for-done", "packfile-uris https", "done"];
        let request = request(2, &more);
        assert_eq!((request.wants, request.haves, request.end), (vec![id(9)], vec![id(1), id(2)], End::Done));
        assert!(request.thin_pack && request.ofs_delta && request.no_progress && request.include_tag);
        assert_eq!(request.negotiation, Negotiation::Sections { wait_for_done: true });
        assert_eq!(request.side_band, Some(SideBand::Large));
    }

    #[test]
    fn without_haves_or_with_done_the_pack_follows_at_once() {
        for request in [request(0, &[]), request(1, &["done"])] {
            let answer = request.answer(&ShallowUpdate::default(), |_| true, |_| false);
            assert_eq!((text(&answer).as_str(), answer.pack_follows), ("000dpackfile\n", true));
        }
    }

    #[test]
    fn haves_are_acknowledged_and_the_pack_follows_when_they_are_enough() {
        let request = request(2, &[]);
        let not_ready = request.answer(&ShallowUpdate::default(), |have| *have == id(2), |_| false);
        let acks = format!("0014acknowledgments\n0031ACK {}\n", id(2));
        assert_eq!((text(&not_ready), not_ready.pack_follows), (format!("{acks}0000"), false));
        let ready = request.answer(&ShallowUpdate::default(), |have| *have == id(2), |common| common == [id(2)]);
        assert_eq!((text(&ready), ready.pack_follows), (format!("{acks}000aready\n0001000dpackfile\n"), true));
        let nothing = request.answer(&ShallowUpdate::default(), |_| false, |_| true);
        assert_eq!((text(&nothing).as_str(), nothing.pack_follows), ("0014acknowledgments\n0008NAK\n0000", false));
    }

    #[test]
    fn a_client_that_waits_for_done_is_never_told_ready() {
        let answer = request(1, &["wait-for-done"]).answer(&ShallowUpdate::default(), |_| true, |_| true);
        assert!(!answer.pack_follows);
        let wants_nothing = parse(&[&format!("have {}", id(1)), "wait-for-done"]).unwrap();
        assert_eq!(
            text(&wants_nothing.answer(&ShallowUpdate::default(), |_| false, |_| true)),
            "0014acknowledgments\n0008NAK\n0000"
        );
    }

    #[test]
    fn a_client_that_wants_nothing_gets_nothing() {
        let answer = parse(&["done"]).unwrap().answer(&ShallowUpdate::default(), |_| true, |_| true);
        assert_eq!(answer, Answer { bytes: Vec::new(), pack_follows: false });
    }

    #[test]
    fn what_was_not_offered_is_refused_in_words() {
        let words = "upload-pack: not supported by this server: 'sparse:oid=x'";
        for (more, told) in [
            (&[][..], format!("{:04x}ERR {words}", words.len() + 8)),
            (&["sideband-all"], format!("{:04x}\x03{words}", words.len() + 5)),
        ] {
            let request = request(0, &[&["filter sparse:oid=x"][..], more].concat());
            let mut answer = Vec::new();
            request.refuse(&mut answer, &request.refusal.clone().unwrap().refusal());
            assert_eq!(String::from_utf8(answer).unwrap(), told);
        }
        assert_eq!(parse(&["sideband"]), Err(RequestError::UnexpectedLine(Excerpt::of(b"sideband"))));
    }

    #[test]
    fn the_end_of_history_is_told_before_the_pack() {
        let update = ShallowUpdate { shallow: vec![id(5)], unshallow: vec![id(6)] };
        let told = |request: &FetchRequest| text(&request.answer(&update, |_| true, |_| true));
        let info = format!("0011shallow-info\n0034shallow {}0036unshallow {}0001000dpackfile\n", id(5), id(6));
        assert_eq!(told(&request(0, &["deepen 1"])), info);
        assert_eq!(told(&request(0, &[&format!("shallow {}", id(6))])), info);
        let acks = format!("0014acknowledgments\n0031ACK {}\n000aready\n0001", id(1));
        assert_eq!(told(&request(1, &["deepen 1"])), acks + &info);
        assert_eq!(told(&request(0, &["filter blob:none"])), info, "of a repo that is shallow itself");
        let nothing = request(0, &[]).answer(&ShallowUpdate::default(), |_| true, |_| true);
        assert_eq!(text(&nothing), "000dpackfile\n");
    }

    #[test]
    fn wanted_refs_are_told_after_the_end_of_history() {
        let mut request = parse(&["want-ref refs/heads/a", "want-ref HEAD", "deepen 1", "sideband-all"]).unwrap();
        assert!(!request.is_empty());
        request.look_up_refs(|name| Some(id(u8::try_from(name.len()).unwrap()))).unwrap();
        let told = text(&request.answer(&ShallowUpdate::default(), |_| true, |_| true));
        let refs = format!("003b\x01{} refs/heads/a\n0033\x01{} HEAD\n", id(12), id(4));
        let before = "0012\x01shallow-info\n00010011\x01wanted-refs\n";
        assert_eq!(told, format!("{before}{refs}0001000e\x01packfile\n"));
    }

    #[test]
    fn with_sideband_all_every_line_is_on_a_band() {
        let answer = request(1, &["sideband-all"]).answer(&ShallowUpdate::default(), |_| true, |_| true);
        let expected = format!("0015\x01acknowledgments\n0032\x01ACK {}\n000b\x01ready\n0001000e\x01packfile\n", id(1));
        assert_eq!(text(&answer), expected);
    }

    #[test]
    fn more_wants_or_haves_than_allowed_are_refused() {
        let want = format!("want {}", id(1));
        let have = format!("have {}", id(1));
        let refusal = |lines: &[&str]| parse(lines).unwrap().refusal;
        let too_many_wants = Some(RequestError::TooMany { kind: "want", n_max: 2 });
        assert_eq!(refusal(&[want.as_str(); 3]), too_many_wants);
        assert_eq!(refusal(&[&want, "want-ref a", "want-ref b"]), too_many_wants);
        assert_eq!(refusal(&[have.as_str(); 4]), Some(RequestError::TooMany { kind: "have", n_max: 3 }));
    }
}
