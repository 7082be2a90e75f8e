/**
 * Serves a Worker as a deployment would run it, as far as one machine can: the bundle that `wrangler deploy` would upload, in
 * workerd, with Durable Objects and R2 below a folder. Not so `wrangler dev`, which puts a proxy in a process of its own and a
 * collector of logs around each request.
 *
 *   node bench/serve.mjs --config wrangler.toml --port N --persist-to DIR [--var NAME:VALUE …] [--env-file FILE]
 */
import { execFileSync } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from "wrangler";

const { values: options } = parseArgs({
  options: {
    config: { type: "string", default: "wrangler.toml" },
    port: { type: "string" },
    "persist-to": { type: "string" },
    var: { type: "string", multiple: true, default: [] },
    "env-file": { type: "string" },
  },
});

const bundle = join(options["persist-to"], "bundle");
execFileSync("wrangler", ["deploy", "--dry-run", "--config", options.config, "--outdir", bundle], { stdio: "inherit" });

const { workerOptions } = workerOptionsOf(options.config);
const { ratelimits: _, ...worker } = workerOptions;
const server = new Miniflare(
  convertV4MiniflareOptions({
    host: "127.0.0.1",
    port: Number(options.port),
    resourcePersistencePath: options["persist-to"],
    workers: [{ ...worker, name: "bench", modulesRoot: bundle, modules: modules(), bindings: variables() }],
  }),
);
for (const signal of ["SIGINT", "SIGTERM"]) {
  process.once(signal, () => server.dispose().then(() => process.exit(0)));
}
await server.ready;

/** The entry first. */
function modules() {
  const files = readdirSync(bundle);
  const of = (type, suffix) => files.filter((file) => file.endsWith(suffix)).map((file) => ({ type, path: join(bundle, file) }));
  return [...of("ESModule", ".js"), ...of("CompiledWasm", ".wasm")];
}

function variables() {
  const file = options["env-file"] === undefined ? "" : readFileSync(options["env-file"], "utf8");
  const lines = file.split("\n").filter((line) => /^\w+=/.test(line));
  const quoted = lines.map((line) => split(line, "=")).map(([name, value]) => [name, value.replace(/^'(.*)'$/, "$1")]);
  return Object.fromEntries([...quoted, ...options.var.map((named) => split(named, ":"))]);
}

function split(text, separator) {
  const at = text.indexOf(separator);
  return [text.slice(0, at), text.slice(at + 1)];
}
