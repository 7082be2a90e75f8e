//! HTTP: which address is what, who asks, and how answers are written.

pub(crate) mod answer;
mod auth;
pub(crate) mod calls;
pub(crate) mod condition;
mod cors;
mod debug;
pub(crate) mod envelope;
mod git;
mod graphql;
mod openapi;
mod rest;
mod route;
pub(crate) mod served;
mod stream;

use std::rc::Rc;

use worker::{Env, Request, Response, Url};

use crate::body::{Stopped, read_whole};
use crate::config::{self, Config, ConfigError, REST_BODY_LEN_MAX};
use crate::durable::Failure;
use crate::error::Error;
use crate::objects::DurableObjects;
use crate::random;
use crate::rate_limit;
use crate::remote::PlatformRemote;
use crate::store::R2Packs;
use crate::stream_body::StreamBody;
use crate::time;
use crate::witness::{Audience, Subject, Surface, Witness};
use answer::Answer;
use calls::RestRoute;
use condition::Conditions;
use route::{Endpoint, GitRoute, Route};
use stream::Telling;

const OPTIONS: &str = "OPTIONS";
/// With any value: the answer is to say what it took, as `Server-Timing` has it.
const SERVER_TIMING: &str = "server-timing";

/// A request on its way to an answer.
pub(crate) struct Asking<'a> {
    pub(crate) request: &'a Request,
    pub(crate) env: &'a Env,
    pub(crate) config: &'a Result<Config, ConfigError>,
    pub(crate) url: &'a Url,
    pub(crate) witness: &'a Rc<Witness>,
    audience: &'a Audience,
}

impl Asking<'_> {
    /// The way to the Durable Objects, at the cost of this request.
    pub(crate) fn objects(&self) -> DurableObjects<'_> {
        DurableObjects::new(self.env, &self.witness.meter)
    }

    /// The way to R2, for reading.
    pub(crate) fn packs(&self) -> Result<R2Packs, Failure> {
        R2Packs::new(self.env, &self.witness.meter)
    }

    pub(crate) fn header(&self, name: &str) -> worker::Result<Option<String>> {
        self.request.headers().get(name)
    }

    /// An answer that is sent whole.
    pub(crate) fn whole(&self, answer: Answer) -> worker::Result<Response> {
        answer.into_response(self.request.inner().method() == "HEAD", &self.witness.meter)
    }

    /// Who is told of an answer that goes on after its head.
    pub(crate) fn telling(&self, status: u16) -> Telling {
        Telling::of(self.audience, self.witness, status)
    }

    /// The same answer, of which it is noted why it is no success.
    fn refused(&self, error: &Error, answer: Answer) -> Answer {
        self.witness.refused(error);
        answer
    }
}

/// Answers a request. Whatever goes wrong becomes an answer in the form of the surface it was meant for.
pub(crate) async fn respond(request: Request, env: &Env, audience: &Audience) -> worker::Result<Response> {
    let url = request.url()?;
    let method = request.inner().method();
    let config = config::read(env, url.host_str());
    let routed = route::route(&method, url.path());
    let witness = Rc::new(witness_of(&request, &method, &routed)?);
    let asking = Asking { request: &request, env, config: &config, url: &url, witness: &witness, audience };
    let mut response = match routed {
        Err(Error::MethodNotAllowed { allow }) if method == OPTIONS => asking.whole(cors::options(allow))?,
        Ok(Route::Git(GitRoute { endpoint: Endpoint::WrongMethod { allow }, .. })) if method == OPTIONS => {
            asking.whole(cors::options(allow))?
        }
        routed => answer(&asking, routed).await?,
    };
    if let Ok(config) = &config {
        let origin = request.headers().get("origin")?;
        cors::open(&config.cors_origins, origin.as_deref(), method == OPTIONS, &mut response)?;
    }
    response.headers().set("x-request-id", &witness.request_id)?;
    if request.headers().has(SERVER_TIMING)? {
        response.headers().set(SERVER_TIMING, &witness.server_timing(time::now()))?;
    }
    if !witness.is_going_on() {
        audience.tell(&witness, response.status_code());
    }
    Ok(response)
}

