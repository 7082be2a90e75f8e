//! What a push may point refs at: objects that it brings or that are here, of the right kind.

use std::collections::BTreeSet;

use git_core::ObjectId;
use git_core::pack::Kind;
use git_core::protocol::push::PushCommand;
use git_core::refs::RefName;

use super::ingest::NewObjects;
use crate::config::REF_NAME_LEN_MAX;
use crate::ops::catalog::LoadedCatalog;
use crate::repo::call::Update;
use crate::store::PackStore;

/// What refs may point at.
pub(super) struct Targets<'a, S> {
    pub(super) catalog: &'a LoadedCatalog<'a, S>,
    pub(super) new_objects: &'a NewObjects,
}

impl<S: PackStore> Targets<'_, S> {
    /// The update as the repo's object takes it, refused when its target is missing or of the wrong kind.
    pub(super) fn update(&self, command: &PushCommand, relies_on: &mut BTreeSet<usize>) -> Update {
        let name = String::from_utf8_lossy(&command.name).into_owned();
        let is_utf8 = name.as_bytes() == command.name;
        let is_name = is_utf8 && RefName::parse(&command.name, REF_NAME_LEN_MAX).is_ok_and(|name| !name.is_one_level());
        let mut refused = (!is_name).then(|| "funny refname".to_owned());
        let mut peeled = None;
        if let (None, Some(new_id)) = (&refused, command.new_id) {
            match self.kind(new_id, relies_on) {
                None => refused = Some("missing necessary objects".to_owned()),
                Some(kind) if kind != Kind::Commit && name.starts_with("refs/heads/") => {
                    refused = Some(format!("cannot point a branch at a {kind}"));
                }
                Some(_) => peeled = self.peel(new_id, relies_on),
            }
        }
        let hex = |id: ObjectId| id.to_hex();
        let (old_id, new_id) = (command.old_id.map(hex), command.new_id.map(hex));
        Update { name, old_id, new_id, peeled: peeled.map(hex), refused }
    }

    fn kind(&self, id: ObjectId, relies_on: &mut BTreeSet<usize>) -> Option<Kind> {
        self.new_objects.kind(id).or_else(|| {
            let place = self.catalog.packs.find(id)?;
            relies_on.insert(place.pack);
            Some(self.catalog.packs.entry(place)?.kind)
        })
    }

    /// What stands at the end of a chain of tags.
    fn peel(&self, id: ObjectId, relies_on: &mut BTreeSet<usize>) -> Option<ObjectId> {
        let mut peeled = None;
        let mut at = id;
        while let Some(target) = self.tag_target(at) {
            self.kind(target, relies_on)?;
            (peeled, at) = (Some(target), target);
        }
        peeled
    }

    fn tag_target(&self, id: ObjectId) -> Option<ObjectId> {
        self.new_objects.tag_target(id).or_else(|| {
            let place = self.catalog.packs.find(id)?;
            let target = self.catalog.packs.index(place.pack)?.tag_target(place.number)?;
            self.catalog.packs.id(self.catalog.packs.resolve(place.pack, target)?)
        })
    }
}
