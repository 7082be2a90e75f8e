//! What the Workers binding calls. `src/entry.js` says which namespace it is bound to and what is asked, and makes of the answer
//! what the caller gets.
//!
//! It stands beside `http`: the same use cases and the same limits, under other names and with some other defaults. Absent: who
//! asks. Whoever can deploy a Worker to the account may bind it to any namespace.

mod contents;
#[cfg(test)]
mod fixture;
mod repos;
mod tokens;

use std::rc::Rc;

use js_sys::JsString;
use serde::Serialize;
use serde_json::{Map, Value, json};
use wasm_bindgen::prelude::*;
use worker::{Context, Env, wasm_bindgen_futures, web_sys, worker_sys};

use crate::config::{self, BINDING_ARGUMENTS_LEN_MAX, Config};
use crate::error::{Error, Success};
use crate::http::answer::Answer;
use crate::http::served::Served;
use crate::input::Fields;
use crate::names::{NamespaceName, RepoName};
use crate::objects::{DurableObjects, Objects};
use crate::ops::get_repo::get_incarnation;
use crate::random;
use crate::rate_limit;
use crate::remote::{PlatformRemote, Remote};
use crate::repo::call::RepoInfo;
use crate::store::{PackStore, R2Packs};
use crate::time;
use crate::witness::{Audience, Subject, Surface, Witness};

/// What a caller can call.
const METHODS: [&str; 15] = [
    "create",
    "get",
    "list",
    "import",
    "delete",
    "info",
    "fork",
    "createToken",
    "listTokens",
    "revokeToken",
    "readBlob",
    "readFile",
    "readTree",
    "readCommit",
    "log",
];

/// Answers a method of the binding: with JSON, `{"result": …}` or `{"error": {"code", "numericCode", "message"}}`.
///
/// `namespace` is what the binding's configuration says, and may be anything. `arguments` is a JSON object; of a handle's methods
/// it also says which repo the handle is for; without them they were longer than may be written. `context` keeps the call alive
/// until those have heard of it who are to.
#[wasm_bindgen(js_name = answerBinding)]
pub async fn answer_binding(
    env: Env,
    context: worker_sys::Context,
    namespace: JsValue,
    method: String,
    arguments: Option<JsString>,
) -> Result<web_sys::Response, JsValue> {
    let audience = Audience::new(&env, Context::new(context));
    let request_id = random::id().map_err(|failure| JsValue::from(failure.to_string()))?;
    let route = METHODS.iter().find(|name| **name == method).copied().unwrap_or("none");
    let subject = Subject { route, ..Subject::default() };
    let witness = Rc::new(Witness::new(time::now(), request_id, "binding".into(), Surface::Binding, subject));
    let answered = async || {
        let served = respond(&env, &witness, &namespace, &method, arguments.as_ref()).await?;
        served.into_response(false, R2Packs::new(&env, &witness.meter)?, &audience, &witness).await
    };
    let response = match answered().await {
        Ok(response) => response,
        Err(error) => {
            witness.refused(&error);
            error.to_binding().into_response(false, &witness.meter)?
        }
    };
    if !witness.is_going_on() {
        audience.tell(&witness, response.status_code());
    }
    Ok(response.into())
}

async fn respond(
    env: &Env,
    witness: &Witness,
    namespace: &JsValue,
    method: &str,
    arguments: Option<&JsString>,
) -> Result<Served, Error> {
    // A Worker that is bound to this one addresses no host: that of the remotes decides alone.
    let config = config::read(env, Some("localhost"))?;
    let name = namespace.as_string().and_then(|name| NamespaceName::parse(&name));
    let namespace = name.ok_or(Error::NotBound)?;
    witness.admitted();
    witness.concerns(Some(&namespace.to_string()), None);
    rate_limit::control(env, Some(&namespace)).await?;
    witness.meter.received(arguments.map_or(0, |arguments| arguments.length() as usize));
    let arguments = read(arguments)?;
    let objects = DurableObjects::new(env, &witness.meter);
    let repo = ["repo", "name"].into_iter().find_map(|field| arguments.text(field).ok().flatten());
    witness.concerns(Some(&namespace.to_string()), repo);
    let asked = Asked { config: &config, objects: &objects, now: time::now(), namespace, arguments, witness };
    let outside = Outside { store: &R2Packs::new(env, &witness.meter)?, remote: &PlatformRemote::new(env) };
    serve(&asked, &outside, method).await
}

