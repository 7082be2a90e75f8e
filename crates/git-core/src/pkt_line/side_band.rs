//! Side-band: three streams in one, told apart by a packet's first byte. Source: gitprotocol-pack(5), "Packfile Data".

use super::{HEADER_LEN, length_digits};

/// Header and band number.
const BAND_HEADER_LEN: usize = HEADER_LEN + 1;

/// Which of the three streams a packet belongs to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Band {
    /// The pack, or the report of a push.
    Data,
    /// Text for the person at the terminal.
    Progress,
    /// The reason why the conversation ends here.
    Error,
}

impl Band {
    const fn number(self) -> u8 {
        match self {
            Self::Data => 1,
            Self::Progress => 2,
            Self::Error => 3,
        }
    }

    /// The five bytes that go before `data_len` bytes of this band, for a caller that frames without copying;
    /// `None` when they are more than fit into one packet of `side-band-64k`.
    pub fn header(self, data_len: usize) -> Option<[u8; BAND_HEADER_LEN]> {
        if data_len > SideBand::Large.data_len_max() {
            return None;
        }
        let [a, b, c, d] = length_digits(BAND_HEADER_LEN + data_len);
        Some([a, b, c, d, self.number()])
    }
}

/// The two widths of side-band.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum SideBand {
    /// `side-band`
    Small,
    /// `side-band-64k`, and what version 2 always uses.
    Large,
}

impl SideBand {
    /// Most data bytes in one packet.
    pub const fn data_len_max(self) -> usize {
        match self {
            Self::Small => 995,
            Self::Large => 65_515,
        }
    }
}

/// Appends `data` on `band`, in as many packets as it takes; none when it is empty.
pub fn write_band(out: &mut Vec<u8>, side_band: SideBand, band: Band, data: &[u8]) {
    for chunk in data.chunks(side_band.data_len_max()) {
        out.extend_from_slice(&length_digits(BAND_HEADER_LEN + chunk.len()));
        out.push(band.number());
        out.extend_from_slice(chunk);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{Packet, Reader};

    fn packet_lens(side_band: SideBand, data_len: usize) -> Vec<usize> {
        let mut out = Vec::new();
        write_band(&mut out, side_band, Band::Data, &vec![9; data_len]);
        let mut reader = Reader::new(&out);
        let mut lens = Vec::new();
        while let Packet::Line(data) = reader.read().unwrap() {
            assert_eq!(data.first(), Some(&1));
            lens.push(data.len());
        }
        lens
    }

    #[test]
    fn data_is_split_at_the_width_that_the_client_asked_for() {
        assert_eq!(packet_lens(SideBand::Small, 995), [996]);
        assert_eq!(packet_lens(SideBand::Small, 1991), [996, 996, 2]);
        assert_eq!(packet_lens(SideBand::Large, 65_516), [65_516, 2]);
        assert!(packet_lens(SideBand::Large, 0).is_empty());
    }

    #[test]
    fn each_band_has_its_number() {
        let mut out = Vec::new();
        write_band(&mut out, SideBand::Large, Band::Progress, b"half\n");
        write_band(&mut out, SideBand::Large, Band::Error, b"no");
        assert_eq!(out, b"000a\x02half\n0007\x03no");
    }

    #[test]
    fn a_header_alone_is_what_the_writer_would_have_put_there() {
        assert_eq!(Band::Data.header(65_515), Some(*b"fff0\x01"));
        assert_eq!(Band::Data.header(1), Some(*b"0006\x01"));
        assert_eq!(Band::Data.header(65_516), None);
    }
}
