// The JavaScript that the platform needs: the Worker's default class, the one that other Workers are bound to, and the
// Durable Object classes.
//
// worker-build's own exports stay behind these. Its default class makes every exported Rust function a method that any
// Worker bound to this service could call; and a trap (a Rust panic, too) leaves its promises unsettled for ever. A trap
// ends the wasm instance with all that runs in it. Here, whoever was inside is told at once and a fresh instance takes
// the next call; a Durable Object loses its memory and nothing that it has stored.

import { DurableObject, WorkerEntrypoint } from "cloudflare:workers";
import Engine, * as engine from "../build/index.js";

/** How to end each call that is inside the wasm instance. */
const inFlight = new Set();

/** The engine's object that was called last: calling any method of such an object replaces a dead instance. */
let lastCalled;

/** Calls an object of the engine; rejects when the call does, or when the instance dies under it. */
function guarded(open, call) {
  const run = async () => call((lastCalled = open()));
  return new Promise((resolve, reject) => {
    inFlight.add(reject);
    run()
      .then(resolve, (error) => {
        endInstanceAfter(error);
        reject(error);
      })
      .finally(() => inFlight.delete(reject));
  });
}

/** After a trap: ends every call in the dead instance and puts a fresh one in its place. */
function endInstanceAfter(error) {
  const isTrap = [error, error?.cause].some((thrown) => thrown instanceof WebAssembly.RuntimeError);
  if (!isTrap) return;
  // An error of another class: a trap that is passed on, to a Durable Object's caller, is not one of the caller's.
  for (const reject of inFlight) reject(new Error(`wasm instance ended: ${error.message}`));
  inFlight.clear();
  // worker-build's own mark, which it does not set for a trap below a JavaScript function that wasm had called.
  globalThis.__worker_init_state.criticalError = true;
  lastCalled?.toString();
}

// What a future throws arrives here before any other microtask could touch the dead instance.
addEventListener("error", (event) => endInstanceAfter(event.error));
addEventListener("unhandledrejection", (event) => endInstanceAfter(event.reason));

export default class extends WorkerEntrypoint {
  async fetch(request) {
    const open = () => new Engine(this.ctx, this.env);
    const answer = guarded(open, (worker) => worker.fetch(request));
    // When the client hangs up, the call still comes to its end: what it holds in wasm memory is freed by nothing else.
    this.ctx.waitUntil(answer.catch(() => {}));
    try {
      return await answer;
    } catch (error) {
      console.error("request ended by", error);
      console.log(endedLine(request));
      return internalError(new URL(request.url).pathname);
    }
  }
}

/**
 * The binding `Artifacts` of other Workers, for the namespace that their configuration names. What is asked, by whatever
 * arguments, is looked at in src/binding.
 */
export class Artifacts extends WorkerEntrypoint {
  create(name, opts) {
    return this.#make("create", { name, opts });
  }

  async get(name) {
    return this.#handle(await this.#call("get", { name }));
  }

  list(opts) {
    return this.#call("list", { opts });
  }

  import(params) {
    return this.#make("import", { params });
  }

  delete(name) {
    return this.#call("delete", { name });
  }

