//! What can be said to a repo's maintenance and what it answers.

use serde::{Deserialize, Serialize};

/// Everything it can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// There is something to do; twice is the same as once.
    Begin { namespace: String, repo: String, collects: bool },
}

/// Answers. Nothing is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Done,
}

/// Why it said no: it never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_travels_as_this_json() {
        let call = Call::Begin { namespace: "Default".into(), repo: "a".into(), collects: true };
        let json = r#"{"begin":{"namespace":"Default","repo":"a","collects":true}}"#;
        assert_eq!(serde_json::to_string(&call).unwrap(), json);
        assert_eq!(serde_json::to_string(&Ok::<_, Refusal>(Reply::Done)).unwrap(), r#"{"Ok":"done"}"#);
    }
}
