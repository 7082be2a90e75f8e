//! Files in the form of git's configuration, as `.gitmodules` is one: git-config(1), "Syntax", and `git_parse_source` in
//! git's config.c, which says where a malformed file stops being read.
//!
//! Absent: includes. Bytes are read without a sign, as where git reads files, so that a byte order mark is passed over.

use super::Fault;

/// Calls `variable` with the full name of each variable, `submodule.name.url` say, and its value if it has one. Ends at the
/// first line that is malformed, which is no fault.
pub(super) fn each_variable(
    content: &[u8],
    mut variable: impl FnMut(&[u8], Option<&[u8]>) -> Result<(), Fault>,
) -> Result<(), Fault> {
    let mut source = Source { rest: content.strip_prefix(b"\xef\xbb\xbf").unwrap_or(content), is_at_end: false };
    let (mut name, mut section_len) = (Vec::new(), 0);
    let mut in_comment = false;
    loop {
        match source.next() {
            b'\n' if source.is_at_end => return Ok(()),
            b'\n' => in_comment = false,
            _ if in_comment => {}
            b'#' | b';' => in_comment = true,
            byte if is_space(byte) => {}
            b'[' => {
                name.clear();
                if source.section(&mut name).is_none() || name.is_empty() {
                    return Ok(());
                }
                name.push(b'.');
                section_len = name.len();
            }
            byte if byte.is_ascii_alphabetic() => {
                name.truncate(section_len);
                name.push(byte.to_ascii_lowercase());
                let Some(value) = source.variable(&mut name) else { return Ok(()) };
                variable(up_to_nul(&name), value.as_deref().map(up_to_nul))?;
            }
            _ => return Ok(()),
        }
    }
}

/// The parts see strings that end at a NUL.
fn up_to_nul(bytes: &[u8]) -> &[u8] {
    bytes.split(|&byte| byte == 0).next().unwrap_or_default()
}

const fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\n' | b'\r')
}

fn is_key(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'-'
}

struct Source<'a> {
    rest: &'a [u8],
    is_at_end: bool,
}

/// The value of a variable, if it has one.
type Value = Option<Vec<u8>>;

