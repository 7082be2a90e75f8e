//! Which objects are alike, without comparing each with each.

/// How many features of an object are kept.
const N_FEATURES: usize = 8;
/// Pieces are 32 bytes long on average: short enough for a change in a line to leave the lines around it alone.
const BORDER_MASK: u32 = 31;

/// The smallest of the hashes of an object's pieces. Objects that have many pieces in common have some of these in
/// common, wherever the pieces are. The borders of pieces follow from the bytes before them alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Sketch([u32; N_FEATURES]);

impl Sketch {
    /// Of an object of a kind, so that objects of different kinds have nothing in common.
    pub(super) fn new(kind: u8, content: &[u8]) -> Self {
        let mut sketch = Self([u32::MAX; N_FEATURES]);
        let start = 0x811c_9dc5 ^ u32::from(kind);
        let (mut window, mut hash) = (0u32, start);
        for &byte in content {
            hash = (hash ^ u32::from(byte)).wrapping_mul(0x0100_0193);
            // What is more than 16 bytes back has been shifted out.
            window = (window << 2).wrapping_add(u32::from(byte).wrapping_mul(0x9e37_79b1) >> 15);
            if (window >> 8) & BORDER_MASK == 0 {
                sketch.add(hash);
                hash = start;
            }
        }
        sketch.add(hash);
        sketch
    }

    fn add(&mut self, hash: u32) {
        // Mixed, so that which are the smallest does not depend on what they are.
        let mixed = (hash ^ (hash >> 15)).wrapping_mul(0x2c1b_3c6d);
        let mut feature = (mixed ^ (mixed >> 13)).min(u32::MAX - 1);
        if self.0.contains(&feature) {
            return;
        }
        for kept in &mut self.0 {
            if feature < *kept {
                std::mem::swap(kept, &mut feature);
            }
        }
    }

    /// The features, of which a short object has fewer.
    pub(super) fn features(&self) -> impl Iterator<Item = u32> {
        self.0.into_iter().filter(|&feature| feature != u32::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(seed: usize) -> Vec<u8> {
        (0..100).flat_map(|line| format!("line {} of something\n", line * seed % 977).into_bytes()).collect()
    }

    fn n_common(one: &[u8], other: &[u8]) -> usize {
        let other = Sketch::new(3, other);
        Sketch::new(3, one).features().filter(|feature| other.0.contains(feature)).count()
    }

    #[test]
    fn what_is_alike_has_features_in_common_and_what_is_not_has_none() {
        let original = text(7);
        let edited = [&original[..500], b"a change", &original[520..], b"more at the end\n"].concat();
        assert!(n_common(&original, &edited) >= 5);
        assert_eq!(n_common(&original, &original), N_FEATURES);
        assert!(n_common(b"tiny", b"tiny") == 1 && n_common(b"tiny", b"other") == 0);
        let noise: Vec<u8> =
            (0..3000u32).map(|n| n.wrapping_mul(n).wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        assert_eq!(n_common(&original, &noise), 0);
        assert_ne!(Sketch::new(2, &original), Sketch::new(3, &original));
    }
}
