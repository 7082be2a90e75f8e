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

use worker::{Env, Request, Response};

use crate::config::{self, Config, ConfigError, REST_BODY_LEN_MAX};
use crate::error::Error;
use crate::log;
use crate::objects::DurableObjects;
use crate::ops::body::{Stopped, read_whole};
use crate::time;
use answer::Answer;
use body::RequestBody;
use route::Route;

/// Answers a request. Whatever goes wrong becomes an answer in the form of the surface it was meant for.
pub(crate) async fn respond(request: Request, env: &Env) -> worker::Result<Response> {
    let url = request.url()?;
    let method = request.inner().method();
    let config = config::read(env, url.host_str());
    let objects = DurableObjects::new(env);
    let answer = match route::route(&method, url.path()) {
        Ok(Route::Git(route)) => {
            let (config, objects) = (&config, &objects);
            let git = git::GitRequest { env, config, objects, route: &route, request: &request, url: &url };
            match git::serve(&git).await {
                Ok(response) => return Ok(response),
                Err(error) => logged(&error).to_git(),
            }
        }
        Ok(Route::Rest(route)) => {
            rest(&config, &objects, &route, &request, &url).await.unwrap_or_else(|error| logged(&error).to_rest())
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
    request: &Request,
    url: &worker::Url,
) -> Result<Answer, Error> {
    let mut body = RequestBody::new(request).map_err(Stopped::Body)?;
    let body = read_whole(&mut body, REST_BODY_LEN_MAX).await;
    let config = serving(config)?;
    let authorization = request.headers().get("authorization")?;
    let body = body.map_err(Stopped::Body)?;
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
