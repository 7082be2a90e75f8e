//! What can be said to the account's Durable Object. It answers that it is noted.

use serde::{Deserialize, Serialize};

/// Everything the account can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// Enters a namespace; twice is the same as once.
    Register { namespace: String },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{Never, Noted};

    #[test]
    fn a_registration_travels_as_this_json() {
        let call = Call::Register { namespace: "Default".into() };
        assert_eq!(serde_json::to_string(&call).unwrap(), r#"{"register":{"namespace":"Default"}}"#);
        assert_eq!(serde_json::to_string(&Ok::<_, Never>(Noted::Done)).unwrap(), r#"{"Ok":"done"}"#);
    }
}
