// The JavaScript that the platform needs: the Worker's default class and the Durable Object classes.
//
// worker-build's own default export is never exported from here: it makes every exported Rust function a method that
// any Worker bound to this service could call. This class has `fetch` alone.

import { WorkerEntrypoint } from "cloudflare:workers";
import Engine from "../build/index.js";

export { AccountObject, NamespaceObject, RepoObject } from "../build/index.js";

export default class extends WorkerEntrypoint {
  fetch(request) {
    // A new engine for each request: after a panic, construction is what brings up a fresh instance.
    return new Engine(this.ctx, this.env).fetch(request);
  }
}
