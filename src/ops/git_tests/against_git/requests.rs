//! Requests as a client writes them, in either version.

use super::*;

/// What a client asks for. The same request can be written in version 2 and in version 0.
#[derive(Debug, Clone, Default)]
pub(super) struct Request {
    version_2: bool,
    pub(super) wants: Vec<String>,
    want_refs: Vec<String>,
    haves: Vec<String>,
    /// Capabilities in version 0, arguments in version 2: `thin-pack`, `ofs-delta`, …
    options: Vec<String>,
    /// Lines of their own in both: `shallow …`, `deepen …`, `filter …`.
    lines: Vec<String>,
    /// A flush in its place: the client has more to say.
    pub(super) goes_on: bool,
}

impl Request {
    pub(super) fn version_2(wants: &[&str]) -> Self {
        Self { version_2: true, ..Self::version_0(wants) }
    }

    pub(super) fn version_0(wants: &[&str]) -> Self {
        Self { wants: wants.iter().map(ToString::to_string).collect(), ..Self::default() }
    }

    /// The same in both versions.
    pub(super) fn both(wants: &[&str]) -> [Self; 2] {
        [Self::version_2(wants), Self::version_0(wants).option("side-band-64k").option("filter")]
    }

    pub(super) fn haves(mut self, haves: &[&str]) -> Self {
        self.haves.extend(haves.iter().map(ToString::to_string));
        self
    }

    pub(super) fn want_refs(mut self, names: &[&str]) -> Self {
        self.want_refs.extend(names.iter().map(ToString::to_string));
        self
    }

    pub(super) fn option(mut self, option: &str) -> Self {
        self.options.push(option.to_owned());
        self
    }

    pub(super) fn line(mut self, line: impl Into<String>) -> Self {
        self.lines.push(line.into());
        self
    }

    pub(super) fn filter(self, filter: &str) -> Self {
        self.line(format!("filter {filter}"))
    }

    pub(super) fn is_version_2(&self) -> bool {
        self.version_2
    }

    pub(super) fn has(&self, option: &str) -> bool {
        self.options.iter().any(|other| other == option)
    }

    pub(super) fn has_side_band(&self) -> bool {
        self.version_2 || self.has("side-band") || self.has("side-band-64k")
    }

    pub(super) fn body(&self) -> Vec<u8> {
        let mut body = Vec::new();
        let mut line = |line: &str| write_line(&mut body, &[line.as_bytes()]);
        let haves = self.haves.iter().map(|id| format!("have {id}"));
        if self.version_2 {
            line("command=fetch");
            line("object-format=sha1");
            write_delimiter(&mut body);
            let wants = self.wants.iter().map(|id| format!("want {id}"));
            let want_refs = self.want_refs.iter().map(|name| format!("want-ref {name}"));
            let end = (!self.goes_on).then(|| "done".to_owned());
            let lines = self.options.iter().chain(&self.lines).cloned();
            for line in lines.chain(want_refs).chain(wants).chain(haves).chain(end) {
                write_line(&mut body, &[line.as_bytes()]);
            }
            write_flush(&mut body);
            return body;
        }
        let mut capabilities = format!(" {}", self.options.join(" "));
        for id in &self.wants {
            line(&format!("want {id}{}", capabilities.trim_end()));
            capabilities.clear();
        }
        self.lines.iter().for_each(|text| line(text));
        write_flush(&mut body);
        for have in haves {
            write_line(&mut body, &[have.as_bytes()]);
        }
        if self.goes_on {
            write_flush(&mut body);
        } else {
            write_line(&mut body, &[b"done"]);
        }
        body
    }
}
