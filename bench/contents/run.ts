/**
 * `npm run bench:contents`: files and logs read by the binding, of a server that has just been started and of one that has not, beside
 * git, which has the same repository on its disk.
 *
 *   --repo DIR   a repository of yours instead of the made-up one
 *   --files N    how many files are read at the same time (100)
 *   --runs N     how often each is measured (5)
 */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Api } from "../../worker-tests/lib/api.ts";
import { Bound } from "../../worker-tests/lib/bound.ts";
import { Workshop } from "../../worker-tests/lib/git.ts";
import { benchmarkRepo } from "../make-repo.ts";
import { statsOf } from "../stats.ts";
import { count, median, megabytes, ratio, seconds, table } from "../table.ts";
import { build } from "../workerd.ts";
import type { Found, Wanted } from "./wanted.ts";

const { values: options } = parseArgs({
  options: { repo: { type: "string" }, files: { type: "string", default: "100" }, runs: { type: "string", default: "5" } },
});
// The servers end with this process, but a signal alone would not tell it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const [n_files, n_runs, n_commits] = [Number(options.files), Number(options.runs), 1_000];

/** What it took to read something once. */
interface Taken {
  /** Seconds. */
  wall: number;
  calls: number;
  gets: number;
  bytes: number;
  memory: number;
}

build();
const shop = new Workshop();
const original = options.repo === undefined ? await benchmarkRepo("large") : resolve(options.repo);
const reader = { source: "bench/contents/reader.ts", entrypoint: "Artifacts", props: { namespace: "default" } };
const bound = await Bound.start({ callers: { reader }, vars: { DEBUG_TRIGGERS: "on" } });
try {
  await run();
} finally {
  await bound.stop();
  shop.remove();
}

async function run(): Promise<void> {
  const repo = await new Api(bound.origin).createRepo();
  await shop.git(".", "clone", "--quiet", "--bare", "--shared", original, "source");
  const branch = await shop.git("source", "symbolic-ref", "--short", "HEAD");
  await shop.git("source", "push", "--quiet", repo.url, `${branch}:main`);
  const files = await someFiles();
  const log = Math.min(n_commits, Number(await shop.git("source", "rev-list", "--first-parent", "--count", "HEAD")));
  const refs = files.map(({ path }) => ({ ref: "main", path }));
  const cases = [
    { name: `${files.length} files at once`, wanted: { repo: repo.name, files: refs }, git: () => filesByGit(files) },
    { name: "one file", wanted: { repo: repo.name, files: refs.slice(0, 1) }, git: () => filesByGit(files.slice(0, 1)) },
    { name: `log of ${log} commits`, wanted: { repo: repo.name, log }, git: () => logByGit(log) },
  ];
  const rows: string[][] = [];
  for (const { name, wanted, git } of cases) {
    const [first, later, theirs]: [Taken[], Taken[], number[]] = [[], [], []];
    for (let n = 0; n < n_runs; n += 1) {
      theirs.push(await git());
      await bound.restart();
      for (const taken of [first, later]) taken.push(await read(wanted, files, log));
    }
    for (const [when, taken] of [["first", first], ["then", later]] as const) rows.push([`${name}, ${when}`, ...row(taken, median(theirs))]);
  }
  const objects = await shop.git("source", "rev-list", "--objects", "HEAD");
  console.log(`${objects.split("\n").length.toLocaleString("en")} objects; medians of ${n_runs}; "first" is in a server that has just been started\n`);
  console.log(table(["", "wall", "longest", "git", "ratio", "object calls", "R2 gets", "read from R2", "wasm memory"], rows));
}

function row(taken: Taken[], theirs: number): string[] {
  const middle = (what: keyof Taken) => median(taken.map((one) => one[what]));
  const [wall, longest] = [middle("wall"), Math.max(...taken.map((one) => one.wall))];
  const calls = [count(middle("calls")), count(middle("gets")), megabytes(middle("bytes")), megabytes(middle("memory"))];
  return [seconds(wall), seconds(longest), seconds(theirs), ratio(wall, theirs), ...calls];
}

/** From the request to the Worker that is bound to its answer. */
async function read(wanted: Wanted, files: File[], log: number): Promise<Taken> {
  const before = await statsOf(bound);
  const began = performance.now();
  const answer = await bound.fetch("reader", "/", { method: "POST", body: JSON.stringify(wanted) });
  const text = await answer.text();
  const wall = (performance.now() - began) / 1000;
  assert.equal(answer.status, 200, text);
  const found = JSON.parse(text) as Found;
  assert.deepEqual(found.files, files.slice(0, wanted.files?.length ?? 0).map(({ len }) => len));
  assert.equal(found.n_commits, wanted.log === undefined ? 0 : log);
  const after = await statsOf(bound);
  return {
    wall,
    calls: after.do_calls - before.do_calls,
    gets: after.r2_gets - before.r2_gets,
    bytes: after.r2_get_bytes - before.r2_get_bytes,
    memory: after.wasm_memory_bytes,
  };
}

interface File {
  path: string;
  /** Bytes. */
  len: number;
}

/** Files of the newest commit, evenly spread over all of them. */
async function someFiles(): Promise<File[]> {
  const listed = (await shop.gitWith({ cwd: "source" }, "ls-tree", "-r", "-l", "-z", "HEAD")).stdout.split("\0").slice(0, -1);
  const blobs = listed.filter((line) => line.split(" ")[1] === "blob");
  const step = Math.max(1, Math.floor(blobs.length / n_files));
  return blobs
    .filter((_, n) => n % step === 0)
    .slice(0, n_files)
    .map((line) => {
      const [head = "", path = ""] = line.split("\t");
      return { path, len: Number(head.trim().split(/ +/)[3]) };
    });
}

async function filesByGit(files: File[]): Promise<number> {
  const input = files.map(({ path }) => `HEAD:${path}\n`).join("");
  const began = performance.now();
  await shop.gitWith({ cwd: "source", input }, "cat-file", "--batch");
  return (performance.now() - began) / 1000;
}

async function logByGit(n: number): Promise<number> {
  const began = performance.now();
  await shop.git("source", "log", "--first-parent", "--format=raw", `-${n}`);
  return (performance.now() - began) / 1000;
}
