//! Version 2's `object-info`: how large objects are, without the objects. Source: gitprotocol-v2(5), "object-info".

use super::command::Arguments;
use super::{Excerpt, RequestError};
use crate::ObjectId;
use crate::pkt_line::{write_data, write_flush};

/// What an `object-info` request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ObjectInfo {
    /// Say how long each object is. There is nothing else to be said yet.
    pub size: bool,
    /// The objects, as the client listed them.
    pub ids: Vec<ObjectId>,
}

impl ObjectInfo {
    /// Reads the arguments.
    pub(super) fn parse(arguments: &mut Arguments<'_>, n_ids_max: usize) -> Result<Self, RequestError> {
        let mut request = Self::default();
        while let Some(line) = arguments.next()? {
            if line == b"size" {
                request.size = true;
                continue;
            }
            let hex = line.strip_prefix(b"oid ").ok_or_else(|| RequestError::NoObjectInfo(Excerpt::of(line)))?;
            let id = ObjectId::from_hex(hex).map_err(|_| RequestError::NoObjectId(Excerpt::of(hex)))?;
            if request.ids.len() >= n_ids_max {
                return Err(RequestError::TooMany { kind: "oid", n_max: n_ids_max });
            }
            request.ids.push(id);
        }
        Ok(request)
    }

    /// Appends the answer. `len` tells the length of an object in bytes, if the object is here. As with Git, no line ends
    /// with a line feed, and an object that is not here has a space after its id.
    pub fn answer(&self, out: &mut Vec<u8>, len: impl Fn(ObjectId) -> Option<u64>) {
        if self.size && !self.ids.is_empty() {
            write_data(out, b"size");
        }
        for &id in &self.ids {
            let line = match len(id) {
                Some(len) if self.size => format!("{id} {len}"),
                Some(_) => id.to_string(),
                None => format!("{id} "),
            };
            write_data(out, line.as_bytes());
        }
        write_flush(out);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::pkt_line::{Reader, write_line};

    fn parse(lines: &[&str]) -> Result<ObjectInfo, RequestError> {
        let mut body = Vec::new();
        for line in lines {
            write_line(&mut body, &[line.as_bytes()]);
        }
        write_flush(&mut body);
        ObjectInfo::parse(&mut Arguments::new(Reader::new(&body)), 2)
    }

    #[test]
    fn a_line_that_asks_for_nothing_known_is_refused_in_gits_words() {
        let refused = |lines: &[&str]| parse(lines).unwrap_err().to_string();
        assert_eq!(refused(&["size", "type"]), "object-info: unexpected line: 'type'");
        assert_eq!(refused(&["oid abc"]), "object-info: protocol error, expected to get oid, not 'abc'");
        let oid = format!("oid {}", ObjectId::from_bytes([1; 20]));
        assert_eq!(refused(&[oid.as_str(); 3]), "more than 2 oid lines");
    }
}
