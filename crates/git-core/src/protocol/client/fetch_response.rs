//! The answer to a request for a pack, in every version. Source: gitprotocol-pack(5), "Packfile Negotiation" and
//! "Packfile Data"; gitprotocol-v2(5), "fetch".

use super::bands::{Banded, Bands};
use super::before_pack::{Section, State};
use super::{Capabilities, FetchRequest, RemoteError};
use crate::ObjectId;
use crate::pkt_line::PacketStream;
use crate::protocol::Version;

/// What an answer says, in the order of the answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event<'a> {
    /// A commit whose parents do not come. There may be any number: to bound what is kept of them is the caller's.
    Shallow(ObjectId),
    /// A commit that was shallow here, and whose parents come now.
    Unshallow(ObjectId),
    /// Some more of the pack, as much as there is without waiting.
    PackData(&'a [u8]),
    /// Some more of what the server tells of its progress, cut anywhere and neither cleaned nor bounded: see
    /// [`super::RemoteText`].
    Progress(&'a [u8]),
}

/// Reads an answer from chunks of any size, of which it holds at most one line. Whether the pack is sound is for
/// [`crate::pack::receive`] to say.
#[derive(Debug, Clone)]
pub struct FetchResponse {
    state: State,
    /// Where version 0 goes on when all is acknowledged.
    pack_state: State,
    packets: PacketStream,
    bands: Bands,
    text_len_max: usize,
}

impl FetchResponse {
    /// A reader of what this server answers to this request.
    pub fn new(request: &FetchRequest<'_>, capabilities: &Capabilities, text_len_max: usize) -> Self {
        let state = match (capabilities.version, request.depth) {
            (Version::V2, _) => State::HeaderAfter(Section::None),
            (_, Some(_)) => State::ShallowList,
            (_, None) => State::Acknowledgements,
        };
        let pack_state = if capabilities.side_band.is_some() { State::Bands } else { State::Pack };
        let (packets, bands) = (PacketStream::new(), Bands::new(text_len_max));
        Self { state, pack_state, packets, bands, text_len_max }
    }

    /// Takes the next event off the front of `input`; `None` when all of it is used. After an error there is nothing
    /// more to be read.
    pub fn read<'a>(&mut self, input: &mut &'a [u8]) -> Result<Option<Event<'a>>, RemoteError> {
        loop {
            match self.state {
                State::Bands => match self.bands.read(input)? {
                    None => return Ok(None),
                    Some(Banded::Data(bytes)) => return Ok(Some(Event::PackData(bytes))),
                    Some(Banded::Progress(bytes)) => return Ok(Some(Event::Progress(bytes))),
                    Some(Banded::Flush) => self.state = State::End,
                },
                State::Pack | State::End if input.is_empty() => return Ok(None),
                State::Pack => return Ok(Some(Event::PackData(std::mem::take(input)))),
                State::End => return Err(RemoteError::TrailingBytes),
                state => {
                    let Some(packet) = self.packets.read(input)? else { return Ok(None) };
                    let (state, event) = state.after(packet, self.pack_state, self.text_len_max)?;
                    self.state = state;
                    if event.is_some() {
                        return Ok(event);
                    }
                }
            }
        }
    }

    /// Says that no more comes. Without side-band nothing but the pack itself tells whether all of it has come.
    pub fn finish(self) -> Result<(), RemoteError> {
        match self.state {
            State::Pack | State::End => Ok(()),
            State::Bands => Err(RemoteError::Truncated { n_missing: self.bands.n_missing() }),
            _ => Err(RemoteError::Truncated { n_missing: self.packets.n_missing() }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{
        Band, HEADER_LEN, PktLineError, SideBand, write_band, write_delimiter, write_flush, write_line,
    };
    use crate::protocol::Excerpt;
    use crate::protocol::client::RemoteText;
    use core::num::NonZeroU32;

    const VERSION_0: Capabilities =
        Capabilities { side_band: Some(SideBand::Large), shallow: true, ..Capabilities::none(Version::V0) };
    const VERSION_2: Capabilities = Capabilities { version: Version::V2, ..VERSION_0 };
    const RAW: Capabilities = Capabilities { side_band: None, ..VERSION_0 };
    const PLAIN: FetchRequest<'_> =
        FetchRequest { wants: &[], haves: &[], shallow: &[], depth: None, include_tag: false };
    const DEEPENING: FetchRequest<'_> = FetchRequest { depth: NonZeroU32::new(1), ..PLAIN };

    fn id(n: u8) -> ObjectId {
        ObjectId::from_bytes([n; 20])
    }

    /// Lines, flushes for `0000` and delimiters for `0001`.
    fn body(lines: &[&str]) -> Vec<u8> {
        let mut out = Vec::new();
        for line in lines {
            match *line {
                "0000" => write_flush(&mut out),
                "0001" => write_delimiter(&mut out),
                line => write_line(&mut out, &[line.as_bytes()]),
            }
        }
        out
    }

    /// The same, and a pack in bands.
    fn with_pack(lines: &[&str]) -> Vec<u8> {
        let mut out = body(lines);
        write_band(&mut out, SideBand::Large, Band::Progress, b"1 of 1\n");
        write_band(&mut out, SideBand::Large, Band::Data, b"PACK...");
        write_flush(&mut out);
        out
    }

    /// The events in words, neighbours of one kind as one.
    fn read(
        setting: (&FetchRequest<'_>, &Capabilities),
        answer: &[u8],
        chunk_len: usize,
    ) -> Result<Vec<String>, RemoteError> {
        let mut response = FetchResponse::new(setting.0, setting.1, 99);
        let (mut events, mut last) = (Vec::<String>::new(), "");
        for mut chunk in answer.chunks(chunk_len) {
            while let Some(event) = response.read(&mut chunk)? {
                let (kind, text) = match event {
                    Event::Shallow(id) => ("", format!("shallow {id}")),
                    Event::Unshallow(id) => ("", format!("unshallow {id}")),
                    Event::PackData(bytes) => ("pack ", bytes.escape_ascii().to_string()),
                    Event::Progress(bytes) => ("progress ", bytes.escape_ascii().to_string()),
                };
                match events.last_mut() {
                    Some(event) if !kind.is_empty() && kind == last => event.push_str(&text),
                    _ => events.push(kind.to_owned() + &text),
                }
                last = kind;
            }
            assert!(chunk.is_empty());
        }
        response.finish()?;
        Ok(events)
    }

    fn read_whole(setting: (&FetchRequest<'_>, &Capabilities), answer: &[u8]) -> Result<Vec<String>, RemoteError> {
        let whole = read(setting, answer, usize::MAX);
        for chunk_len in 1..answer.len() {
            assert_eq!(read(setting, answer, chunk_len), whole, "{}", answer.escape_ascii());
        }
        whole
    }

    fn expected(before: &[String]) -> Vec<String> {
        before.iter().cloned().chain(["progress 1 of 1\\n".to_owned(), "pack PACK...".to_owned()]).collect()
    }

    #[test]
    fn version_2_has_sections_some_of_which_may_be_left_out() {
        let (shallow, unshallow) = (format!("shallow {}", id(1)), format!("unshallow {}", id(2)));
        let ends = [shallow.clone(), unshallow.clone()];
        let acks = ["acknowledgments", &format!("ACK {}", id(3)), "ready", "0001"];
        let info = ["shallow-info", &shallow, &unshallow, "0001"];
        for (lines, before) in [
            (vec![], &[][..]),
            (info.to_vec(), &ends),
            (acks.to_vec(), &[]),
            ([acks, info].concat(), &ends),
            (vec!["shallow-info", "0001"], &[]),
        ] {
            let answer = with_pack(&[&lines[..], &["packfile"]].concat());
            assert_eq!(read_whole((&PLAIN, &VERSION_2), &answer), Ok(expected(before)), "{lines:?}");
        }
    }

    #[test]
    fn version_0_tells_ends_of_history_when_it_was_asked_for_depth() {
        let shallow = format!("shallow {}", id(1));
        let plain = with_pack(&["NAK"]);
        assert_eq!(read_whole((&PLAIN, &VERSION_0), &plain), Ok(expected(&[])));
        let deep = with_pack(&[&shallow, "0000", "NAK"]);
        assert_eq!(read_whole((&DEEPENING, &VERSION_0), &deep), Ok(expected(&[shallow])));
        let unasked = RemoteError::UnexpectedLine(Excerpt::of(&deep[4..deep.len().min(52)]));
        assert_eq!(read_whole((&PLAIN, &VERSION_0), &deep), Err(unasked));
        assert_eq!(read_whole((&DEEPENING, &VERSION_0), &plain), Err(RemoteError::UnexpectedLine(Excerpt::of(b"NAK"))));
    }

    #[test]
    fn version_0_acknowledges_in_one_line_or_in_several() {
        let ack = |more| format!("ACK {}{more}", id(9));
        for lines in [
            vec![ack("")],
            vec![ack(" continue"), ack("")],
            vec![ack(" common"), ack(" common"), ack(" ready"), ack("")],
            vec![ack(" ready"), "NAK".to_owned()],
        ] {
            let lines: Vec<&str> = lines.iter().map(String::as_str).collect();
            assert_eq!(read_whole((&PLAIN, &VERSION_0), &with_pack(&lines)), Ok(expected(&[])), "{lines:?}");
        }
        for line in ["NAK common".to_owned(), ack(" maybe")] {
            let refused = Err(RemoteError::UnexpectedLine(Excerpt::of(line.as_bytes())));
            assert_eq!(read_whole((&PLAIN, &VERSION_0), &body(&[&line])), refused);
        }
    }

    #[test]
    fn without_side_band_the_pack_is_all_that_follows() {
        let answer = [&body(&["NAK"])[..], b"PACK0000\x01"].concat();
        assert_eq!(read_whole((&PLAIN, &RAW), &answer), Ok(vec!["pack PACK0000\\x01".to_owned()]));
        assert_eq!(read_whole((&PLAIN, &RAW), &body(&["NAK"])), Ok(vec![]));
    }

    #[test]
    fn the_pack_is_not_copied() {
        let answer = with_pack(&["packfile"]);
        let mut response = FetchResponse::new(&PLAIN, &VERSION_2, 0);
        let mut rest = &answer[..];
        assert_eq!(response.read(&mut rest), Ok(Some(Event::Progress(b"1 of 1\n"))));
        let Ok(Some(Event::PackData(pack))) = response.read(&mut rest) else { panic!("no pack") };
        let at = answer.len() - b"PACK...0000".len();
        assert_eq!((pack, pack.as_ptr()), (&b"PACK..."[..], answer[at..].as_ptr()));
        assert_eq!(response.read(&mut rest), Ok(None));
    }

    #[test]
    fn a_section_that_was_not_asked_for_or_comes_too_late_is_refused() {
        for lines in [
            &["wanted-refs"][..],
            &["packfile-uris"],
            &["sections"],
            &["shallow-info", "0001", "acknowledgments"],
            &["shallow-info", "0001", "shallow-info"],
        ] {
            let header = Excerpt::of(lines[lines.len() - 1].as_bytes());
            let refused = read_whole((&PLAIN, &VERSION_2), &body(lines));
            assert_eq!(refused, Err(RemoteError::UnexpectedSection(header)), "{lines:?}");
        }
    }

    #[test]
    fn an_answer_without_a_pack_is_refused() {
        for (lines, kind) in [
            (&["0000"][..], "flush"),
            (&["0001"], "delimiter"),
            (&["acknowledgments", "NAK", "0000"], "flush"),
            (&["shallow-info", "0000"], "flush"),
        ] {
            let refused = read_whole((&PLAIN, &VERSION_2), &body(lines));
            assert_eq!(refused, Err(RemoteError::UnexpectedPacket(kind)), "{lines:?}");
        }
        assert_eq!(read_whole((&PLAIN, &VERSION_0), b"0000"), Err(RemoteError::UnexpectedPacket("flush")));
    }

    #[test]
    fn a_line_that_means_nothing_is_refused_as_it_stands() {
        for (setting, lines) in [
            ((&PLAIN, &VERSION_2), &["acknowledgments", "ACK 1"][..]),
            ((&PLAIN, &VERSION_2), &["shallow-info", "shallow 1"]),
            ((&DEEPENING, &VERSION_0), &["unshallow"]),
            ((&PLAIN, &VERSION_0), &["ACK"]),
            ((&PLAIN, &VERSION_0), &["ready"]),
        ] {
            let line = Excerpt::of(lines[lines.len() - 1].as_bytes());
            assert_eq!(read_whole(setting, &body(lines)), Err(RemoteError::UnexpectedLine(line)), "{lines:?}");
        }
    }

    #[test]
    fn the_remotes_own_words_end_it_anywhere() {
        let refused = Err(RemoteError::Refused(RemoteText::clean(b"upload-pack: not our ref", 99)));
        let words = "ERR upload-pack: not our ref";
        for (setting, lines) in [
            ((&PLAIN, &VERSION_2), &[words][..]),
            ((&PLAIN, &VERSION_2), &["shallow-info", words]),
            ((&PLAIN, &VERSION_2), &["packfile", words]),
            ((&PLAIN, &VERSION_2), &["packfile", "\x03upload-pack: not our ref"]),
            ((&PLAIN, &VERSION_0), &[words]),
            ((&DEEPENING, &VERSION_0), &[words]),
            ((&PLAIN, &VERSION_0), &["NAK", "\x03upload-pack: not our ref"]),
        ] {
            assert_eq!(read_whole(setting, &body(lines)), refused, "{lines:?}");
        }
    }

    #[test]
    fn an_answer_ends_with_its_flush_and_not_before_or_after() {
        let shallow = format!("shallow {}", id(1));
        for (setting, sound) in [
            ((&PLAIN, &VERSION_2), with_pack(&["shallow-info", &shallow, "0001", "packfile"])),
            ((&DEEPENING, &VERSION_0), with_pack(&[&shallow, "0000", "NAK"])),
        ] {
            for len in 0..sound.len() {
                let Err(RemoteError::Truncated { n_missing }) = read_whole(setting, &sound[..len]) else {
                    panic!("{len} bytes are enough");
                };
                assert!((1..=sound.len() - len).contains(&n_missing), "{len}");
            }
            assert!(read_whole(setting, &sound).is_ok());
            for more in [&b"0000"[..], b"x"] {
                assert_eq!(read_whole(setting, &[&sound, more].concat()), Err(RemoteError::TrailingBytes));
            }
        }
        assert_eq!(read_whole((&PLAIN, &VERSION_2), b""), Err(RemoteError::Truncated { n_missing: HEADER_LEN }));
    }

    #[test]
    fn what_is_no_packet_is_refused() {
        let error = RemoteError::PktLine(PktLineError::LengthNotHex { digits: *b"<htm" });
        assert_eq!(read_whole((&PLAIN, &VERSION_2), b"<html>"), Err(error));
    }
}
