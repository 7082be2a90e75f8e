//! HTTP: which address is what, who asks, and how answers are written.

pub(crate) mod answer;
mod auth;
mod body;
mod debug;
pub(crate) mod envelope;
mod git;
mod rest;
mod route;
mod stream;

use futures_util::StreamExt;
use worker::{Env, Request, Response};

use crate::config::{Config, ConfigError, REST_BODY_LEN_MAX};
use crate::error::Error;
use crate::log;
use crate::objects::DurableObjects;
use crate::time;
use answer::Answer;
use route::Route;

/// Answers a request. Whatever goes wrong becomes an answer in the form of the surface it was meant for.
pub(crate) async fn respond(mut request: Request, env: &Env) -> worker::Result<Response> {
    let url = request.url()?;
    let method = request.inner().method();
    let config = Config::read(env, url.host_str());
    let objects = DurableObjects::new(env);
    let answer = match route::route(&method, url.path()) {
        Ok(Route::Git(route)) => {
            let git = git::GitRequest { env, objects: &objects, route: &route, request: &request, url: &url };
            let served = match serving(&config) {
                Ok(_) => git::serve(&git).await,
                Err(error) => Err(error),
            };
            match served {
                Ok(response) => return Ok(response),
                Err(error) => logged(&error).to_git(),
            }
        }
        Ok(Route::Rest(route)) => {
            rest(&config, &objects, &route, &mut request, &url).await.unwrap_or_else(|error| logged(&error).to_rest())
        }
        Ok(Route::Debug(trigger)) => match serving(&config) {
            Ok(config) if debug::is_open(config, &url) => debug::fire(trigger),
            _ => Error::NoRoute.to_rest(),
        },
        Err(error) => error.to_rest(),
    };
    answer.into_response(method == "HEAD")
}

async fn rest(
    config: &Result<Config, ConfigError>,
    objects: &DurableObjects<'_>,
    route: &route::RestRoute,
    request: &mut Request,
    url: &worker::Url,
) -> Result<Answer, Error> {
    let config = serving(config)?;
    let authorization = request.headers().get("authorization")?;
    let body = read_body(request, REST_BODY_LEN_MAX).await?;
    let query = url.query_pairs().into_owned().collect();
    let asked = rest::Asked { config, objects, now: time::now(), query, body };
    rest::serve(&asked, route, authorization.as_deref()).await
}

fn serving(config: &Result<Config, ConfigError>) -> Result<&Config, Error> {
    config.as_ref().map_err(|error| error.clone().into())
}

fn logged(error: &Error) -> &Error {
    if let Some(cause) = error.cause() {
        log::error(cause);
    }
    error
}

/// The whole body, which is refused when it is longer than it may be.
async fn read_body(request: &mut Request, len_max: usize) -> Result<Vec<u8>, Error> {
    let mut body = Vec::new();
    if request.inner().body().is_none() {
        return Ok(body);
    }
    let mut chunks = request.stream()?;
    while let Some(chunk) = chunks.next().await {
        let chunk = chunk?;
        if body.len() + chunk.len() > len_max {
            return Err(Error::BodyTooLong { len_max });
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}
