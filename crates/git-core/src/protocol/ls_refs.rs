//! Version 2's `ls-refs`: which refs a client wants to hear of, and the answer. Source: gitprotocol-v2(5), "ls-refs".

use super::command::Arguments;
use super::{Excerpt, Ref, Refs, RequestError};
use crate::pkt_line::{write_flush, write_line};
use crate::refs::HEAD;

/// What an `ls-refs` request asks for.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct LsRefs {
    /// Say what annotated tags are of.
    pub peel: bool,
    /// Say which branch HEAD is.
    pub symrefs: bool,
    /// Speak of HEAD although its branch is not there.
    pub unborn: bool,
    /// Only refs that start with one of these, all refs when there is none. Sorted, none the beginning of another.
    prefixes: Vec<Vec<u8>>,
}

impl LsRefs {
    /// Reads the arguments. Beyond `n_prefixes_max` prefixes all refs are listed, as Git does: a client picks from them.
    pub(super) fn parse(arguments: &mut Arguments<'_>, n_prefixes_max: usize) -> Result<Self, RequestError> {
        let mut request = Self::default();
        let mut n_prefixes: usize = 0;
        while let Some(line) = arguments.next()? {
            match line {
                b"peel" => request.peel = true,
                b"symrefs" => request.symrefs = true,
                b"unborn" => request.unborn = true,
                _ => {
                    let Some(prefix) = line.strip_prefix(b"ref-prefix ") else {
                        return Err(RequestError::UnexpectedLine(Excerpt::of(line)));
                    };
                    n_prefixes = n_prefixes.saturating_add(1);
                    if n_prefixes <= n_prefixes_max {
                        request.prefixes.push(prefix.to_vec());
                    }
                }
            }
        }
        if n_prefixes > n_prefixes_max {
            request.prefixes.clear();
        }
        request.prefixes.sort_unstable();
        request.prefixes.dedup_by(|next, kept| next.starts_with(kept));
        Ok(request)
    }

    /// Appends the answer.
    pub fn answer(&self, out: &mut Vec<u8>, refs: &Refs<'_>) {
        if self.lists_head() {
            self.write_head(out, refs);
        }
        if self.prefixes.is_empty() {
            refs.sorted.iter().for_each(|entry| self.write_ref(out, entry, None));
        }
        // The prefixes are sorted and apart, so what they match is sorted too and nothing is matched twice.
        for prefix in &self.prefixes {
            let start = refs.sorted.partition_point(|entry| entry.name.as_bytes() < prefix.as_slice());
            let from_start = refs.sorted.get(start..).unwrap_or_default();
            let matching = from_start.iter().take_while(|entry| entry.name.as_bytes().starts_with(prefix));
            matching.for_each(|entry| self.write_ref(out, entry, None));
        }
        write_flush(out);
    }

    fn lists_head(&self) -> bool {
        self.prefixes.is_empty() || self.prefixes.iter().any(|prefix| HEAD.as_bytes().starts_with(prefix))
    }

    fn write_head(&self, out: &mut Vec<u8>, refs: &Refs<'_>) {
        let target = self.symrefs.then_some(refs.head_target);
        match refs.head() {
            Some(head) => self.write_ref(out, &head, target),
            None if self.unborn && self.symrefs => {
                write_line(out, &[b"unborn HEAD symref-target:", refs.head_target.as_bytes()]);
            }
            None => {}
        }
    }

    fn write_ref(&self, out: &mut Vec<u8>, entry: &Ref<'_>, symref_target: Option<&str>) {
        let id = entry.id.to_hex();
        let mut parts = vec![id.as_bytes(), b" ", entry.name.as_bytes()];
        if let Some(target) = symref_target {
            parts.extend([b" symref-target:".as_slice(), target.as_bytes()]);
        }
        let peeled = entry.peeled_id.filter(|_| self.peel).map(|peeled_id| peeled_id.to_hex());
        if let Some(peeled) = &peeled {
            parts.extend([b" peeled:".as_slice(), peeled.as_bytes()]);
        }
        write_line(out, &parts);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ObjectId;
    use crate::pkt_line::{Packet, Reader};

    fn parse(lines: &[&str], n_prefixes_max: usize) -> Result<LsRefs, RequestError> {
        let mut body = Vec::new();
        for line in lines {
            write_line(&mut body, &[line.as_bytes()]);
        }
        write_flush(&mut body);
        LsRefs::parse(&mut Arguments::new(Reader::new(&body)), n_prefixes_max)
    }

    /// The names that are listed, of a repo with two branches and a tag.
    fn listed(lines: &[&str], n_prefixes_max: usize) -> Vec<String> {
        let entry = |name| Ref { name, id: ObjectId::from_bytes([1; 20]), peeled_id: None };
        let sorted = ["refs/heads/main", "refs/heads/next", "refs/tags/v1"].map(entry);
        let mut out = Vec::new();
        let refs = Refs { head_target: "refs/heads/main", sorted: &sorted };
        parse(lines, n_prefixes_max).unwrap().answer(&mut out, &refs);
        let mut reader = Reader::new(&out);
        let mut names = Vec::new();
        while let Packet::Line(line) = reader.read().unwrap() {
            names.push(String::from_utf8_lossy(line).split(' ').nth(1).unwrap_or_default().to_owned());
        }
        names
    }

    #[test]
    fn without_prefixes_everything_is_listed() {
        assert_eq!(listed(&[], 9), ["HEAD", "refs/heads/main", "refs/heads/next", "refs/tags/v1"]);
    }

    #[test]
    fn overlapping_prefixes_list_nothing_twice() {
        assert_eq!(
            listed(&["ref-prefix refs/tags/", "ref-prefix refs/heads/n", "ref-prefix refs/heads/", "ref-prefix H"], 9),
            ["HEAD", "refs/heads/main", "refs/heads/next", "refs/tags/v1"]
        );
        assert_eq!(listed(&["ref-prefix refs/heads/next", "ref-prefix refs/heads/next"], 9), ["refs/heads/next"]);
        assert!(listed(&["ref-prefix HEADS"], 9).is_empty());
    }

    #[test]
    fn more_prefixes_than_allowed_list_everything() {
        assert_eq!(listed(&["ref-prefix a", "ref-prefix b"], 2).len(), 0);
        assert_eq!(listed(&["ref-prefix a", "ref-prefix b", "ref-prefix c"], 2).len(), 4);
    }

    #[test]
    fn an_unborn_head_is_spoken_of_only_when_asked_for() {
        let refs = Refs { head_target: "refs/heads/main", sorted: &[] };
        let mut out = Vec::new();
        parse(&["symrefs", "peel"], 9).unwrap().answer(&mut out, &refs);
        assert_eq!(out, b"0000");
        out.clear();
        parse(&["symrefs", "unborn"], 9).unwrap().answer(&mut out, &refs);
        assert_eq!(out, b"002eunborn HEAD symref-target:refs/heads/main\n0000");
    }

    #[test]
    fn an_argument_that_is_none_is_refused() {
        let line = "peel-me";
        assert_eq!(parse(&[line], 9), Err(RequestError::UnexpectedLine(Excerpt::of(line.as_bytes()))));
    }
}
