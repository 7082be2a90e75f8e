//! What can be said to the account's Durable Object and what it answers.

use serde::{Deserialize, Serialize};

/// Everything the account can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// Enters a namespace; twice is the same as once.
    Register { namespace: String },
}

/// Answers. The account refuses nothing yet.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Reply {
    Done,
}

/// Why the account said no: it never does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Refusal {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_registration_travels_as_this_json() {
        let call = Call::Register { namespace: "Default".into() };
        assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"register":{"namespace":"Default"}}"#);
        assert_eq!(serde_json::to_string(&Ok::<_, Refusal>(Reply::Done)).unwrap(), r#"{"Ok":"done"}"#);
    }
}
