// What the pack engine costs, without a Worker around it: CPU seconds and memory beside `git index-pack`.
//
//     node bench/ingest/run.mjs --repo DIR [--runs N]     a real repository: all its branches and tags, or --rev REV
//     node bench/ingest/run.mjs --large-delta             a 60 MB file with one byte changed, sent as a thin pack
//
// Builds the wasm module first (cargo and the project's wasm-bindgen: `npm run build` installs what is missing).
import { execFileSync, spawnSync } from "node:child_process";
import { createHash } from "node:crypto";
import fs from "node:fs";
import { createRequire } from "node:module";
import os from "node:os";
import path from "node:path";
import { parseArgs } from "node:util";

const root = path.resolve(import.meta.dirname, "../..");
const { values: options } = parseArgs({
  options: {
    repo: { type: "string" },
    rev: { type: "string" },
    runs: { type: "string", default: "3" },
    "large-delta": { type: "boolean", default: false },
  },
});
const CHUNK = 256 * 1024;
const scratch = fs.mkdtempSync(path.join(os.tmpdir(), "ingest-"));
process.on("exit", () => fs.rmSync(scratch, { recursive: true, force: true }));

function build() {
  const target = process.env.CARGO_TARGET_DIR ?? path.join(root, "target");
  execFileSync("cargo", ["build", "-q", "--release", "--target", "wasm32-unknown-unknown", "-p", "ingest-bench"], { cwd: root, stdio: "inherit" });
  const wasm = path.join(target, "wasm32-unknown-unknown/release/ingest_bench.wasm");
  const bindgen = process.env.WASM_BINDGEN_BIN ?? path.join(root, ".tools/bin/wasm-bindgen");
  const out = path.join(target, "ingest-bench");
  execFileSync(bindgen, ["--target", "nodejs", "--out-dir", out, wasm], { stdio: "inherit" });
  // What is written is CommonJS, and lies in a folder of a project of modules.
  fs.writeFileSync(path.join(out, "package.json"), JSON.stringify({ type: "commonjs" }));
  return path.join(out, "ingest_bench.js");
}

/** A fresh instance of the module: memory never shrinks, so each run gets its own. */
function load(file) {
  const require = createRequire(import.meta.url);
  delete require.cache[file];
  let memory;
  const Instance = WebAssembly.Instance;
  WebAssembly.Instance = class extends Instance {
    constructor(...args) {
      super(...args);
      memory = this.exports.memory;
    }
  };
  const module = require(file);
  WebAssembly.Instance = Instance;
  return { module, memory: () => memory.buffer.byteLength };
}

const cpuSeconds = () => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
};

/** Takes in a pack; `basePack` is the result of an earlier call that a thin pack builds on. */
function ingest(file, packFile, basePack) {
  const { module, memory } = load(file);
  const pack = fs.openSync(packFile, "r");
  let buffers = 0, buffersHigh = 0;
  const held = (bytes) => (buffersHigh = Math.max(buffersHigh, buffers + bytes));
  const read = (fd) => (offset, len) => {
    held(len);
    const bytes = new Uint8Array(len);
    return bytes.subarray(0, fs.readSync(fd, bytes, 0, len, offset));
  };
  const spills = new Map();
  const spill = (no) => {
    if (!spills.has(no)) spills.set(no, fs.openSync(path.join(scratch, `spill-${no}`), "w+"));
    return spills.get(no);
  };
  let spilled = 0, reads = 0;
  const host = new module.Host(
    (offset, len) => (reads++, read(pack)(offset, len)),
    (no, bytes) => { held(bytes.length); spilled += bytes.length; fs.writeSync(spill(no), bytes); },
    (no, offset, len) => read(spill(no))(offset, len),
  );
  let baseFd;
  if (basePack) host.setBasePack(basePack.index, read((baseFd = fs.openSync(basePack.packFile, "r"))));
  const stages = [];
  const start = cpuSeconds();
  let last = start;
  const mark = (name) => { const now = cpuSeconds(); stages.push([name, now - last, memory()]); last = now; };
  const run = new module.Ingest();
  const chunk = new Uint8Array(CHUNK);
  buffers = CHUNK;
  for (let n; (n = fs.readSync(pack, chunk, 0, CHUNK, null)) > 0; ) run.push(chunk.subarray(0, n));
  mark("pass 1");
  const pieces = [];
  run.finish(host, mark, (piece) => pieces.push(piece));
  const index = Buffer.concat(pieces);
  const result = { index, packFile, cpu: cpuSeconds() - start, stages, wasm: memory(), buffers: Math.max(buffersHigh, buffers), spilled, reads };
  for (const fd of [pack, baseFd, ...spills.values()]) if (fd !== undefined) fs.closeSync(fd);
  return result;
}

