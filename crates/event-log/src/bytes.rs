//! Numbers and texts in bytes: the pieces that segments and partial results are made of.
//!
//! A number is a varint: seven bits a byte, the lowest first, all but the last with the top bit set. A text is its length
//! and its bytes.

/// The bytes end early, or say what cannot be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Malformed;

/// Appends a varint.
pub(crate) fn push_number(out: &mut Vec<u8>, mut value: u64) {
    while value >= 0x80 {
        out.push(low_seven(value) | 0x80);
        value >>= 7;
    }
    out.push(low_seven(value));
}

fn low_seven(value: u64) -> u8 {
    u8::try_from(value & 0x7f).unwrap_or_default()
}

/// Appends a text.
pub(crate) fn push_text(out: &mut Vec<u8>, text: &str) {
    push_number(out, text.len() as u64);
    out.extend_from_slice(text.as_bytes());
}

/// Bytes that are read from the front.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reader<'a> {
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Reads these.
    pub(crate) fn new(bytes: &'a [u8]) -> Self {
        Self { rest: bytes }
    }

    /// Whether all has been read.
    pub(crate) fn is_at_end(&self) -> bool {
        self.rest.is_empty()
    }

    /// How many bytes are left.
    pub(crate) fn len(&self) -> usize {
        self.rest.len()
    }

    /// The next byte.
    pub(crate) fn byte(&mut self) -> Result<u8, Malformed> {
        let (first, rest) = self.rest.split_first().ok_or(Malformed)?;
        self.rest = rest;
        Ok(*first)
    }

    /// The next `n` bytes.
    pub(crate) fn take(&mut self, n: usize) -> Result<&'a [u8], Malformed> {
        let (taken, rest) = self.rest.split_at_checked(n).ok_or(Malformed)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next varint. One that is longer than need be is none of ours.
    pub(crate) fn number(&mut self) -> Result<u64, Malformed> {
        let mut value = 0_u64;
        let mut shift = 0_u32;
        loop {
            let byte = self.byte()?;
            let bits = u64::from(byte & 0x7f);
            let placed = bits << shift;
            if placed >> shift != bits || (byte == 0 && shift > 0) {
                return Err(Malformed);
            }
            value |= placed;
            if byte < 0x80 {
                return Ok(value);
            }
            shift += 7;
            if shift > 63 {
                return Err(Malformed);
            }
        }
    }

    /// The next varint, which is of 32 bits.
    pub(crate) fn small(&mut self) -> Result<u32, Malformed> {
        u32::try_from(self.number()?).map_err(|_| Malformed)
    }

    /// The next varint, which says how many things follow, each of a byte at least.
    pub(crate) fn n_things(&mut self) -> Result<usize, Malformed> {
        let n = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        if n > self.rest.len() { Err(Malformed) } else { Ok(n) }
    }

    /// The next text.
    pub(crate) fn text(&mut self) -> Result<&'a str, Malformed> {
        let len = usize::try_from(self.number()?).map_err(|_| Malformed)?;
        core::str::from_utf8(self.take(len)?).map_err(|_| Malformed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_every_length_come_back() {
        for shift in 0..64 {
            for value in [(1_u64 << shift) - 1, 1 << shift, (1 << shift) + 1, u64::MAX >> shift] {
                let mut out = Vec::new();
                push_number(&mut out, value);
                let mut reader = Reader::new(&out);
                assert_eq!((reader.number(), reader.is_at_end()), (Ok(value), true));
            }
        }
    }

    #[test]
    fn a_number_that_is_cut_off_too_long_or_too_large_is_none() {
        let numbers: [&[u8]; 5] =
            [&[], &[0x80], &[0x80, 0], &[0xff; 10], &[0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 2]];
        for bytes in numbers {
            assert_eq!(Reader::new(bytes).number(), Err(Malformed), "{bytes:?}");
        }
    }

    #[test]
    fn a_text_that_is_cut_off_or_no_utf_8_is_none() {
        let mut out = Vec::new();
        push_text(&mut out, "né");
        assert_eq!(Reader::new(&out).text(), Ok("né"));
        assert_eq!(Reader::new(&out[..3]).text(), Err(Malformed));
        assert_eq!(Reader::new(&[1, 0xff]).text(), Err(Malformed));
    }
}
