//! The hash: the only module that knows which SHA-1 implementation is used.

use crate::ObjectId;

/// A SHA-1 in the making, from any number of pieces.
#[derive(Default)]
pub struct Sha1(sha1_smol::Sha1);

impl Sha1 {
    /// The hash of bytes that are at hand as a whole.
    pub fn of(bytes: &[u8]) -> ObjectId {
        let mut sha1 = Self::default();
        sha1.update(bytes);
        sha1.finish()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes taken.
    pub fn finish(self) -> ObjectId {
        ObjectId::from_bytes(self.0.digest().bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: FIPS 180-1, appendices A to C.
    #[test]
    fn the_standards_examples_come_out() {
        assert_eq!(Sha1::of(b"abc").to_hex(), "a9993e364706816aba3e25717850c26c9cd0d89d");
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        assert_eq!(Sha1::of(two_blocks).to_hex(), "84983e441c3bd26ebaae4aa1f95129e5e54670f1");
        assert_eq!(Sha1::of(&vec![b'a'; 1_000_000]).to_hex(), "34aa973cd4c4daa4f61eeb2bdbad27316534016f");
    }

    #[test]
    fn pieces_make_no_difference() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for piece_len in [1, 63, 64, 65, 999] {
            let mut sha1 = Sha1::default();
            bytes.chunks(piece_len).for_each(|piece| sha1.update(piece));
            assert_eq!(sha1.finish(), Sha1::of(&bytes));
        }
    }
}
