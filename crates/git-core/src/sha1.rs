//! The hash: the only module that knows which SHA-1 implementations are used.
//!
//! Two of them. What gets an id is hashed with a look for attacks, as git does; the bytes of a pack as a whole are not,
//! since nothing is found by their hash.

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

/// A SHA-1 in the making that also tells whether the bytes were made so that others have the same hash. Source of the
/// method: Stevens and Shumow, "Speeding up detection of SHA-1 collision attacks using unavoidable attack conditions".
#[derive(Default)]
pub struct CheckedSha1(sha1dc::Hasher);

/// Bytes in which an attack shows: others with the same hash are known to whoever made them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Collision {
    /// The hash.
    pub id: ObjectId,
}

impl CheckedSha1 {
    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The hash of all bytes taken.
    pub fn finish(self) -> Result<ObjectId, Collision> {
        match self.0.finalize() {
            Ok(digest) => Ok(ObjectId::from_bytes(digest.to_bytes())),
            Err(collision) => Err(Collision { id: ObjectId::from_bytes(collision.digest().to_bytes()) }),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn checked(pieces: &[&[u8]]) -> Result<ObjectId, Collision> {
        let mut sha1 = CheckedSha1::default();
        for piece in pieces {
            sha1.update(piece);
        }
        sha1.finish()
    }

    /// Source: FIPS 180-1, appendices A to C.
    #[test]
    fn the_standards_examples_come_out() {
        let two_blocks = b"abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq";
        let million = vec![b'a'; 1_000_000];
        let examples: [(&[u8], &str); 3] = [
            (b"abc", "a9993e364706816aba3e25717850c26c9cd0d89d"),
            (two_blocks, "84983e441c3bd26ebaae4aa1f95129e5e54670f1"),
            (&million, "34aa973cd4c4daa4f61eeb2bdbad27316534016f"),
        ];
        for (bytes, hash) in examples {
            assert_eq!(Sha1::of(bytes).to_hex(), hash);
            assert_eq!(checked(&[bytes]).unwrap().to_hex(), hash);
        }
    }

    /// Source: shattered.io, the first 320 bytes of its two files; sha-mbles.github.io. One pair has a common beginning, the
    /// other two of the attackers' choice.
    #[test]
    fn bytes_made_to_collide_are_known_by_their_hash_alone() {
        let pairs: [(&[u8], &[u8], &str); 2] = [
            (
                include_bytes!("../../../fixtures/collisions/shattered-1.bin"),
                include_bytes!("../../../fixtures/collisions/shattered-2.bin"),
                "f92d74e3874587aaf443d1db961d4e26dde13e9c",
            ),
            (
                include_bytes!("../../../fixtures/collisions/sha-mbles-1.bin"),
                include_bytes!("../../../fixtures/collisions/sha-mbles-2.bin"),
                "8ac60ba76f1999a1ab70223f225aefdc78d4ddc0",
            ),
        ];
        for (one, other, hash) in pairs {
            assert!(one != other && Sha1::of(one) == Sha1::of(other), "they collide");
            for bytes in [one, other] {
                let id = ObjectId::from_hex(hash.as_bytes()).unwrap();
                assert_eq!(checked(&[bytes]), Err(Collision { id }));
                assert_eq!(checked(&bytes.chunks(7).collect::<Vec<_>>()), Err(Collision { id }));
                let longer = [bytes, b"and more"].concat();
                assert_eq!(checked(&[&longer]), Err(Collision { id: Sha1::of(&longer) }));
            }
        }
    }

    #[test]
    fn pieces_make_no_difference() {
        let bytes: Vec<u8> = (0..=255).cycle().take(1000).collect();
        for piece_len in [1, 63, 64, 65, 999] {
            let mut sha1 = Sha1::default();
            bytes.chunks(piece_len).for_each(|piece| sha1.update(piece));
            assert_eq!(sha1.finish(), Sha1::of(&bytes));
            assert_eq!(checked(&bytes.chunks(piece_len).collect::<Vec<_>>()), Ok(Sha1::of(&bytes)));
        }
    }
}
