//! Makes a namespace before there is a repo in it: in its own object, which is the truth, then in the account's list.

use crate::account::call::NamespaceReport;
use crate::durable::Failure;
use crate::error::Error;
use crate::log;
use crate::names::NamespaceName;
use crate::namespace::call::NamespaceInfo;
use crate::objects::Objects;

/// Makes a namespace.
pub(crate) async fn create_namespace(
    objects: &impl Objects,
    account_id: &str,
    namespace: &NamespaceName,
) -> Result<NamespaceInfo, Error> {
    let made = objects.namespace(namespace)?.create(namespace.to_string()).await?;
    let report = made.map_err(|_| Error::NamespaceExists(namespace.to_string()))?;
    let info = report.info.clone();
    announce(objects, account_id, namespace, report).await;
    Ok(info)
}

/// Tells the account how a namespace stands now. The namespace's object tells it a little later if this fails.
pub(super) async fn announce(
    objects: &impl Objects,
    account_id: &str,
    namespace: &NamespaceName,
    report: NamespaceReport,
) {
    if let Err(failure) = register(objects, account_id, namespace, report).await {
        log::warn(format_args!("report of {namespace} to the account: {failure}"));
    }
}

/// Tells the account how a namespace stands, and the namespace that it has.
pub(super) async fn register(
    objects: &impl Objects,
    account_id: &str,
    namespace: &NamespaceName,
    report: NamespaceReport,
) -> Result<(), Failure> {
    let version = report.version;
    objects.account(account_id)?.report(report).await?;
    objects.namespace(namespace)?.heard(version).await
}
