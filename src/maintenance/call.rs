//! What can be said to a repo's maintenance. It answers that it is noted.

use serde::{Deserialize, Serialize};

use crate::repo::Work;

/// Everything it can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Call {
    /// There is something to do; twice is the same as once.
    Begin { namespace: String, repo: String, work: Work },
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::durable::{Never, Noted};

    #[test]
    fn a_call_travels_as_this_json() {
        let call = Call::Begin { namespace: "Default".into(), repo: "a".into(), work: Work::Collect };
        let json = r#"{"begin":{"namespace":"Default","repo":"a","work":"collect"}}"#;
        assert_eq!(serde_json::to_string(&call).unwrap(), json);
        assert_eq!(serde_json::to_string(&Ok::<_, Never>(Noted::Done)).unwrap(), r#"{"Ok":"done"}"#);
    }
}
