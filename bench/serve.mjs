/**
 * Serves a Worker as a deployment would run it, as far as one machine can: the bundle that `wrangler deploy` would upload, in
 * workerd, with Durable Objects and R2 below a folder. Not so `wrangler dev`, which puts a proxy in a process of its own and a
 * collector of logs around each request.
 *
 *   node bench/serve.mjs --config wrangler.toml --port N --persist-to DIR [--var NAME:VALUE …] [--env-file FILE]
 */
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { bundled, variablesOf } from "../scripts/bundle.mjs";

const { values: options } = parseArgs({
  options: {
    config: { type: "string", default: "wrangler.toml" },
    port: { type: "string" },
    "persist-to": { type: "string" },
    var: { type: "string", multiple: true, default: [] },
    "env-file": { type: "string" },
  },
});

const { ratelimits: _, ...worker } = bundled(options.config, join(options["persist-to"], "bundle"));
const server = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: Number(options.port),
    resourcePersistencePath: options["persist-to"],
    workers: [{ ...worker, name: "bench", bindings: variables() }],
  }),
);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => server.dispose().then(() => process.exit(0)));
}
await server.ready;

function variables() {
  const file = options["env-file"] === undefined ? "" : readFileSync(options["env-file"], "utf8");
  const named = options.var.map((text) => [text.slice(0, text.indexOf(":")), text.slice(text.indexOf(":") + 1)]);
  return { ...variablesOf(file), ...Object.fromEntries(named) };
}