/** CPU seconds of a command. */
function timed(command, cwd) {
  const run = spawnSync("bash", ["-c", `TIMEFORMAT='%U %S'; time { ${command} >/dev/null 2>&1; }`], { cwd, encoding: "utf8" });
  if (run.status !== 0) throw new Error(`${command}: ${run.stderr}`);
  return run.stderr.trim().split(/\s+/).map(Number).reduce((a, b) => a + b);
}

const median = (numbers) => numbers.toSorted((a, b) => a - b)[numbers.length >> 1];
const mib = (bytes) => (bytes / 2 ** 20).toFixed(1);

function git(cwd, ...args) {
  return execFileSync("git", args, { cwd, maxBuffer: 2 ** 31, env: { ...process.env, GIT_CONFIG_NOSYSTEM: "1" } });
}

function makePack(repo, name, revs, thin) {
  const file = path.join(scratch, name);
  const args = ["pack-objects", "--revs", "--stdout", "-q", "--delta-base-offset", ...(thin ? ["--thin"] : [])];
  const made = spawnSync("git", args, { cwd: repo, input: revs, maxBuffer: 2 ** 32 });
  if (made.status !== 0) throw new Error(made.stderr.toString());
  fs.writeFileSync(file, made.stdout);
  return file;
}

function report(result) {
  console.log(`  ${result.stages.map(([name, s, wasm]) => `${name} ${s.toFixed(2)} s (${mib(wasm)} MiB)`).join(", ")}`);
  console.log(`  wasm memory ${mib(result.wasm)} MiB, live buffers ${mib(result.buffers)} MiB, index ${mib(result.index.length)} MiB, spilled ${mib(result.spilled)} MiB, ${result.reads} reads of the pack`);
}

function realRepository(file) {
  const repo = path.resolve(options.repo);
  const revs = options.rev ? `${options.rev}\n` : git(repo, "for-each-ref", "--format=%(objectname)", "refs/heads", "refs/tags").toString();
  const packFile = makePack(repo, "real.pack", revs, false);
  const n = fs.readFileSync(packFile).readUInt32BE(8);
  console.log(`${path.basename(path.dirname(repo))}: ${n} objects, pack of ${mib(fs.statSync(packFile).size)} MiB`);
  const ours = [], native = [];
  let result;
  for (let run = 0; run < Number(options.runs); run++) {
    result = ingest(file, packFile);
    ours.push(result.cpu);
    native.push(timed(`git index-pack --threads=1 -o ${scratch}/x.idx ${packFile}`, scratch));
    report(result);
  }
  console.log(`CPU: ${median(ours).toFixed(2)} s, git index-pack --threads=1 ${median(native).toFixed(2)} s, ratio ${(median(ours) / median(native)).toFixed(2)}`);
}

function largeDelta(file) {
  const repo = path.join(scratch, "large");
  fs.mkdirSync(repo);
  git(repo, "init", "-q", "-b", "main");
  for (const [key, value] of [["user.name", "A"], ["user.email", "a@example.com"]]) git(repo, "config", key, value);
  const content = Buffer.alloc(60_000_000);
  for (let at = 0, block = Buffer.alloc(32); at < content.length; at += 32) {
    block = createHash("sha256").update(block).digest();
    block.copy(content, at);
  }
  const commit = (message) => {
    fs.writeFileSync(path.join(repo, "large.bin"), content);
    git(repo, "add", "-A");
    git(repo, "commit", "-q", "-m", message);
  };
  commit("a large file");
  content[30_000_000] ^= 1;
  commit("one byte");
  const base = ingest(file, makePack(repo, "base.pack", "HEAD~1\n", false));
  console.log("the file itself:");
  report(base);
  const thinFile = makePack(repo, "thin.pack", "HEAD\n^HEAD~1\n", true);
  const thin = ingest(file, thinFile, base);
  console.log(`thin pack of ${fs.statSync(thinFile).size} bytes: ${thin.cpu.toFixed(2)} s CPU`);
  report(thin);
}

const file = build();
if (options["large-delta"]) largeDelta(file);
if (options.repo) realRepository(file);
if (!options.repo && !options["large-delta"]) throw new Error("say --repo DIR or --large-delta");
