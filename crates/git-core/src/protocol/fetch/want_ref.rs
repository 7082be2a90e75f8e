//! Refs that are wanted by name, whatever they point at by then. Source: gitprotocol-v2(5), "fetch", `want-ref`.

use std::collections::BTreeSet;

use super::FetchRequest;
use crate::ObjectId;
use crate::protocol::Excerpt;

/// A ref that a client wants, by its full name or `HEAD`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WantRef {
    /// The name, not known to be well-formed.
    pub name: Vec<u8>,
    /// What it points at, once that has been looked up.
    pub id: Option<ObjectId>,
}

impl FetchRequest {
    /// Adds to the wanted objects what the wanted refs point at. The error is for the client, in git's words.
    pub fn look_up_refs(&mut self, find: impl Fn(&[u8]) -> Option<ObjectId>) -> Result<(), String> {
        let mut seen = BTreeSet::new();
        for WantRef { name, id } in &mut self.want_refs {
            let target = find(name).ok_or_else(|| format!("unknown ref {}", Excerpt::of(name)))?;
            if !seen.insert(name.as_slice()) {
                return Err(format!("duplicate want-ref {}", Excerpt::of(name)));
            }
            *id = Some(target);
            self.wants.push(target);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::protocol::fetch::Negotiation;

    fn request(names: &[&str]) -> FetchRequest {
        let mut request = FetchRequest::new(Negotiation::Sections { wait_for_done: false }, None);
        request.want_refs.extend(names.iter().map(|name| WantRef { name: name.as_bytes().to_vec(), id: None }));
        request
    }

    fn find(name: &[u8]) -> Option<ObjectId> {
        name.starts_with(b"refs/heads/").then(|| ObjectId::from_bytes([7; 20]))
    }

    #[test]
    fn what_a_wanted_ref_points_at_is_wanted() {
        let mut request = request(&["refs/heads/a", "refs/heads/b"]);
        request.wants.push(ObjectId::from_bytes([1; 20]));
        assert_eq!(request.look_up_refs(find), Ok(()));
        assert_eq!(request.wants, [1, 7, 7].map(|n| ObjectId::from_bytes([n; 20])));
        assert!(request.want_refs.iter().all(|want_ref| want_ref.id == find(b"refs/heads/")));
    }

    #[test]
    fn a_ref_that_is_not_there_or_there_twice_is_refused_in_gits_words() {
        assert_eq!(request(&["refs/tags/x"]).look_up_refs(find), Err("unknown ref refs/tags/x".into()));
        let twice = request(&["refs/heads/a", "refs/heads/b", "refs/heads/a"]).look_up_refs(find);
        assert_eq!(twice, Err("duplicate want-ref refs/heads/a".into()));
    }
}
