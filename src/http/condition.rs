//! Whether an answer is wanted, and which part of it. Source: RFC 9110, sections 13 and 14.

use std::ops::Range;

/// What a request says of the answer that it has or wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) if_match: Option<String>,
    pub(crate) if_none_match: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) range: Option<String>,
}

/// What of an answer is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// It is not the one that the client wants it to be.
    Changed,
    /// The client has it.
    NotModified,
    Whole,
    /// Not empty, and all of it if that is what was asked for.
    Part(Range<u64>),
    /// No part of it was asked for.
    OutOfRange,
}

impl Conditions {
    /// Those that the headers of a request state. Ranges are of a `GET` alone: section 14.2.
    pub(crate) fn read<E>(
        is_head: bool,
        header: impl Fn(&'static str) -> Result<Option<String>, E>,
    ) -> Result<Self, E> {
        let of_get = |name| if is_head { Ok(None) } else { header(name) };
        Ok(Self {
            if_match: header("if-match")?,
            if_none_match: header("if-none-match")?,
            if_range: of_get("if-range")?,
            range: of_get("range")?,
        })
    }

    /// What to send of `len` bytes whose entity tag is `etag`, in quotes.
    pub(crate) fn delivery(&self, etag: &str, len: u64) -> Delivery {
        if self.if_match.as_deref().is_some_and(|tags| !listed(tags).any(|tag| tag == "*" || tag == etag)) {
            return Delivery::Changed;
        }
        // A weak tag is as good as a strong one where only the sending is spared.
        let is_known = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag;
        if self.if_none_match.as_deref().is_some_and(|tags| listed(tags).any(is_known)) {
            return Delivery::NotModified;
        }
        // A date is no tag: there is none here to compare it with.
        let is_same = self.if_range.as_deref().is_none_or(|tag| tag.trim() == etag);
        let range = self.range.as_deref().filter(|_| is_same);
        range.and_then(|range| parse_range(range, len)).unwrap_or(Delivery::Whole)
    }
}

/// The entity tags of a list.
fn listed(tags: &str) -> impl Iterator<Item = &str> {
    tags.split(',').map(str::trim)
}

/// One range of bytes, cut off at the end. What is malformed, and more than one range, is passed over, as the RFC lets servers do.
fn parse_range(header: &str, len: u64) -> Option<Delivery> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.split_once('-')?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let range = match (first.trim(), last.trim()) {
        ("", last) => len.saturating_sub(number(last)?)..len,
        (first, "") => number(first)?..len,
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            if first > last {
                return None;
            }
            first..last.saturating_add(1).min(len)
        }
    };
    Some(if range.is_empty() { Delivery::OutOfRange } else { Delivery::Part(range) })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ETAG: &str = "\"aa\"";

    fn of_range(range: &str) -> Delivery {
        Conditions { range: Some(range.into()), ..Conditions::default() }.delivery(ETAG, 10)
    }

    #[test]
    fn a_range_is_cut_off_at_the_end() {
        for (range, wanted) in [
            ("bytes=0-0", 0..1),
            ("bytes=0-", 0..10),
            ("bytes=0-9", 0..10),
            ("bytes=2-", 2..10),
            ("bytes=-3", 7..10),
            ("bytes=-30", 0..10),
            ("BYTES=4-99999999999999999999", 4..10),
        ] {
            assert_eq!(of_range(range), Delivery::Part(wanted), "{range}");
        }
        for range in ["bytes=10-", "bytes=10-12", "bytes=-0"] {
            assert_eq!(of_range(range), Delivery::OutOfRange, "{range}");
        }
        for range in ["bytes=5-4", "bytes=0-1,3-4", "lines=1-2", "bytes=a-b", "bytes", "bytes=-", "bytes=+1-2"] {
            assert_eq!(of_range(range), Delivery::Whole, "{range}");
        }
        let empty = Conditions { range: Some("bytes=0-".into()), ..Conditions::default() };
        assert_eq!(empty.delivery(ETAG, 0), Delivery::OutOfRange);
    }

    #[test]
    fn what_the_client_has_is_not_sent() {
        let of_tags = |tags: &str| Conditions { if_none_match: Some(tags.into()), ..Conditions::default() };
        for tags in ["\"aa\"", "*", "W/\"aa\"", "\"bb\", \"aa\""] {
            assert_eq!(of_tags(tags).delivery(ETAG, 10), Delivery::NotModified, "{tags}");
        }
        assert_eq!(of_tags("\"bb\"").delivery(ETAG, 10), Delivery::Whole);
    }

    #[test]
    fn what_is_not_what_the_client_wants_is_not_sent() {
        let of_tags = |tags: &str| Conditions { if_match: Some(tags.into()), ..Conditions::default() };
        for tags in ["\"aa\"", "*", "\"bb\", \"aa\""] {
            assert_eq!(of_tags(tags).delivery(ETAG, 10), Delivery::Whole, "{tags}");
        }
        for tags in ["\"bb\"", "W/\"aa\"", "aa", ""] {
            assert_eq!(of_tags(tags).delivery(ETAG, 10), Delivery::Changed, "{tags}");
        }
        let both = Conditions { if_none_match: Some("*".into()), ..of_tags("\"bb\"") };
        assert_eq!(both.delivery(ETAG, 10), Delivery::Changed);
    }

    #[test]
    fn a_head_has_no_range() {
        let all = |is_head| Conditions::read(is_head, |name| Ok::<_, ()>(Some(name.to_owned()))).unwrap();
        assert_eq!(all(false).range.as_deref(), Some("range"));
        assert_eq!((all(true).range, all(true).if_range), (None, None));
        assert_eq!(all(true).if_none_match.as_deref(), Some("if-none-match"));
    }

    #[test]
    fn a_range_of_something_else_is_all_of_it() {
        let range = || Some("bytes=1-2".into());
        let same = Conditions { range: range(), if_range: Some(ETAG.into()), ..Conditions::default() };
        assert_eq!(same.delivery(ETAG, 10), Delivery::Part(1..3));
        for if_range in ["\"bb\"", "W/\"aa\"", "Thu, 26 Nov 2026 12:00:00 GMT"] {
            let other = Conditions { if_range: Some(if_range.into()), ..same.clone() };
            assert_eq!(other.delivery(ETAG, 10), Delivery::Whole);
        }
    }
}
