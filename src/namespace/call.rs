//! What can be said to a namespace's Durable Object and what it answers.

use serde::{Deserialize, Serialize};

use crate::account::call::NamespaceReport;
use crate::repo::call::{RepoInfo, Status};

/// Everything a namespace can be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Call {
    /// Makes the namespace before there is a repo in it.
    Create { namespace: String },
    /// How the namespace stands.
    Info,
    /// Ends the namespace, if no repo is in it.
    Delete,
    /// The account has heard of that version of it.
    Heard { version: u64 },
    /// Keeps a name for a repo that is about to be made, and enters its first token.
    Reserve(Reservation),
    /// How a repo stands, from the repo: it is there, whatever this directory believed.
    Report(RepoInfo),
    /// The incarnation is gone, or was never made.
    Remove {
        repo_id: String,
        /// Bytes that it has brought and others still hold.
        #[serde(default)]
        held_size: u64,
    },
    /// Enters a token before the repo knows it.
    MapToken(MappedToken),
    /// Which repo a token belongs to.
    FindToken { token_id: String },
    /// Whether a name is reserved for a repo that is still being made, and how.
    IsReserved { name: String },
    /// One page of repos.
    List(Listing),
}

/// How a namespace stands.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct NamespaceInfo {
    /// In the spelling of whoever made it.
    pub(crate) namespace: String,
    pub(crate) created_at: u64,
    /// When a repo was last made, changed, pushed to or deleted.
    pub(crate) updated_at: u64,
    pub(crate) repo_count: u64,
    /// Bytes that its repos have brought.
    pub(crate) size: u64,
}

/// A name that is about to be taken.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Reservation {
    /// The namespace in the spelling of whoever makes its first repo.
    pub(crate) namespace: String,
    pub(crate) name: String,
    pub(crate) repo_id: String,
    pub(crate) description: Option<String>,
    pub(crate) default_branch: String,
    pub(crate) read_only: bool,
    pub(crate) token: MappedToken,
    /// What is under way: a creation or a fork.
    #[serde(default = "creating")]
    pub(crate) status: Status,
}

fn creating() -> Status {
    Status::Creating
}

/// A token and the repo it opens.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct MappedToken {
    pub(crate) token_id: String,
    pub(crate) repo: TokenRepo,
    pub(crate) expires_at: u64,
}

/// The repo that a token opens: the name leads to its object, the id says which incarnation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct TokenRepo {
    pub(crate) name: String,
    pub(crate) repo_id: String,
}

/// Which repos to list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Listing {
    pub(crate) sort: Sort,
    pub(crate) direction: Direction,
    pub(crate) limit: u64,
    /// Where the last page ended.
    pub(crate) after: Option<Position>,
    /// How many to pass over, for callers that count pages: they are told how many there are.
    pub(crate) offset: Option<u64>,
    /// Part of the name, without regard to case.
    pub(crate) search: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Sort {
    CreatedAt,
    UpdatedAt,
    LastPushAt,
    Name,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Direction {
    Asc,
    Desc,
}

/// A place between two repos of a list: what it is sorted by, and the id for those that are equal in that.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Position {
    pub(crate) key: SortKey,
    pub(crate) repo_id: String,
}

/// What a list is sorted by: a time, or the lower-cased name.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(crate) enum SortKey {
    Time(u64),
    Name(String),
}

/// A page of repos.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct RepoPage {
    pub(crate) repos: Vec<RepoInfo>,
    /// Where the page ends; absent on the last one.
    pub(crate) next: Option<Position>,
    /// How many repos there are on all pages, if that was asked for.
    pub(crate) total_count: Option<u64>,
}

/// Answers.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Reply {
    /// The name is kept; `unregistered` is what the account, which does not know this namespace, is to hear first.
    Reserved {
        unregistered: Option<NamespaceReport>,
    },
    /// There is none if nobody has made it.
    Namespace(Option<NamespaceInfo>),
    /// It has been made, or deleted: what the account is to hear.
    Changed(NamespaceReport),
    TokenRepo(Option<TokenRepo>),
    /// What is under way, if anything is.
    ReservedFor(Option<Status>),
    Repos(RepoPage),
    Done,
}

/// Why the namespace said no.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Refusal {
    AlreadyExists,
    /// Somebody else is making a repo of this name, or in this namespace.
    InProgress(Status),
    /// There is no such namespace.
    NotFound,
    /// There are repos in it, or one is being made.
    NotEmpty,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reservation_travels_as_this_json() {
        let repo = TokenRepo { name: "Repo".into(), repo_id: "r".into() };
        let call = Call::Reserve(Reservation {
            namespace: "Ns".into(),
            name: "Repo".into(),
            repo_id: "r".into(),
            description: None,
            default_branch: "main".into(),
            read_only: false,
            token: MappedToken { token_id: "t".into(), repo, expires_at: 2 },
            status: Status::Forking,
        });
        assert_eq!(
            serde_json::to_string(&call).unwrap(),
            r#"{"reserve":{"namespace":"Ns","name":"Repo","repo_id":"r","description":null,"default_branch":"main","read_only":false,"token":{"token_id":"t","repo":{"name":"Repo","repo_id":"r"},"expires_at":2},"status":"forking"}}"#
        );
    }

    #[test]
    fn a_listing_travels_as_this_json() {
        let after = Position { key: SortKey::Name("repo".into()), repo_id: "r".into() };
        let listing = Listing {
            sort: Sort::Name,
            direction: Direction::Asc,
            limit: 2,
            after: Some(after),
            offset: None,
            search: None,
        };
        assert_eq!(
            serde_json::to_string(&Call::List(listing)).unwrap(),
            r#"{"list":{"sort":"name","direction":"asc","limit":2,"after":{"key":"repo","repo_id":"r"},"offset":null,"search":null}}"#
        );
    }

    #[test]
    fn answers_travel_as_this_json() {
        let answers: [(Result<Reply, Refusal>, &str); 3] = [
            (Ok(Reply::Reserved { unregistered: None }), r#"{"Ok":{"reserved":{"unregistered":null}}}"#),
            (Ok(Reply::Done), r#"{"Ok":"done"}"#),
            (Err(Refusal::InProgress(Status::Creating)), r#"{"Err":{"in_progress":"creating"}}"#),
        ];
        for (answer, json) in answers {
            assert_eq!(serde_json::to_string(&answer).unwrap(), json);
            assert_eq!(serde_json::from_str::<Result<Reply, Refusal>>(json).unwrap(), answer);
        }
    }
}
