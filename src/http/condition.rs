//! Whether an answer is wanted, and which part of it. Source: RFC 9110, sections 13 and 14.

use std::ops::Range;

/// What a request says of the answer that it has or wants.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Conditions {
    pub(crate) if_none_match: Option<String>,
    pub(crate) if_range: Option<String>,
    pub(crate) range: Option<String>,
}

/// What of an answer is to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Delivery {
    /// The client has it.
    NotModified,
    Whole,
    Part(Range<u64>),
    /// No part of it was asked for.
    OutOfRange,
}

impl Conditions {
    /// What to send of `len` bytes whose entity tag is `etag`, in quotes.
    pub(crate) fn delivery(&self, etag: &str, len: u64) -> Delivery {
        if self.if_none_match.as_deref().is_some_and(|tags| names(tags, etag)) {
            return Delivery::NotModified;
        }
        // A date is no tag: there is none here to compare it with.
        let is_same = self.if_range.as_deref().is_none_or(|tag| tag.trim() == etag);
        match self.range.as_deref().filter(|_| is_same).and_then(|range| parse_range(range, len)) {
            None => Delivery::Whole,
            Some(range) if range.is_empty() => Delivery::OutOfRange,
            Some(range) => Delivery::Part(range),
        }
    }
}

/// Whether a list of entity tags has this one; weak ones are as good.
fn names(tags: &str, etag: &str) -> bool {
    let mut tags = tags.split(',').map(str::trim);
    tags.any(|tag| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag)
}

/// One range of bytes, cut off at the end; empty when it begins behind that. What is malformed, and more than one range, is
/// passed over, as the RFC lets servers do.
fn parse_range(header: &str, len: u64) -> Option<Range<u64>> {
    let (unit, range) = header.split_once('=')?;
    let (first, last) = range.split_once('-')?;
    let number = |digits: &str| {
        let is_number = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
        is_number.then(|| digits.parse().unwrap_or(u64::MAX))
    };
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    match (first.trim(), last.trim()) {
        ("", last) => Some(len.saturating_sub(number(last)?)..len),
        (first, "") => Some(number(first)?.min(len)..len),
        (first, last) => {
            let (first, last) = (number(first)?, number(last)?);
            (first <= last).then(|| first.min(len)..last.saturating_add(1).min(len))
        }
    }
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
