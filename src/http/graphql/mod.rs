//! `POST /client/v4/graphql`: metrics, as Cloudflare's GraphQL Analytics API has them. The only module that knows GraphQL.
//!
//! `schema` says what there is, `run` takes a query from its text to its answer, `resolve` looks up the fields, `filter` reads
//! conditions, `look` measures and looks ahead, `errors` puts what went wrong into its form.

mod errors;
mod filter;
mod look;
mod resolve;
mod run;
mod schema;
#[cfg(test)]
mod tests;

use apollo_compiler::response::JsonMap;
use serde::Deserialize;

use super::Asking;
use super::answer::Answer;
use super::{auth, serving};
use crate::body::{Stopped, read_whole};
use crate::config::{ApiToken, Config, GRAPHQL_BODY_LEN_MAX};
use crate::error::{Error, Success};
use crate::objects::Objects;
use crate::ops::metrics::{self, Asker};
use crate::rate_limit;
use crate::stream_body::StreamBody;
use crate::time;
use run::{Query, Response, run};

/// The body of a request.
#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Body {
    query: String,
    variables: Option<JsonMap>,
    operation_name: Option<String>,
}

/// Answers a request. What is wrong with the query itself is told in an answer that is a success to HTTP.
pub(super) async fn serve(asking: &Asking<'_>) -> Result<Answer, Error> {
    let mut body = StreamBody::of_request(asking.request, &asking.witness.meter);
    let body = read_whole(&mut body, GRAPHQL_BODY_LEN_MAX).await;
    let config = serving(asking.config)?;
    let token = auth::api_token(config, asking.header("authorization")?.as_deref())?;
    asking.witness.admitted();
    rate_limit::control(asking.env, None).await?;
    let response = respond(&asking.objects(), config, token, &body.map_err(Stopped::Body)?, time::now()).await?;
    for error in &response.failures {
        asking.witness.refused(error);
    }
    Ok(Answer::json(Success::Ok.status(), &response))
}

/// The answer to the query in a body.
async fn respond(
    objects: &impl Objects,
    config: &Config,
    token: &ApiToken,
    body: &[u8],
    now: u64,
) -> Result<Response, Error> {
    let query = query(body)?;
    let asker = Asker { account_id: &config.account_id, only: token.namespaces.as_deref(), now };
    run(&config.account_id, query, async |question| metrics::answer(objects, asker, question).await).await
}

fn query(body: &[u8]) -> Result<Query, Error> {
    let body: Body = serde_json::from_slice(body).map_err(|error| Error::Input {
        message: format!(
            "Invalid body: expected a JSON object with query, a string, and perhaps variables, an object, and operationName, a string: {error}."
        ),
        pointer: None,
    })?;
    let Body { query: text, variables, operation_name } = body;
    Ok(Query { text, variables: variables.unwrap_or_default(), operation_name })
}
