//! What operators read: causes of ours that no caller is told. Words may repeat what others wrote: what opens something is hidden.

use crate::redact::redact;

/// Something was done that an operator may want to know of.
pub(crate) fn info(what: impl std::fmt::Display) {
    let what = redact(&what.to_string());
    #[cfg(target_arch = "wasm32")]
    worker::console_log!("{what}");
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("{what}");
}

/// Something failed and the request with it.
pub(crate) fn error(what: impl std::fmt::Display) {
    let what = redact(&what.to_string());
    #[cfg(target_arch = "wasm32")]
    worker::console_error!("{what}");
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("error: {what}");
}

/// Something failed that will be tried again.
pub(crate) fn warn(what: impl std::fmt::Display) {
    let what = redact(&what.to_string());
    #[cfg(target_arch = "wasm32")]
    worker::console_warn!("{what}");
    #[cfg(not(target_arch = "wasm32"))]
    eprintln!("warning: {what}");
}
