//! Fields that mean the same wherever they stand.

use git_core::refs::BranchName;

use super::Fields;
use crate::config::{
    DESCRIPTION_LEN_MAX, IMPORT_DEPTH_MAX, REF_NAME_LEN_MAX, TOKEN_TTL_DEFAULT, TOKEN_TTL_MAX, TOKEN_TTL_MIN,
};
use crate::error::Error;
use crate::repo::call::Scope;

impl Fields {
    /// A repo's description.
    pub(crate) fn description(&self) -> Result<Option<String>, Error> {
        match self.text("description")? {
            Some(text) if text.len() > DESCRIPTION_LEN_MAX => {
                Err(self.error("description", &format!("must be at most {DESCRIPTION_LEN_MAX} bytes")))
            }
            text => Ok(text.map(ToOwned::to_owned)),
        }
    }

    /// A branch.
    pub(crate) fn branch(&self, name: &str) -> Result<Option<BranchName>, Error> {
        let parse = |branch| BranchName::parse(branch, REF_NAME_LEN_MAX);
        self.text(name)?.map(parse).transpose().map_err(|error| self.error(name, &error.to_string()))
    }

    /// How many commits of each history an import is to have.
    pub(crate) fn depth(&self) -> Result<Option<u32>, Error> {
        let depth = self.number_in("depth", 1..=u64::from(IMPORT_DEPTH_MAX))?;
        Ok(depth.map(|depth| u32::try_from(depth).unwrap_or(IMPORT_DEPTH_MAX)))
    }

    /// What a token may do.
    pub(crate) fn scope(&self) -> Result<Scope, Error> {
        match self.text("scope")? {
            None | Some("write") => Ok(Scope::Write),
            Some("read") => Ok(Scope::Read),
            Some(_) => Err(self.error("scope", "must be read or write")),
        }
    }

    /// For how many seconds.
    pub(crate) fn ttl(&self) -> Result<u64, Error> {
        let Some(ttl) = self.whole_number("ttl")? else { return Ok(TOKEN_TTL_DEFAULT) };
        let ttl = ttl.map_err(|ttl| Error::Ttl(ttl.to_string()))?;
        if (TOKEN_TTL_MIN..=TOKEN_TTL_MAX).contains(&ttl) { Ok(ttl) } else { Err(Error::Ttl(ttl.to_string())) }
    }
}
