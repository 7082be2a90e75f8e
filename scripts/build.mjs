// Builds the release Worker into build/, and only when something that goes into it has changed.

import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { main, output, step } from "./process.mjs";
import { ensureTools, root, toolEnv } from "./toolchain.mjs";

const WASM = join(root, "build", "index_bg.wasm");
const STAMP = join(root, "build", ".inputs");

/** Builds the Worker unless build/ already holds this source's. The tools must be there. */
export async function build() {
  const inputs = digestOfInputs();
  if (existsSync(WASM) && existsSync(STAMP) && readFileSync(STAMP, "utf8") === inputs) return;
  const env = toolEnv();
  // The Worker is built the same way whatever flags the caller's shell has for other builds.
  delete env.RUSTFLAGS;
  delete env.CARGO_ENCODED_RUSTFLAGS;
  const workerBuild = join(root, ".tools", "bin", "worker-build");
  await step("Building the Worker (two to five minutes the first time)", workerBuild, ["--release"], { cwd: root, env });
  writeFileSync(STAMP, inputs);
  console.log(`  build/index_bg.wasm: ${Math.ceil(statSync(WASM).size / 1024)} KiB`);
}

/** One digest over the compiler's version and everything that goes into the build. */
function digestOfInputs() {
  const hash = createHash("sha256").update(output("rustc", ["--version"], { cwd: root }) ?? "");
  const roots = ["Cargo.toml", "Cargo.lock", "package-lock.json", "openapi.json", "src", "crates"];
  for (const path of roots.flatMap(filesUnder)) {
    hash.update(`\0${path}\0`).update(readFileSync(join(root, path)));
  }
  return hash.digest("hex");
}

/** Files that cargo compiles, sorted; tests and fixtures do not change the Worker. */
function filesUnder(path) {
  if (statSync(join(root, path)).isFile()) return [path];
  const names = readdirSync(join(root, path)).sort();
  return names
    .filter((name) => !["tests", "fixtures", "benches", "examples", "entry.js"].includes(name))
    .flatMap((name) => filesUnder(join(path, name)));
}

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await main(async () => {
    await ensureTools();
    await build();
  });
}
