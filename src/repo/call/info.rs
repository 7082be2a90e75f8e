//! What a repo is, as it tells it of itself.

use serde::{Deserialize, Serialize};

/// A repo's metadata.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepoInfo {
    pub(crate) repo_id: String,
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) description: Option<String>,
    pub(crate) default_branch: String,
    pub(crate) read_only: bool,
    pub(crate) created_at: u64,
    pub(crate) updated_at: u64,
    pub(crate) last_push_at: Option<u64>,
    pub(crate) source: Option<String>,
    pub(crate) status: Status,
    /// Bytes stored: packs and their indexes.
    pub(crate) size: u64,
    /// Those of them that this repo has brought, and no other that it shares them with: what the account counts.
    #[serde(default)]
    pub(crate) own_size: u64,
    pub(crate) shallow: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Status {
    Creating,
    Ready,
    Importing,
    Forking,
}

impl Status {
    /// The word for it in rows and in the REST API.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Creating => "creating",
            Self::Ready => "ready",
            Self::Importing => "importing",
            Self::Forking => "forking",
        }
    }

    /// The status that a word stands for.
    pub(crate) fn parse(word: &str) -> Option<Self> {
        [Self::Creating, Self::Ready, Self::Importing, Self::Forking].into_iter().find(|status| status.as_str() == word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_status_has_one_word_everywhere() {
        for status in [Status::Creating, Status::Ready, Status::Importing, Status::Forking] {
            assert_eq!(serde_json::to_string(&status).unwrap(), format!("{:?}", status.as_str()));
            assert_eq!(Status::parse(status.as_str()), Some(status));
        }
        assert_eq!(Status::parse("other"), None);
    }
}