impl Source<'_> {
    /// The next byte; a carriage return before the end of a line is passed over, and the end is the end of a line.
    fn next(&mut self) -> u8 {
        let Some((&byte, rest)) = self.rest.split_first() else {
            self.is_at_end = true;
            return b'\n';
        };
        self.rest = rest;
        match rest.split_first() {
            Some((b'\n', rest)) if byte == b'\r' => {
                self.rest = rest;
                b'\n'
            }
            _ => byte,
        }
    }

    /// What follows `[`, with its `]`: the section's name in lower case and, in quotes, a subsection's as it stands.
    fn section(&mut self, name: &mut Vec<u8>) -> Option<()> {
        loop {
            match self.next() {
                _ if self.is_at_end => return None,
                b']' => return Some(()),
                byte if is_space(byte) => return self.subsection(name, byte),
                byte if is_key(byte) || byte == b'.' => name.push(byte.to_ascii_lowercase()),
                _ => return None,
            }
        }
    }

    fn subsection(&mut self, name: &mut Vec<u8>, first: u8) -> Option<()> {
        let mut byte = first;
        while is_space(byte) {
            if byte == b'\n' {
                return None;
            }
            byte = self.next();
        }
        if byte != b'"' {
            return None;
        }
        name.push(b'.');
        loop {
            let byte = match self.next() {
                b'"' => return (self.next() == b']').then_some(()),
                b'\\' => self.next(),
                byte => byte,
            };
            if byte == b'\n' {
                return None;
            }
            name.push(byte);
        }
    }

    /// The rest of a variable's name, and its value.
    fn variable(&mut self, name: &mut Vec<u8>) -> Option<Value> {
        let mut byte = self.next();
        while is_key(byte) {
            name.push(byte.to_ascii_lowercase());
            byte = self.next();
        }
        while matches!(byte, b' ' | b'\t') {
            byte = self.next();
        }
        match byte {
            b'\n' => Some(None),
            b'=' => self.value().map(Some),
            _ => None,
        }
    }

    fn value(&mut self) -> Option<Vec<u8>> {
        let (mut value, mut is_quoted) = (Vec::new(), false);
        // Without the blanks at its end, which are known for such only there.
        let mut trimmed_len = None;
        loop {
            let byte = self.next();
            if byte == b'\n' {
                value.truncate(trimmed_len.unwrap_or(value.len()));
                return (!is_quoted).then_some(value);
            }
            if is_space(byte) && !is_quoted {
                if !value.is_empty() {
                    trimmed_len.get_or_insert(value.len());
                    value.push(byte);
                }
                continue;
            }
            if matches!(byte, b';' | b'#') && !is_quoted {
                while self.next() != b'\n' {}
                value.truncate(trimmed_len.unwrap_or(value.len()));
                return Some(value);
            }
            trimmed_len = None;
            match byte {
                b'"' => is_quoted = !is_quoted,
                b'\\' => match self.next() {
                    b'\n' => {}
                    b't' => value.push(b'\t'),
                    b'b' => value.push(8),
                    b'n' => value.push(b'\n'),
                    byte @ (b'\\' | b'"') => value.push(byte),
                    _ => return None,
                },
                byte => value.push(byte),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(content: &str) -> Vec<(String, Option<String>)> {
        let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).unwrap();
        let mut found = Vec::new();
        let end = each_variable(content.as_bytes(), |name, value| {
            found.push((text(name), value.map(text)));
            Ok(())
        });
        assert_eq!(end, Ok(()));
        found
    }

    fn one(name: &str, value: &str) -> Vec<(String, Option<String>)> {
        vec![(name.to_owned(), Some(value.to_owned()))]
    }

    #[test]
    fn names_are_in_lower_case_but_for_the_subsection() {
        assert_eq!(variables("[Submodule \"A/b\"]\n\tURL = x\n"), one("submodule.A/b.url", "x"));
        assert_eq!(variables("[submodule.A] url=x"), one("submodule.a.url", "x"));
        assert_eq!(variables("[a \"q\\\"\\\\\\x\"]k=v"), one("a.q\"\\x.k", "v"));
        assert_eq!(variables("\u{feff}[a]\r\nk = v\r\n"), one("a.k", "v"));
        assert_eq!(variables("k\n"), vec![("k".to_owned(), None)]);
    }

    #[test]
    fn values_are_trimmed_unquoted_and_continued() {
        assert_eq!(variables("[a]k =  v  w \t# c\n"), one("a.k", "v  w"));
        assert_eq!(variables("[a]k = \" v \" ; c"), one("a.k", " v "));
        assert_eq!(variables("[a]k = a\\\nb\\t\\n\\\"\\\\c"), one("a.k", "ab\t\n\"\\c"));
        assert_eq!(variables("[a]k = a\\\n  b"), one("a.k", "a  b"));
        assert_eq!(variables("[a]k = \"a;b\"#c"), one("a.k", "a;b"));
        assert_eq!(variables("[a]k = \"a\\\n\\n\"\n"), one("a.k", "a\n"));
        assert_eq!(variables("[a]k = a\0b"), one("a.k", "a"));
        assert_eq!(variables("[a]k ="), one("a.k", ""));
    }

    #[test]
    fn a_malformed_line_ends_the_file() {
        let before = "[a]k=v\n";
        let broken =
            ["[", "[]", "[b", "[b c]", "[b \"c\n\"]", "[b \"c\" ]", "-x", "k!", "k = \\x", "k = \"x\n", "\u{e9}"];
        for line in broken {
            assert_eq!(variables(&format!("{before}{line}\n[c]k=v")), one("a.k", "v"), "{line}");
        }
        assert_eq!(variables(&format!("{before}; [\n# k = \\x\n  \t\n")), one("a.k", "v"));
    }
}
