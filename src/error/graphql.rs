//! Refusals as GraphQL has them.

use serde_json::json;

use super::Error;
use super::codes::INVALID_INPUT;
use crate::http::answer::Answer;

impl Error {
    /// The code of what is wrong with a query itself.
    pub(crate) const INPUT_CODE_WORD: &str = INVALID_INPUT.word;

    /// Its code, as a word.
    pub(crate) fn code_word(&self) -> &'static str {
        self.rest().1.word
    }

    /// The answer to a request to the GraphQL API that is not so much as a query of somebody who may ask.
    pub(crate) fn to_graphql(&self) -> Answer {
        let (status, code) = self.rest();
        let extensions = json!({ "code": code.word, "numericCode": code.number });
        let errors = [json!({ "message": self.message(), "extensions": extensions })];
        self.with_headers(Answer::json(status, &json!({ "data": null, "errors": errors })))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refusal_has_no_data_and_says_why() {
        let answer = Error::Unauthenticated.to_graphql();
        let body = r#"{"data":null,"errors":[{"extensions":{"code":"AUTHENTICATION_ERROR","numericCode":10000},"message":"Authentication error"}]}"#;
        assert_eq!((answer.status, String::from_utf8(answer.body).unwrap()), (401, body.to_owned()));
        assert!(Error::RateLimited.to_graphql().headers.contains(&("retry-after", "10".into())));
    }
}
