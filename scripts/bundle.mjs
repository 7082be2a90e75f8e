// A Worker as miniflare takes it: the bundle that `wrangler deploy` would upload, and what its configuration binds.

import { execFileSync } from "node:child_process";
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { unstable_getMiniflareWorkerOptions as workerOptionsOf } from "wrangler";

/** The Worker of a configuration, without its containers; its modules are written into `folder`, some of them in place of others. */
export function bundled(config, folder, alias = {}) {
  const aliases = Object.entries(alias).flatMap(([module, path]) => ["--alias", `${module}:${path}`]);
  execFileSync("wrangler", ["deploy", "--dry-run", "--config", config, "--outdir", folder, ...aliases], { stdio: ["ignore", "ignore", "inherit"] });
  const { workerOptions } = workerOptionsOf(config, undefined, { overrides: { enableContainers: false } });
  return { ...workerOptions, modulesRoot: folder, modules: modulesIn(folder) };
}

/** The entry first. */
function modulesIn(folder) {
  const files = readdirSync(folder);
  const of = (type, suffix) => files.filter((file) => file.endsWith(suffix)).map((file) => ({ type, path: join(folder, file) }));
  return [...of("ESModule", ".js"), ...of("CompiledWasm", ".wasm")];
}

/** The variables of a file of the form of `.dev.vars`. */
export function variablesOf(text) {
  const lines = text.split("\n").filter((line) => /^\w+=/.test(line));
  const named = lines.map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)]);
  return Object.fromEntries(named.map(([name, value]) => [name, value.replace(/^'(.*)'$/, "$1")]));
}