  /** A repo with its methods, by its name, and by its id: what takes the name later is another repo. */
  #handle(repo) {
    const addressed = (args) => ({ ...args, repo: repo.name, repoId: repo.id });
    return {
      ...repo,
      createToken: (scope, ttl) => this.#call("createToken", addressed({ scope, ttl })),
      listTokens: () => this.#call("listTokens", addressed({})),
      revokeToken: (tokenOrId) => this.#call("revokeToken", addressed({ tokenOrId })),
      fork: (name, opts) => this.#make("fork", addressed({ name, opts })),
      info: () => this.#call("info", addressed({})),
      readBlob: (hash) => this.#read("readBlob", addressed({ hash })),
      readTree: (hash) => this.#call("readTree", addressed({ hash })),
      readCommit: (hash) => this.#call("readCommit", addressed({ hash })),
      readFile: (args) => this.#read("readFile", addressed({ args })),
      log: (opts) => this.#call("log", addressed({ opts })),
    };
  }

  /** Calls a method that makes a repo. */
  async #make(method, args) {
    const { repo, ...made } = await this.#call(method, args);
    return { ...made, repo: this.#handle(repo) };
  }

  /** Calls a method that reads a file: a blob of the type that the answer has, or null where there is none. */
  #read(method, args) {
    return this.#answer(method, args, (answer) => (answer.status === 204 ? null : answer.blob()));
  }

  #call(method, args) {
    return this.#answer(method, args, async (answer) => (await answer.json()).result);
  }

  /**
   * What `read` makes of the engine's answer, if it is a success; else its error is thrown. Files come while they are made, so
   * that until they have been read the call is inside the instance.
   */
  async #answer(method, args, read) {
    const open = () => new Engine(this.ctx, this.env);
    const namespace = this.ctx.props?.namespace;
    const answer = guarded(open, async (engine) => {
      const response = await engine.answerBinding(this.env, this.ctx, namespace, method, json(args));
      return response.ok ? { result: await read(response) } : await response.json();
    });
    this.ctx.waitUntil(answer.catch(() => {}));
    let answered;
    try {
      answered = await answer;
    } catch (error) {
      console.error(`${method} ended by`, error);
      throw artifactsError({ code: "INTERNAL_ERROR", numericCode: internalErrorCode, message: "Internal error." });
    }
    if ("error" in answered) throw artifactsError(answered.error);
    return answered.result;
  }
}

/**
 * Arguments as JSON. What JSON has no word for becomes an empty list, which no argument may be. Undefined when they are longer than
 * the engine takes, which is found out before they are written: of a control character six are made.
 */
function json(args) {
  let length = 0;
  const isUnwritable = (value) => ["bigint", "function"].includes(typeof value) || (typeof value === "number" && !Number.isFinite(value));
  const written = (key, value) => {
    length += key.length + (typeof value === "string" ? value.length : 1);
    if (length > argumentsLengthMax) throw tooLong;
    // Of bytes all keys would be made first.
    if (ArrayBuffer.isView(value)) return {};
    return isUnwritable(value) ? [] : value;
  };
  try {
    return JSON.stringify(args, written);
  } catch (error) {
    return error === tooLong ? undefined : "null";
  }
}

const tooLong = new Error("arguments are too long");

/** `BINDING_ARGUMENTS_LEN_MAX` of src/config/api.rs: what comes to no more is measured there. */
const argumentsLengthMax = 64 * 1024;

/** What the caller catches. The message has the code too: callers of before 2026-04-21 get nothing else. */
function artifactsError({ code, numericCode, message }) {
  return Object.assign(new Error(`${code} (${numericCode}): ${message}`), { name: "ArtifactsError", code, numericCode });
}

/** The line of a request that Rust can tell nothing of any more, in the form of the others. */
function endedLine({ method, headers }) {
  const request_id = headers.get("cf-ray") ?? undefined;
  return JSON.stringify({ request_id, method, route: "unknown", status: 500, error: "the instance of the program ended" });
}

/** The one code that src/error.rs cannot give: Rust is gone. */
const internalErrorCode = 10400;

function internalError(path) {
  if (path.startsWith("/client/v4/") || path.startsWith("/v1/api/")) {
    const errors = [{ code: internalErrorCode, message: "internal error" }];
    return Response.json({ result: null, success: false, errors, messages: [] }, { status: 500 });
  }
  return new Response("internal error\n", { status: 500 });
}

/** A Durable Object of the engine behind `fetch` and `alarm`, which are all that others may call. */
const durable = (name) =>
  class extends DurableObject {
    #object;

    #open = () => (this.#object ??= new engine[name](this.ctx, this.env));

    fetch(request) {
      return guarded(this.#open, (object) => object.fetch(request));
    }

    alarm() {
      return guarded(this.#open, (object) => object.alarm());
    }
  };

export const RepoObject = durable("RepoObject");
export const NamespaceObject = durable("NamespaceObject");
export const AccountObject = durable("AccountObject");
export const MaintenanceObject = durable("MaintenanceObject");
export const EventsObject = durable("EventsObject");
