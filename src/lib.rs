//! The Artifacts Worker: entry points and the map of what is where.
//!
//! `http` takes requests apart, `ops` does what they want, `repo`, `namespace` and `account` are the Durable Objects
//! and the way to them, `store` is R2, `remote` other Git servers. Calls go down that list, never up. Beside `http`
//! stand `binding`, which other Workers call, and `maintenance`: what it begins is asked for by the repos themselves.
//! `events` keeps what operations leave behind.

mod account;
mod announce;
mod binding;
mod body;
mod config;
mod durable;
mod error;
mod events;
mod http;
mod input;
mod log;
mod maintenance;
mod meter;
mod names;
mod namespace;
mod objects;
mod ops;
mod random;
mod rate_limit;
mod redact;
mod remote;
mod repo;
mod shown;
mod stats;
mod store;
mod stream_body;
mod time;
mod token;
mod witness;

pub use account::AccountObject;
pub use binding::answer_binding;
pub use events::EventsObject;
pub use maintenance::MaintenanceObject;
pub use namespace::NamespaceObject;
pub use repo::RepoObject;

use worker::{Context, Env, Request, Response, event};

use witness::Audience;

/// Answers an HTTP request.
#[event(fetch)]
async fn fetch(request: Request, env: Env, context: Context) -> worker::Result<Response> {
    http::respond(request, &env, &Audience::new(&env, context)).await
}
