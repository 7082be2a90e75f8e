//! Makes a fork: rows are copied from the source's object to the fork's, and packs are shared.
//!
//! The order is what makes a fork safe to kill: the fork stands among the holders of every pack, its name is kept, then it is
//! made. What dies before the last step leaves a reservation that lapses and holders that their owners ask after.

mod lend;
mod narrow;

use self::lend::{give_back, lend};
use self::narrow::{Fit, narrow};
use super::create_repo::CreatedRepo;
use super::create_token::mint;
use super::new_name::{NewName, surely};
use crate::config::TOKEN_TTL_DEFAULT;
use crate::durable::Failure;
use crate::error::Error;
use crate::names::{NamespaceName, RepoName};
use crate::objects::Objects;
use crate::repo::Lent;
use crate::repo::call::{NewFork, NewRepo, NewToken, Refusal, RepoAddress, RepoInfo, Scope, Status};
use crate::store::PackStore;
use crate::witness::{Deed, Witness};

/// A fork that somebody wants.
#[derive(Debug, Clone)]
pub(crate) struct ForkRepo {
    pub(crate) namespace: NamespaceName,
    pub(crate) source: RepoName,
    /// The incarnation that is meant, if no other will do.
    pub(crate) source_id: Option<String>,
    pub(crate) name: RepoName,
    /// The source's own, if it is absent.
    pub(crate) description: Option<String>,
    pub(crate) read_only: bool,
    pub(crate) default_branch_only: bool,
}

/// A fork that was made.
#[derive(Debug)]
pub(crate) struct Forked {
    pub(crate) created: CreatedRepo,
    /// How many objects it can serve.
    pub(crate) n_objects: u64,
    /// Namespace and name of its source, as that spells them.
    source: (String, String),
}

impl Forked {
    /// Says what was done to its source.
    pub(crate) fn witness(&self, witness: &Witness) {
        let CreatedRepo { info, token } = &self.created;
        witness.about(&self.source.0, &self.source.1);
        witness.did(Deed::Forked(info.clone(), token.kept.clone()));
    }
}

/// Makes a fork.
pub(crate) async fn fork(
    objects: &impl Objects,
    store: &impl PackStore,
    account_id: &str,
    now: u64,
    wanted: ForkRepo,
) -> Result<Forked, Error> {
    let token = mint(now, Scope::Write, TOKEN_TTL_DEFAULT)?;
    let (lent, holder) = lend(objects, &wanted).await?;
    let new = new_repo(&lent, &holder, &wanted, token.kept.clone());
    let new_name = NewName { objects, namespace: &wanted.namespace, name: &wanted.name };
    if let Err(error) = new_name.reserve(account_id, &new, Status::Forking).await {
        give_back(objects, &lent, &holder).await;
        return Err(error);
    }
    let fit = match narrow(&lent, store).await {
        Ok(fit) => fit,
        Err(error) => {
            new_name.give_back(&new.repo_id).await;
            give_back(objects, &lent, &holder).await;
            return Err(error);
        }
    };
    let n_objects = fit.n_objects;
    let made = make(objects, &wanted, (&lent, &fit), new).await?;
    if made.is_err() {
        give_back(objects, &lent, &holder).await;
    }
    let info = new_name.settle(&holder.repo_id, made).await?;
    let source = (lent.opened.snapshot.namespace.clone(), lent.opened.snapshot.name.clone());
    Ok(Forked { created: CreatedRepo { info, token }, n_objects, source })
}

fn new_repo(lent: &Lent, fork: &RepoAddress, wanted: &ForkRepo, token: NewToken) -> NewRepo {
    NewRepo {
        repo_id: fork.repo_id.clone(),
        namespace: fork.namespace.clone(),
        name: fork.name.clone(),
        description: wanted.description.clone().or_else(|| lent.description.clone()),
        default_branch: lent.opened.snapshot.default_branch.clone(),
        read_only: wanted.read_only,
        token,
    }
}

/// Has the fork made by its object. Outside: the platform failed, and whether it was made is not known.
async fn make(
    objects: &impl Objects,
    wanted: &ForkRepo,
    (lent, fit): (&Lent, &Fit),
    new: NewRepo,
) -> Result<Result<RepoInfo, Refusal>, Failure> {
    let mut strings: Vec<&[u8]> = Vec::new();
    let mut add = |bytes| {
        strings.push(bytes);
        strings.len() - 1
    };
    let mut packs = Vec::new();
    for pack in &fit.packs {
        let mut row = pack.row.clone();
        if let Some((bytes, index)) = row.inline {
            row.inline = Some((add(lent.opened.strings.string(bytes)?), add(lent.opened.strings.string(index)?)));
        }
        row.visible = pack.visible.as_ref().map(|visible| add(visible.as_bytes()));
        packs.push(row);
    }
    let RepoAddress { namespace, name, .. } = &lent.source;
    let owners = lent.owners.iter().chain([&lent.source]).cloned().collect();
    let fork = NewFork {
        repo: new,
        source: format!("artifacts:{namespace}/{name}"),
        refs: lent.opened.snapshot.refs.clone(),
        packs,
        owners,
        shallow: fit.shallow.clone(),
        not_after: lent.not_after,
    };
    let repo = objects.repo(&wanted.namespace, &wanted.name)?;
    surely(async || repo.create_fork(fork.clone(), &strings).await).await
}