/// They are measured before they are copied into wasm, whose memory never shrinks.
fn read(arguments: Option<&JsString>) -> Result<Fields, Error> {
    let error = |why| Error::Input { message: format!("Invalid arguments: {why}."), pointer: None };
    let too_long = || error(format!("longer than {BINDING_ARGUMENTS_LEN_MAX} characters as JSON"));
    let arguments =
        arguments.filter(|arguments| arguments.length() <= BINDING_ARGUMENTS_LEN_MAX).ok_or_else(too_long)?;
    Fields::parse(String::from(arguments).as_bytes()).map_err(|_| error("they cannot be written as JSON".into()))
}

/// A call, read.
struct Asked<'a, O> {
    config: &'a Config,
    objects: &'a O,
    /// Unix milliseconds.
    now: u64,
    namespace: NamespaceName,
    arguments: Fields,
    witness: &'a Witness,
}

/// What some calls are about besides objects.
struct Outside<'a, S, R> {
    store: &'a S,
    remote: &'a R,
}

async fn serve<O: Objects>(
    asked: &Asked<'_, O>,
    outside: &Outside<'_, impl PackStore, impl Remote>,
    method: &str,
) -> Result<Served, Error> {
    Ok(Served::Whole(match method {
        "create" => repos::create(asked).await?,
        "get" => repos::get(asked).await?,
        "list" => repos::list(asked).await?,
        "import" => repos::import(asked, outside.remote).await?,
        "delete" => repos::delete(asked).await?,
        "info" => repos::info(asked).await?,
        "fork" => repos::fork(asked, outside.store).await?,
        "createToken" => tokens::create(asked).await?,
        "listTokens" => tokens::list(asked).await?,
        "revokeToken" => tokens::revoke(asked).await?,
        "readBlob" => return contents::blob(asked, outside).await,
        "readFile" => return contents::file(asked, outside).await,
        "readTree" => contents::tree(asked, outside).await?,
        "readCommit" => contents::commit(asked, outside).await?,
        "log" => contents::log(asked, outside).await?,
        _ => return Err(Error::NoRoute),
    }))
}

impl<O: Objects> Asked<'_, O> {
    /// The repo that the handle was made for, if it is still there and ready.
    async fn repo(&self) -> Result<RepoInfo, Error> {
        let (name, repo_id) = self.handle()?;
        get_incarnation(self.objects, &self.namespace, &name, repo_id).await
    }

    /// The name and the id of it.
    fn handle(&self) -> Result<(RepoName, &str), Error> {
        Ok((repo_name(&self.arguments, "repo")?, self.arguments.required_text("repoId")?))
    }
}

fn repo_name(fields: &Fields, field: &str) -> Result<RepoName, Error> {
    RepoName::parse(fields.required_text(field)?).ok_or(Error::RepoName { pointer: None })
}

/// What a method returns.
fn result(result: &impl Serialize) -> Answer {
    // Only maps whose keys are not text fail to serialize, and no result holds one.
    let result = serde_json::to_value(result).unwrap_or_default();
    Answer::json(Success::Ok.status(), &json!({ "result": camel_cased(result) }))
}

/// The same with the names of its fields as JavaScript has them: `default_branch` is `defaultBranch`.
fn camel_cased(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let renamed = fields.into_iter().map(|(name, value)| (camel_case(&name), camel_cased(value)));
            Value::Object(renamed.collect::<Map<_, _>>())
        }
        Value::Array(values) => Value::Array(values.into_iter().map(camel_cased).collect()),
        other => other,
    }
}

fn camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        name + &letters.next().map(|letter| letter.to_ascii_uppercase()).into_iter().chain(letters).collect::<String>()
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::fixture::{Bound, thrown};
    use super::{camel_case, camel_cased};
    use crate::durable::Fault;

    #[test]
    fn names_are_those_of_javascript() {
        assert_eq!(camel_case("last_push_at"), "lastPushAt");
        assert_eq!(camel_case("id"), "id");
        assert_eq!(camel_case("treeHash"), "treeHash");
        assert_eq!(camel_cased(json!([{"a_b": {"c_d": "e_f"}}])), json!([{"aB": {"cD": "e_f"}}]));
    }

    #[test]
    fn an_error_is_a_code_in_both_forms_and_a_message() {
        let bound = Bound::new();
        let answer = bound.answer("get", &json!({"name": "r"}));
        let error = json!({"code": "NOT_FOUND", "numericCode": 10_200, "message": "Repository not found: r."});
        assert_eq!(serde_json::from_slice::<serde_json::Value>(&answer.body).unwrap(), json!({"error": error}));
        assert_eq!(bound.error("other", &json!({})), thrown("NOT_FOUND", "No such route."));
    }

    #[test]
    fn a_failure_of_ours_is_not_described() {
        let bound = Bound::new();
        bound.objects.fail_after(0, Fault::Lost);
        assert_eq!(bound.error("get", &json!({"name": "r"})), thrown("INTERNAL_ERROR", "Internal error."));
    }
}
