// Makes sure that every tool is there: says what it installs and how long that takes, and does nothing twice.
//
// All of it stays in the checkout (.tools, node_modules) except the wasm target, which rustup keeps with the compiler.

import { createHash } from "node:crypto";
import { existsSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { fileURLToPath } from "node:url";
import { output, step, Told } from "./process.mjs";

/** The checkout. */
export const root = fileURLToPath(new URL("..", import.meta.url));

const WASM_TARGET = "wasm32-unknown-unknown";
const WORKER_BUILD_VERSION = "0.8.7";
const NODE_MAJOR_MIN = 20;

const bin = (name) => join(root, "node_modules", ".bin", name);
const tool = (name) => join(root, ".tools", "bin", name);

/** The Node that wrangler and the Worker tests need, newer than the one that may run these scripts. */
export const node = bin("node");

/** The environment for every program that is started: the installed tools come first. */
export function toolEnv(extra = {}) {
  const path = [join(root, "node_modules", ".bin"), join(root, ".tools", "bin"), process.env.PATH].join(delimiter);
  return {
    ...process.env,
    PATH: path,
    WASM_BINDGEN_BIN: tool("wasm-bindgen"),
    WASM_OPT_BIN: bin("wasm-opt"),
    ESBUILD_BIN: bin("esbuild"),
    WRANGLER_SEND_METRICS: "false",
    // The Worker reads none of the fields that wrangler would fetch for `Request.cf`.
    CLOUDFLARE_CF_FETCH_ENABLED: "false",
    WRANGLER_LOG_PATH: join(root, ".wrangler", "logs"),
    ...extra,
  };
}

/** Installs what is missing. */
export async function ensureTools() {
  requirePrograms();
  await ensureWasmTarget();
  await ensureNpmPackages();
  await ensureCargoTools();
}

function requirePrograms() {
  const major = Number(process.versions.node.split(".")[0]);
  if (major < NODE_MAJOR_MIN) {
    throw new Told(`Node ${process.versions.node} is too old: version ${NODE_MAJOR_MIN} or later is needed`);
  }
  if (output("git", ["--version"]) === null) {
    throw new Told("git does not run here: install it with your system's package manager");
  }
  if (output("cargo", ["--version"], { cwd: root }) === null) {
    throw new Told("cargo does not run here: install Rust with rustup (https://rustup.rs)");
  }
  const rustc = output("rustc", ["--version"], { cwd: root }) ?? "none";
  const [, version] = /^rustc (\d+\.\d+)/.exec(rustc) ?? [];
  const [, needed] = /rust-version = "(\d+\.\d+)/.exec(readFileSync(join(root, "Cargo.toml"), "utf8"));
  if (version === undefined || isOlder(version, needed)) {
    throw new Told(`rustc ${needed} or later is needed, found ${rustc}: run rustup update`);
  }
}

function isOlder(version, than) {
  return version.localeCompare(than, "en", { numeric: true }) < 0;
}

async function ensureWasmTarget() {
  const libraries = output("rustc", ["--print", "target-libdir", "--target", WASM_TARGET], { cwd: root });
  if (libraries !== null && existsSync(libraries)) return;
  if (output("rustup", ["--version"]) === null) {
    throw new Told(`the Rust target ${WASM_TARGET} is missing and rustup is not there to add it`);
  }
  await step(`Adding the Rust target ${WASM_TARGET} (some seconds)`, "rustup", ["target", "add", WASM_TARGET], {
    cwd: root,
  });
}

async function ensureNpmPackages() {
  const stamp = join(root, "node_modules", ".installed");
  const wanted = digest(readFileSync(join(root, "package-lock.json")));
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  if (output("npm", ["--version"]) === null) {
    throw new Told("npm does not run here: it comes with Node");
  }
  await step("Installing the npm packages (about half a minute)", "npm", ["ci", "--no-audit", "--no-fund"], {
    cwd: root,
  });
  writeFileSync(stamp, wanted);
}

async function ensureCargoTools() {
  const wanted = [
    { command: "worker-build", crate: "worker-build", version: WORKER_BUILD_VERSION, locked: true },
    // The lock file of wasm-bindgen-cli is not published in a state that builds everywhere.
    { command: "wasm-bindgen", crate: "wasm-bindgen-cli", version: lockedVersion("wasm-bindgen"), locked: false },
  ];
  const missing = wanted.filter(({ command, version }) => !hasVersion(tool(command), version));
  const target = join(root, ".tools", "target");
  for (const { crate, version, locked } of missing) {
    const args = ["install", `${crate}@${version}`, "--force", "--root", join(root, ".tools")];
    await step(`Building ${crate} ${version} (two to five minutes)`, "cargo", locked ? [...args, "--locked"] : args, {
      cwd: root,
      env: { ...process.env, CARGO_TARGET_DIR: target, ...QUICK_PROFILE },
    });
  }
  if (missing.length > 0) rmSync(target, { recursive: true, force: true });
}

/** The tools work for a second or two: a build of them in half the time is worth more than their speed. */
const QUICK_PROFILE = {
  CARGO_PROFILE_RELEASE_LTO: "off",
  CARGO_PROFILE_RELEASE_OPT_LEVEL: "0",
  CARGO_PROFILE_RELEASE_CODEGEN_UNITS: "16",
};

function hasVersion(path, version) {
  return existsSync(path) && (output(path, ["--version"]) ?? "").split(/\s+/).includes(version);
}

/** The version of a crate in Cargo.lock. */
function lockedVersion(crate) {
  const lock = readFileSync(join(root, "Cargo.lock"), "utf8");
  const found = new RegExp(`name = "${crate}"\\nversion = "([^"]+)"`).exec(lock);
  if (found === null) throw new Told(`Cargo.lock names no ${crate}`);
  return found[1];
}

export function digest(bytes) {
  return createHash("sha256").update(bytes).digest("hex");
}
