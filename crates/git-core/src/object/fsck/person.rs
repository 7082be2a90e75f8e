//! The lines of author, committer and tagger: `Name <email> seconds +hhmm`. Source: `fsck_ident` in git's fsck.c.

use super::{Fault, MsgId, MsgIds, say};

/// Checks what stands between the field's name and the end of its line.
pub(super) fn check_person(person: &[u8], let_pass: MsgIds) -> Result<(), Fault> {
    let (msg_id, text) = match fault(person) {
        Ok(()) => return Ok(()),
        Err(fault) => fault,
    };
    say(msg_id, text, let_pass)
}

type Said = (MsgId, &'static str);

fn fault(person: &[u8]) -> Result<(), Said> {
    let before_email = "invalid author/committer line - missing space before email";
    if person.starts_with(b"<") {
        return Err((MsgId::MissingNameBeforeEmail, before_email));
    }
    let (name, rest) = split_at_bracket(person);
    let email = match rest.split_first() {
        Some((b'<', email)) => email,
        Some(_) => return Err((MsgId::BadName, "invalid author/committer line - bad name")),
        None => return Err((MsgId::MissingEmail, "invalid author/committer line - missing email")),
    };
    if !name.ends_with(b" ") {
        return Err((MsgId::MissingSpaceBeforeEmail, before_email));
    }
    let Some((b'>', date)) = split_at_bracket(email).1.split_first() else {
        return Err((MsgId::BadEmail, "invalid author/committer line - bad email"));
    };
    let Some((b' ', date)) = date.split_first() else {
        return Err((MsgId::MissingSpaceBeforeDate, "invalid author/committer line - missing space before date"));
    };
    check_date(date)
}

fn check_date(date: &[u8]) -> Result<(), Said> {
    let bad = Err((MsgId::BadDate, "invalid author/committer line - bad date"));
    let n_blanks = date.iter().take_while(|byte| matches!(byte, b' ' | b'\t')).count();
    let date = date.get(n_blanks..).unwrap_or_default();
    let n_digits = date.iter().take_while(|byte| byte.is_ascii_digit()).count();
    let Some((seconds, rest)) = date.split_at_checked(n_digits).filter(|_| n_digits > 0) else { return bad };
    if seconds.starts_with(b"0") && date.get(1) != Some(&b' ') {
        return Err((MsgId::ZeroPaddedDate, "invalid author/committer line - zero-padded date"));
    }
    let digit = |seconds: i64, digit: &u8| seconds.checked_mul(10)?.checked_add(i64::from(digit - b'0'));
    if seconds.iter().try_fold(0, digit).is_none() {
        return Err((MsgId::BadDateOverflow, "invalid author/committer line - date causes integer overflow"));
    }
    let Some((b' ', zone)) = rest.split_first() else { return bad };
    match zone {
        [b'+' | b'-', hours_and_minutes @ ..]
            if hours_and_minutes.len() == 4 && hours_and_minutes.iter().all(u8::is_ascii_digit) =>
        {
            Ok(())
        }
        _ => Err((MsgId::BadTimezone, "invalid author/committer line - bad time zone")),
    }
}

/// What stands before the first angle bracket, and the rest from there.
fn split_at_bracket(text: &[u8]) -> (&[u8], &[u8]) {
    let at = text.iter().position(|byte| matches!(byte, b'<' | b'>')).unwrap_or(text.len());
    text.split_at_checked(at).unwrap_or((text, &[]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_fault_has_the_name_that_git_gives_it() {
        let cases = [
            ("A U Thor <a@b> 1700000000 +0100", None),
            ("A <> 0 -0000", None),
            (" <a@b>  \t1 +0000", None),
            ("A <a@b> 9223372036854775807 +0000", None),
            ("<a@b> 1 +0000", Some(MsgId::MissingNameBeforeEmail)),
            ("A> <a@b> 1 +0000", Some(MsgId::BadName)),
            ("A", Some(MsgId::MissingEmail)),
            ("A<a@b> 1 +0000", Some(MsgId::MissingSpaceBeforeEmail)),
            ("A <a@b 1 +0000", Some(MsgId::BadEmail)),
            ("A <a<b> 1 +0000", Some(MsgId::BadEmail)),
            ("A <a@b>", Some(MsgId::MissingSpaceBeforeDate)),
            ("A <a@b>1 +0000", Some(MsgId::MissingSpaceBeforeDate)),
            ("A <a@b> ", Some(MsgId::BadDate)),
            ("A <a@b> -1 +0000", Some(MsgId::BadDate)),
            ("A <a@b> 1x +0000", Some(MsgId::BadDate)),
            ("A <a@b> 1", Some(MsgId::BadDate)),
            ("A <a@b> 0", Some(MsgId::ZeroPaddedDate)),
            ("A <a@b> 01 +0000", Some(MsgId::ZeroPaddedDate)),
            ("A <a@b> 9223372036854775808 +0000", Some(MsgId::BadDateOverflow)),
            ("A <a@b> 1 ", Some(MsgId::BadTimezone)),
            ("A <a@b> 1 0000", Some(MsgId::BadTimezone)),
            ("A <a@b> 1 +051800", Some(MsgId::BadTimezone)),
            ("A <a@b> 1 +01:0", Some(MsgId::BadTimezone)),
        ];
        for (person, expected) in cases {
            let found = check_person(person.as_bytes(), MsgIds::NONE).err().map(|fault| fault.msg_id);
            assert_eq!(found, expected, "{person}");
            let let_pass = expected.map_or(MsgIds::NONE, |msg_id| MsgIds::of(&[msg_id]));
            assert_eq!(check_person(person.as_bytes(), let_pass), Ok(()), "{person}");
        }
    }
}
