//! Stretches of a stored pack that are at hand, the least recently used dropped first.

/// Blocks of one length, or the whole pack when it is small.
pub(crate) struct Blocks {
    whole: Option<Vec<u8>>,
    /// Most recently used last.
    kept: Vec<(u64, Vec<u8>)>,
    block_len: usize,
    n_blocks_max: usize,
    pack_len: u64,
}

impl Blocks {
    pub(crate) fn new(whole: Option<Vec<u8>>, pack_len: u64, block_len: usize, n_blocks_max: usize) -> Self {
        Self { whole, kept: Vec::new(), block_len, n_blocks_max, pack_len }
    }

    /// The bytes from `offset` to the end of what is at hand, not empty; else the range to ask for.
    pub(crate) fn at(&mut self, offset: u64) -> Result<&[u8], (u64, usize)> {
        let block_len = self.block_len as u64;
        let (block_no, mut start) = (offset / block_len, offset % block_len);
        let bytes = if let Some(whole) = &self.whole {
            start = offset;
            whole
        } else {
            let missing = (block_no * block_len, self.block_len_at(block_no));
            let at = self.kept.iter().position(|(no, _)| *no == block_no).ok_or(missing)?;
            let block = self.kept.remove(at);
            self.kept.push(block);
            self.kept.last().map(|(_, bytes)| bytes).ok_or(missing)?
        };
        let start = usize::try_from(start).unwrap_or(usize::MAX);
        bytes.get(start..).filter(|bytes| !bytes.is_empty()).ok_or((block_no * block_len, 0))
    }

    fn block_len_at(&self, block_no: u64) -> usize {
        let left = self.pack_len.saturating_sub(block_no * self.block_len as u64);
        usize::try_from(left).unwrap_or(usize::MAX).min(self.block_len)
    }

    /// Takes a block that was asked for.
    pub(crate) fn supply(&mut self, offset: u64, bytes: Vec<u8>) {
        while self.kept.len() >= self.n_blocks_max {
            self.kept.remove(0);
        }
        self.kept.push((offset / self.block_len as u64, bytes));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_block_that_is_not_at_hand_is_asked_for_whole() {
        let mut blocks = Blocks::new(None, 25, 10, 2);
        assert_eq!(blocks.at(13), Err((10, 10)));
        assert_eq!(blocks.at(21), Err((20, 5)));
        blocks.supply(10, (10..20).collect());
        assert_eq!(blocks.at(13), Ok(&[13, 14, 15, 16, 17, 18, 19][..]));
    }

    #[test]
    fn the_least_recently_used_block_goes_first() {
        let mut blocks = Blocks::new(None, 40, 10, 2);
        blocks.supply(0, vec![0; 10]);
        blocks.supply(10, vec![1; 10]);
        assert!(blocks.at(0).is_ok());
        blocks.supply(20, vec![2; 10]);
        assert!(blocks.at(0).is_ok() && blocks.at(20).is_ok() && blocks.at(10).is_err());
    }

    #[test]
    fn a_small_pack_is_at_hand_as_a_whole() {
        let mut blocks = Blocks::new(Some((0..25).collect()), 25, 10, 2);
        assert_eq!(blocks.at(22), Ok(&[22, 23, 24][..]));
        assert_eq!(blocks.at(25), Err((20, 0)));
    }
}