fn witness_of(request: &Request, method: &str, routed: &Result<Route, Error>) -> worker::Result<Witness> {
    let (surface, subject) = match routed {
        Ok(Route::Git(route)) => (Surface::Git, route.subject()),
        Ok(Route::Rest(route)) => (Surface::Rest, route.call.subject()),
        Ok(Route::Graphql) => (Surface::Graphql, Subject { route: "graphql", ..Subject::default() }),
        Ok(Route::OpenApi) => (Surface::Other, Subject { route: "openapi.json", ..Subject::default() }),
        Ok(Route::Debug(_)) => (Surface::Other, Subject { route: "debug", ..Subject::default() }),
        Err(_) => (Surface::Other, Subject { route: "none", ..Subject::default() }),
    };
    let given = request.headers().get("cf-ray")?.filter(|id| random::is_request_id(id));
    let request_id =
        given.map_or_else(random::id, Ok).map_err(|failure| worker::Error::RustError(failure.to_string()))?;
    Ok(Witness::new(time::now(), request_id, method.to_owned(), surface, subject))
}

async fn answer(asking: &Asking<'_>, routed: Result<Route, Error>) -> worker::Result<Response> {
    let answer = match routed {
        Ok(Route::Git(route)) => match git::serve(asking, &route).await {
            Ok(response) => return Ok(response),
            Err(error) => asking.refused(&error, error.to_git()),
        },
        Ok(Route::Rest(route)) => match serve_rest(asking, &route).await {
            Ok(response) => return Ok(response),
            Err(error) => asking.refused(&error, error.to_rest()),
        },
        Ok(Route::Graphql) => match graphql::serve(asking).await {
            Ok(answer) => answer,
            Err(error) => asking.refused(&error, error.to_graphql()),
        },
        Ok(Route::Debug(trigger)) => match serving(asking.config) {
            Ok(config) if debug::is_open(config, asking.url) => match debug::fire(trigger, asking).await {
                Ok(answer) => answer,
                Err(error) => asking.refused(&error, error.to_rest()),
            },
            _ => asking.refused(&Error::NoRoute, Error::NoRoute.to_rest()),
        },
        Ok(Route::OpenApi) => openapi::answer(),
        Err(error) => asking.refused(&error, error.to_rest()),
    };
    asking.whole(answer)
}

async fn serve_rest(asking: &Asking<'_>, route: &RestRoute) -> Result<Response, Error> {
    let mut body = StreamBody::of_request(asking.request, &asking.witness.meter);
    let body = read_whole(&mut body, REST_BODY_LEN_MAX).await;
    let config = serving(asking.config)?;
    let admitted = rest::admit(config, route, asking.header("authorization")?.as_deref(), asking.witness)?;
    rate_limit::control(asking.env, admitted.namespace()).await?;
    let body = body.map_err(Stopped::Body)?;
    let query = asking.url.query_pairs().into_owned().collect();
    let is_head = asking.request.inner().method() == "HEAD";
    let conditions = Conditions::read(is_head, |name| asking.header(name))?;
    let (objects, witness) = (asking.objects(), asking.witness);
    let asked = rest::Asked { config, objects: &objects, now: time::now(), query, body, conditions, witness };
    let outside = rest::Outside { store: &asking.packs()?, remote: &PlatformRemote::new(asking.env) };
    let served = rest::serve(&asked, &outside, admitted).await?;
    served.into_response(is_head, asking.packs()?, asking.audience, witness).await
}

fn serving(config: &Result<Config, ConfigError>) -> Result<&Config, Error> {
    config.as_ref().map_err(|error| error.clone().into())
}
