//! Pages of other origins: what lets their browsers ask, and see the answer. Off unless the deployment lists origins.

use worker::{Headers, Response};

use super::answer::Answer;
use crate::config::{CORS_MAX_AGE_SECONDS, Origins};
use crate::error::Success;

/// What a page may send: anything, but that this one has to be named.
const REQUEST_HEADERS: &str = "authorization, *";
/// What it may read of an answer besides what every page may.
const RESPONSE_HEADERS: &str =
    "accept-ranges, allow, content-length, content-range, etag, retry-after, www-authenticate";

/// The answer to `OPTIONS` where these methods are.
pub(crate) fn options(allow: &str) -> Answer {
    Answer::empty(Success::NoContent.status()).with_header("allow", format!("{allow}, OPTIONS"))
}

/// Lets a page of `origin` ask and see the answer, if it may.
pub(crate) fn open(
    origins: &Origins,
    origin: Option<&str>,
    is_options: bool,
    response: &mut Response,
) -> worker::Result<()> {
    let headers = response.headers_mut();
    if let Origins::Only(list) = origins
        && !list.is_empty()
    {
        headers.append("vary", "origin")?;
    }
    let Some(allowed) = allowed(origins, origin) else { return Ok(()) };
    headers.set("access-control-allow-origin", allowed)?;
    headers.set("access-control-expose-headers", RESPONSE_HEADERS)?;
    if is_options { preflight(headers) } else { Ok(()) }
}

fn preflight(headers: &mut Headers) -> worker::Result<()> {
    headers.set("access-control-allow-methods", &headers.get("allow")?.unwrap_or_default())?;
    headers.set("access-control-allow-headers", REQUEST_HEADERS)?;
    headers.set("access-control-max-age", &CORS_MAX_AGE_SECONDS.to_string())
}

/// What an answer says of origins. `*` stands in every one, for a cache may hand it to a page later.
fn allowed<'a>(origins: &Origins, origin: Option<&'a str>) -> Option<&'a str> {
    match origins {
        Origins::Any => Some("*"),
        Origins::Only(list) => origin.filter(|origin| list.iter().any(|listed| listed == origin)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_page_is_told_of_its_own_origin_if_that_is_listed() {
        let listed = Origins::Only(vec!["https://app.example".into()]);
        assert_eq!(allowed(&listed, Some("https://app.example")), Some("https://app.example"));
        assert_eq!(allowed(&listed, Some("https://other.example")), None);
        assert_eq!(allowed(&Origins::Only(Vec::new()), Some("https://app.example")), None);
        assert_eq!(allowed(&Origins::Any, Some("https://app.example")), Some("*"));
    }

    #[test]
    fn options_tells_the_methods() {
        let answer = options("GET, HEAD");
        assert_eq!((answer.status, answer.headers), (204, vec![("allow", "GET, HEAD, OPTIONS".into())]));
    }
}
