//! What a pushing client hears back. Source: gitprotocol-pack(5), "Report Status".

use super::push::PushHead;
use crate::pkt_line::{Band, SideBand, write_band, write_flush, write_line};

/// Why no ref moves when the pack was refused.
const UNPACKER_ERROR: &str = "unpacker error";

/// Appends the end of the answer to a push.
///
/// `outcomes` has, for each command in its order, the reason why it was refused, or `None`; or, in the place of them all,
/// the reason why the pack was refused. A command without an outcome is not reported, which `git` shows as a failure.
pub fn write_report(out: &mut Vec<u8>, head: &PushHead, outcomes: Result<&[Option<String>], &str>) {
    let mut report = Vec::new();
    if head.report_status {
        write_lines(&mut report, head, outcomes);
    }
    if head.side_band_64k {
        write_band(out, SideBand::Large, Band::Data, &report);
        write_flush(out);
    } else {
        out.extend_from_slice(&report);
    }
}

fn write_lines(report: &mut Vec<u8>, head: &PushHead, outcomes: Result<&[Option<String>], &str>) {
    match outcomes {
        Ok(reasons) => {
            write_line(report, &[b"unpack ok"]);
            for (command, reason) in head.commands.iter().zip(reasons) {
                write_outcome(report, &command.name, reason.as_deref());
            }
        }
        Err(reason) => {
            write_line(report, &[b"unpack ", one_line(reason).as_bytes()]);
            for command in &head.commands {
                write_outcome(report, &command.name, Some(UNPACKER_ERROR));
            }
        }
    }
    write_flush(report);
}

fn write_outcome(report: &mut Vec<u8>, name: &[u8], reason: Option<&str>) {
    match reason {
        None => write_line(report, &[b"ok ", name]),
        Some(reason) => write_line(report, &[b"ng ", name, b" ", one_line(reason).as_bytes()]),
    }
}

fn one_line(reason: &str) -> String {
    reason.replace(char::is_control, " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::push::PushCommand;

    fn head(report_status: bool, side_band_64k: bool) -> PushHead {
        let command = |name: &str| PushCommand { name: name.as_bytes().to_vec(), old_id: None, new_id: None };
        let commands = vec![command("refs/heads/a"), command("refs/heads/b")];
        PushHead { commands, report_status, side_band_64k, ..PushHead::default() }
    }

    fn report(head: &PushHead, outcomes: Result<&[Option<String>], &str>) -> String {
        let mut out = Vec::new();
        write_report(&mut out, head, outcomes);
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn each_ref_has_a_line() {
        let outcomes = [None, Some("funny\nrefname".to_owned())];
        assert_eq!(
            report(&head(true, false), Ok(&outcomes)),
            "000eunpack ok\n0014ok refs/heads/a\n0022ng refs/heads/b funny refname\n0000"
        );
    }

    #[test]
    fn a_refused_pack_refuses_every_ref() {
        assert_eq!(
            report(&head(true, false), Err("index-pack failed")),
            "001dunpack index-pack failed\n0023ng refs/heads/a unpacker error\n0023ng refs/heads/b unpacker error\n0000"
        );
    }

    #[test]
    fn with_side_band_the_report_is_framed_twice() {
        assert_eq!(
            report(&head(true, true), Ok(&[None, None])),
            "003f\x01000eunpack ok\n0014ok refs/heads/a\n0014ok refs/heads/b\n00000000"
        );
    }

    #[test]
    fn a_client_that_wants_no_report_gets_none() {
        assert_eq!(report(&head(false, false), Ok(&[None, None])), "");
        assert_eq!(report(&head(false, true), Ok(&[None, None])), "0000");
    }
}
