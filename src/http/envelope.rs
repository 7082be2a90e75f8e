//! The envelope that every REST answer comes in, errors included.

use serde::Serialize;

/// `{"result", "success", "errors", "messages", "result_info"?}`.
#[derive(Debug, Serialize)]
pub(crate) struct Envelope<'a, T, I = ()> {
    result: Option<T>,
    success: bool,
    errors: Vec<ApiError<'a>>,
    messages: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    result_info: Option<I>,
}

/// One reason why there is no result.
#[derive(Debug, Serialize)]
struct ApiError<'a> {
    code: u32,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    source: Option<Source<'a>>,
}

/// Which part of the body is meant, as a JSON pointer.
#[derive(Debug, Serialize)]
struct Source<'a> {
    pointer: &'a str,
}

/// A list's place in the whole, for lists with a cursor.
#[derive(Debug, Serialize)]
pub(crate) struct CursorInfo {
    /// Where the next page starts; empty on the last one.
    pub(crate) cursor: String,
    pub(crate) per_page: u64,
    pub(crate) count: usize,
    /// For callers that count pages.
    #[serde(flatten)]
    pub(crate) pages: Option<Numbered>,
}

/// Where a page stands among all, for callers that count them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub(crate) struct Numbered {
    pub(crate) page: u64,
    pub(crate) total_pages: u64,
    pub(crate) total_count: u64,
}

impl Numbered {
    /// The page that begins after `offset` of so many.
    pub(crate) fn of(offset: u64, per_page: u64, total_count: u64) -> Self {
        Self { page: offset / per_page + 1, total_pages: total_count.div_ceil(per_page), total_count }
    }
}

/// A list's place in the whole, for lists with pages.
#[derive(Debug, Serialize)]
pub(crate) struct PageInfo {
    pub(crate) page: u64,
    pub(crate) per_page: u64,
    pub(crate) total_pages: u64,
    pub(crate) count: usize,
    pub(crate) total_count: u64,
}

/// A result.
pub(crate) fn success<T>(result: T) -> Envelope<'static, T> {
    Envelope { result: Some(result), success: true, errors: Vec::new(), messages: [], result_info: None }
}

/// A list with its place in the whole.
pub(crate) fn page<T, I>(result: T, info: I) -> Envelope<'static, T, I> {
    Envelope { result: Some(result), success: true, errors: Vec::new(), messages: [], result_info: Some(info) }
}

/// No result, and why.
pub(crate) fn failure<'a>(code: u32, message: &'a str, pointer: Option<&'a str>) -> Envelope<'a, ()> {
    let error = ApiError { code, message, source: pointer.map(|pointer| Source { pointer }) };
    Envelope { result: None, success: false, errors: vec![error], messages: [], result_info: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(value: &impl Serialize) -> String {
        serde_json::to_string(value).unwrap()
    }

    #[test]
    fn a_success_has_every_field() {
        assert_eq!(json(&success("r")), r#"{"result":"r","success":true,"errors":[],"messages":[]}"#);
    }

    #[test]
    fn a_failure_says_where_if_it_can() {
        assert_eq!(
            json(&failure(10100, "m", Some("/name"))),
            r#"{"result":null,"success":false,"errors":[{"code":10100,"message":"m","source":{"pointer":"/name"}}],"messages":[]}"#
        );
        assert_eq!(
            json(&failure(10200, "m", None)),
            r#"{"result":null,"success":false,"errors":[{"code":10200,"message":"m"}],"messages":[]}"#
        );
    }

    #[test]
    fn lists_tell_their_place() {
        let info = CursorInfo { cursor: String::new(), per_page: 50, count: 0, pages: None };
        assert_eq!(
            json(&page([(); 0], info)),
            r#"{"result":[],"success":true,"errors":[],"messages":[],"result_info":{"cursor":"","per_page":50,"count":0}}"#
        );
        let pages = Some(Numbered::of(100, 50, 120));
        assert_eq!(
            json(&CursorInfo { cursor: "c".into(), per_page: 50, count: 20, pages }),
            r#"{"cursor":"c","per_page":50,"count":20,"page":3,"total_pages":3,"total_count":120}"#
        );
        let info = PageInfo { page: 1, per_page: 30, total_pages: 1, count: 1, total_count: 1 };
        assert_eq!(json(&info), r#"{"page":1,"per_page":30,"total_pages":1,"count":1,"total_count":1}"#);
    }
}
