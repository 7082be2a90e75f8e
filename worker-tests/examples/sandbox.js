// Stands in for `@cloudflare/sandbox`, which needs a container: what is set as environment is kept for a test, whose machine is the sandbox.

import { DurableObject } from "cloudflare:workers";

export class Sandbox extends DurableObject {
  /** As the real one does, a variable without a value is taken away. */
  setEnvVars(vars) {
    for (const [name, value] of Object.entries(vars)) {
      if (value === undefined) this.ctx.storage.kv.delete(name);
      else this.ctx.storage.kv.put(name, value);
    }
  }

  /** The environment of what runs in the sandbox. */
  fetch() {
    return Response.json(Object.fromEntries(this.ctx.storage.kv.list()));
  }
}

export function getSandbox(sandboxes, id) {
  return sandboxes.get(sandboxes.idFromName(id));
}
