// The JavaScript that the platform needs: the Worker's default class and the Durable Object classes.
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
      return internalError(new URL(request.url).pathname);
    }
  }
}

/** The one answer that src/error.rs cannot give: Rust is gone. */
function internalError(path) {
  if (path.startsWith("/client/v4/") || path.startsWith("/v1/api/")) {
    const errors = [{ code: 10400, message: "internal error" }];
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
