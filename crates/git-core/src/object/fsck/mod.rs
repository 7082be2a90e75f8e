//! What git's own fsck says of objects on their way in. The names of the faults are git's: fsck-msgids(7).
//!
//! Looked for is what makes `git receive-pack` with `receive.fsckObjects` refuse a push: git's errors, and its warnings,
//! which become errors there. What it tells and takes all the same is not looked for (`badFilemode`, `gitmodulesParse`,
//! `badTagName`, `missingTaggerEntry`, `extraHeaderEntry`, links in place of `.gitattributes`, `.gitignore`, `.mailmap`).

mod blob;
mod commit;
mod config;
mod disguise;
mod msg_id;
mod person;
mod submodule;
mod tag;
mod tree;
mod url;

use std::borrow::Cow;
use std::fmt;

pub use blob::{NotRead, Roles, check_blob};
pub use commit::check_commit;
pub use msg_id::{MsgId, MsgIds};
pub use tag::check_tag;
pub use tree::TreeCheck;

/// A fault for which git refuses an object on receipt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fault {
    /// What kind of fault.
    pub msg_id: MsgId,
    text: Cow<'static, str>,
}

impl Fault {
    fn new(msg_id: MsgId, text: &'static str) -> Self {
        Self { msg_id, text: Cow::Borrowed(text) }
    }

    /// A fault of something that the object's author chose, of which no more is shown than fits a line.
    fn of(msg_id: MsgId, what: &str, chosen: &[u8]) -> Self {
        let shown = String::from_utf8_lossy(chosen.get(..4 * SHOWN_MAX).unwrap_or(chosen));
        let shown: String = shown.chars().take(SHOWN_MAX).map(|c| if c.is_control() { '?' } else { c }).collect();
        Self { msg_id, text: Cow::Owned(format!("{what}: {shown}")) }
    }
}

/// Characters of a name or URL that a refusal repeats.
const SHOWN_MAX: usize = 200;

impl fmt::Display for Fault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.msg_id, self.text)
    }
}

/// The header of a commit or tag: its lines, each with its end, up to the empty one if there is one.
fn header(content: &[u8]) -> Result<&[u8], Fault> {
    for (at, &byte) in content.iter().enumerate() {
        match byte {
            0 => {
                let text = Cow::Owned(format!("unterminated header: NUL at offset {at}"));
                return Err(Fault { msg_id: MsgId::NulInHeader, text });
            }
            b'\n' if content.get(at + 1) == Some(&b'\n') => return Ok(content.get(..=at).unwrap_or(content)),
            _ => {}
        }
    }
    if content.ends_with(b"\n") {
        return Ok(content);
    }
    Err(Fault::new(MsgId::UnterminatedHeader, "unterminated header"))
}

/// Says a fault, unless faults of its kind are let pass.
fn say(msg_id: MsgId, text: &'static str, let_pass: MsgIds) -> Result<(), Fault> {
    if let_pass.contains(msg_id) { Ok(()) } else { Err(Fault::new(msg_id, text)) }
}
