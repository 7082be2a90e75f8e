//! Queries, parameter by parameter. Unknown ones are nobody's business.

use std::collections::HashMap;
use std::ops::RangeInclusive;

use crate::config::PAGE_MAX;
use crate::error::Error;

/// A parameter of a list that is a number in a range.
pub(super) fn number_parameter(
    query: &HashMap<String, String>,
    name: &str,
    range: RangeInclusive<u64>,
    default: u64,
) -> Result<u64, Error> {
    let Some(value) = query.get(name) else { return Ok(default) };
    // A sign is none of its digits, though Rust takes one.
    let digits = Some(value).filter(|value| value.bytes().all(|byte| byte.is_ascii_digit()));
    digits
        .and_then(|digits| digits.parse().ok())
        .filter(|number| range.contains(number))
        .ok_or_else(|| parameter_error(name, &format!("must be between {} and {}", range.start(), range.end())))
}

/// Where a page begins, if pages are counted: official clients do, and know of no cursor, which goes before.
pub(super) fn offset_parameter(query: &HashMap<String, String>, per_page: u64) -> Result<Option<u64>, Error> {
    let page = number_parameter(query, "page", 1..=PAGE_MAX, 1)?;
    let has_cursor = query.get("cursor").is_some_and(|cursor| !cursor.is_empty());
    Ok((query.contains_key("page") && !has_cursor).then_some((page - 1) * per_page))
}

/// A parameter that is one of a few words.
pub(super) fn word_parameter<T: Copy>(
    query: &HashMap<String, String>,
    name: &str,
    words: &[(&str, T)],
    default: T,
) -> Result<T, Error> {
    let Some(value) = query.get(name) else { return Ok(default) };
    words.iter().find(|(word, _)| word == value).map(|(_, meaning)| *meaning).ok_or_else(|| {
        let words: Vec<_> = words.iter().map(|(word, _)| *word).collect();
        parameter_error(name, &format!("must be one of {}", words.join(", ")))
    })
}

/// A parameter that is not what it must be.
pub(super) fn parameter_error(name: &str, why: &str) -> Error {
    Error::Input { message: format!("Invalid {name}: {why}."), pointer: None }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn input(message: &str, pointer: Option<&str>) -> Error {
        Error::Input { message: message.into(), pointer: pointer.map(Into::into) }
    }

    #[test]
    fn a_number_outside_its_range_is_told_the_range() {
        let query = |value: &str| HashMap::from([("limit".to_owned(), value.to_owned())]);
        let wrong = Err(input("Invalid limit: must be between 1 and 200.", None));
        assert_eq!(number_parameter(&HashMap::new(), "limit", 1..=200, 50), Ok(50));
        assert_eq!(number_parameter(&query("200"), "limit", 1..=200, 50), Ok(200));
        for value in ["0", "201", "-1", "+5", "x", "", "1.5"] {
            assert_eq!(number_parameter(&query(value), "limit", 1..=200, 50), wrong);
        }
    }

    #[test]
    fn a_cursor_goes_before_the_number_of_a_page() {
        let query = |text: &str| -> HashMap<String, String> {
            text.split('&').filter_map(|pair| pair.split_once('=')).map(|(k, v)| (k.to_owned(), v.to_owned())).collect()
        };
        assert_eq!(offset_parameter(&query(""), 50), Ok(None));
        assert_eq!(offset_parameter(&query("page=3"), 50), Ok(Some(100)));
        assert_eq!(offset_parameter(&query("page=3&cursor="), 50), Ok(Some(100)));
        assert_eq!(offset_parameter(&query("page=3&cursor=c"), 50), Ok(None));
        assert!(offset_parameter(&query("page=0&cursor=c"), 50).is_err());
    }

    #[test]
    fn a_word_that_is_none_of_them_is_told_which_there_are() {
        let query = HashMap::from([("direction".to_owned(), "up".to_owned())]);
        let words = [("asc", 1), ("desc", 2)];
        let wrong = Err(input("Invalid direction: must be one of asc, desc.", None));
        assert_eq!(word_parameter(&query, "direction", &words, 2), wrong);
        assert_eq!(word_parameter(&HashMap::new(), "direction", &words, 2), Ok(2));
    }
}
