//! Deletes a namespace that has no repos.

use super::create_namespace::announce;
use crate::error::Error;
use crate::names::NamespaceName;
use crate::namespace::call::Refusal;
use crate::objects::Objects;

/// Deletes a namespace, if no repo is in it or being made.
pub(crate) async fn delete_namespace(
    objects: &impl Objects,
    account_id: &str,
    namespace: &NamespaceName,
) -> Result<(), Error> {
    let deleted = objects.namespace(namespace)?.delete().await?;
    let report = deleted.map_err(|refusal| match refusal {
        Refusal::NotEmpty => Error::NamespaceNotEmpty(namespace.to_string()),
        Refusal::InProgress(_) => Error::NamespaceBusy(namespace.to_string()),
        _ => Error::NamespaceNotFound(namespace.to_string()),
    })?;
    announce(objects, account_id, namespace, report).await;
    Ok(())
}
