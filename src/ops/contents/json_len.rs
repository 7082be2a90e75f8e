//! How long something is as JSON, before it is made: a control character takes six bytes.

use std::io::{self, Write};

use serde::Serialize;

/// Bytes of a value as JSON; `None` when they are more than `len_max`.
pub(super) fn json_len(value: &impl Serialize, len_max: u64) -> Option<u64> {
    let mut counter = Counter { len: 0, len_max };
    serde_json::to_writer(&mut counter, value).ok().map(|()| counter.len)
}

/// What is written to it is counted, up to a bound.
struct Counter {
    len: u64,
    len_max: u64,
}

impl Write for Counter {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.len = self.len.saturating_add(bytes.len() as u64);
        if self.len > self.len_max { Err(io::ErrorKind::FileTooLarge.into()) } else { Ok(bytes.len()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_length_is_that_of_what_serde_writes() {
        for text in ["", "a", "\u{1}\u{1}", "\"\\\n", "\u{e9}"] {
            let json = serde_json::to_string(&[text]).unwrap();
            assert_eq!(json_len(&[text], json.len() as u64), Some(json.len() as u64));
            assert_eq!(json_len(&[text], json.len() as u64 - 1), None);
        }
    }
}
