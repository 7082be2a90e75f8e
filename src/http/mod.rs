//! HTTP: which address is what, who asks, and how answers are written.

pub(crate) mod answer;
mod auth;
pub(crate) mod condition;
mod cors;
mod debug;
pub(crate) mod envelope;
mod git;
mod openapi;
mod rest;
mod route;
pub(crate) mod served;
mod stream;

use worker::{Env, Request, Response, Url};

use crate::body::{Stopped, read_whole};
use crate::config::{self, Config, ConfigError, REST_BODY_LEN_MAX};
use crate::error::Error;
use crate::log;
use crate::objects::DurableObjects;
use crate::rate_limit;
use crate::remote::PlatformRemote;
use crate::store::R2Packs;
use crate::stream_body::StreamBody;
use crate::time;
use condition::Conditions;
use route::{Endpoint, GitRoute, RestRoute, Route};

const OPTIONS: &str = "OPTIONS";

/// Answers a request. Whatever goes wrong becomes an answer in the form of the surface it was meant for.
pub(crate) async fn respond(request: Request, env: &Env) -> worker::Result<Response> {
    let url = request.url()?;
    let method = request.inner().method();
    let config = config::read(env, url.host_str());
    let mut response = match route::route(&method, url.path()) {
        Err(Error::MethodNotAllowed { allow }) if method == OPTIONS => cors::options(allow).into_response(false)?,
        Ok(Route::Git(GitRoute { endpoint: Endpoint::WrongMethod { allow }, .. })) if method == OPTIONS => {
            cors::options(allow).into_response(false)?
        }
        routed => answer(&request, env, &config, &url, routed).await?,
    };
    if let Ok(config) = &config {
        let origin = request.headers().get("origin")?;
        cors::open(&config.cors_origins, origin.as_deref(), method == OPTIONS, &mut response)?;
    }
    Ok(response)
}

async fn answer(
    request: &Request,
    env: &Env,
    config: &Result<Config, ConfigError>,
    url: &Url,
    routed: Result<Route, Error>,
) -> worker::Result<Response> {
    let objects = DurableObjects::new(env);
    let answer = match routed {
        Ok(Route::Git(route)) => {
            let git = git::GitRequest { env, config, objects: &objects, route: &route, request, url };
            match git::serve(&git).await {
                Ok(response) => return Ok(response),
                Err(error) => logged(&error).to_git(),
            }
        }
        Ok(Route::Rest(route)) => {
            let rest = RestRequest { env, config, objects: &objects, request, url };
            match rest.serve(&route).await {
                Ok(response) => return Ok(response),
                Err(error) => logged(&error).to_rest(),
            }
        }
        Ok(Route::Debug(trigger)) => match serving(config) {
            Ok(config) if debug::is_open(config, url) => debug::fire(trigger),
            _ => Error::NoRoute.to_rest(),
        },
        Ok(Route::OpenApi) => openapi::answer(),
        Err(error) => error.to_rest(),
    };
    answer.into_response(request.inner().method() == "HEAD")
}

/// A REST request on its way to an answer.
struct RestRequest<'a> {
    env: &'a Env,
    config: &'a Result<Config, ConfigError>,
    objects: &'a DurableObjects<'a>,
    request: &'a Request,
    url: &'a Url,
}

impl RestRequest<'_> {
    async fn serve(&self, route: &RestRoute) -> Result<Response, Error> {
        let body = read_whole(&mut StreamBody::of_request(self.request), REST_BODY_LEN_MAX).await;
        let config = serving(self.config)?;
        let header = |name| self.request.headers().get(name);
        let authorization = header("authorization")?;
        let admitted = rest::admit(config, route, authorization.as_deref())?;
        rate_limit::control(self.env, admitted.namespace()).await?;
        let body = body.map_err(Stopped::Body)?;
        let query = self.url.query_pairs().into_owned().collect();
        let is_head = self.request.inner().method() == "HEAD";
        let conditions = Conditions::read(is_head, header)?;
        let asked = rest::Asked { config, objects: self.objects, now: time::now(), query, body, conditions };
        let outside = rest::Outside { store: &R2Packs::new(self.env)?, remote: &PlatformRemote::new(self.env) };
        let served = rest::serve(&asked, &outside, admitted).await?;
        served.into_response(is_head, R2Packs::new(self.env)?).await
    }
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
