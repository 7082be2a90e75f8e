//! What can be changed of a repo's metadata.

use serde::{Deserialize, Serialize};

/// A change; what is absent stays as it is.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepoChange {
    pub(crate) description: Option<Description>,
    pub(crate) default_branch: Option<String>,
    pub(crate) read_only: Option<bool>,
}

/// A repo's description from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Description {
    Removed,
    Text(String),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_change_travels_as_this_json() {
        let changes = [
            (RepoChange::default(), r#"{"description":null,"default_branch":null,"read_only":null}"#),
            (
                RepoChange {
                    description: Some(Description::Text("d".into())),
                    default_branch: Some("trunk".into()),
                    read_only: Some(true),
                },
                r#"{"description":{"text":"d"},"default_branch":"trunk","read_only":true}"#,
            ),
            (
                RepoChange { description: Some(Description::Removed), ..RepoChange::default() },
                r#"{"description":"removed","default_branch":null,"read_only":null}"#,
            ),
        ];
        for (change, json) in changes {
            assert_eq!(serde_json::to_string(&change).unwrap(), json);
            assert_eq!(serde_json::from_str::<RepoChange>(json).unwrap(), change);
        }
    }
}
