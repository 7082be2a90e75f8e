/**
 * `npm run bench`: push, clone, and one commit more, on this server and on `git http-backend`, the same machine and data.
 *
 *   --repo DIR   a repository whose branches and tags are pushed (a made-up one by default)
 *   --runs N     how often; the table shows medians (5)
 *   --only NAME  `artifacts` or `baseline` alone
 */
import { rmSync } from "node:fs";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { Workshop } from "../worker-tests/lib/git.ts";
import { Baseline } from "./baseline.ts";
import { benchmarkRepo } from "./make-repo.ts";
import { Ours, type Stats } from "./ours.ts";
import { megabytes, median, ratio, seconds, table } from "./table.ts";
import { gitOptions, type Remote, type Target } from "./target.ts";

const operations = ["push", "clone", "one-commit push", "one-commit fetch"] as const;
type Operation = (typeof operations)[number];

interface Figures {
  wall: number[];
  cpu: number[];
}

const { values: options } = parseArgs({
  options: { repo: { type: "string" }, runs: { type: "string", default: "5" }, only: { type: "string" } },
});
const n_runs = Number(options.runs);
const shop = new Workshop();
const targets: Target[] = [];
const figures = new Map<Target, Record<Operation, Figures>>();
const stats = new Map<Operation, Stats>();

try {
  await bench();
} catch (error) {
  console.error(error instanceof Error ? error.message : error);
  process.exitCode = 1;
} finally {
  for (const target of targets) await target.stop();
  shop.remove();
}

async function bench(): Promise<void> {
  // The baseline first: it may have to say that something is not installed.
  if (options.only !== "artifacts") targets.push(await Baseline.start());
  const repo = options.repo === undefined ? await benchmarkRepo("large") : resolve(options.repo);
  // Shares the objects and brings branches and tags along, so that commits can be added without touching the original.
  await shop.git(".", "clone", "--quiet", "--bare", "--shared", repo, "source");
  console.log(await describe());
  if (options.only !== "baseline") targets.unshift(await Ours.start());
  for (const target of targets) figures.set(target, emptyFigures());
  for (let run = 0; run < n_runs; run += 1) {
    // Turn about, so that neither always finds the machine as the other left it.
    for (const target of run % 2 === 0 ? targets : targets.toReversed()) {
      await oneRun(target);
      console.log(`run ${run + 1} of ${n_runs}, ${target.name}: ${lastFigures(target)}`);
    }
  }
  console.log(`\n${summary()}`);
  if (stats.size > 0) console.log(`\n${memory()}`);
}

async function oneRun(target: Target): Promise<void> {
  const remote = await target.newRemote();
  const git = (...args: string[]) => shop.git(".", ...gitOptions(remote), ...args);
  const everything = ["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"];
  await measure(target, "push", () => git("-C", "source", "push", "--quiet", remote.url, ...everything));
  await measure(target, "clone", () => git("clone", "--quiet", "--mirror", remote.url, "copy"));
  const branch = await shop.git("source", "symbolic-ref", "HEAD");
  await shop.commitBare("source", branch);
  await measure(target, "one-commit push", () => git("-C", "source", "push", "--quiet", remote.url, branch));
  await measure(target, "one-commit fetch", () => git("-C", "copy", "fetch", "--quiet"));
  await assertSameRefs(remote);
  rmSync(shop.path("copy"), { recursive: true });
}

async function measure(target: Target, operation: Operation, run: () => Promise<unknown>): Promise<void> {
  await target.atRest();
  const cpu_before = target.cpuSeconds();
  const began = performance.now();
  await run();
  const wall = (performance.now() - began) / 1000;
  await target.atRest();
  const of_operation = figures.get(target)?.[operation];
  of_operation?.wall.push(wall);
  of_operation?.cpu.push(target.cpuSeconds() - cpu_before);
  if (target instanceof Ours && !stats.has(operation)) stats.set(operation, await target.stats());
}

async function assertSameRefs(remote: Remote): Promise<void> {
  const [pushed, fetched] = [await shop.git("source", "show-ref"), await shop.git("copy", "show-ref")];
  if (pushed !== fetched) throw new Error(`what was fetched from ${remote.url} is not what was pushed`);
}

function emptyFigures(): Record<Operation, Figures> {
  const entries = operations.map((operation) => [operation, { wall: [], cpu: [] }]);
  return Object.fromEntries(entries) as Record<Operation, Figures>;
}

function lastFigures(target: Target): string {
  return operations.map((operation) => `${operation} ${seconds(figures.get(target)?.[operation].wall.at(-1) ?? NaN)}`).join(", ");
}

async function describe(): Promise<string> {
  const n_refs = (await shop.git("source", "show-ref")).split("\n").length;
  const n_objects = (await shop.git("source", "rev-list", "--objects", "--no-object-names", "--all")).split("\n").length;
  const bytes = await shop.git("source", "rev-list", "--objects", "--disk-usage", "--all");
  return `${n_objects} objects, ${megabytes(Number(bytes))}, ${n_refs} refs; ${n_runs} runs, medians`;
}

function summary(): string {
  const [first, second] = targets;
  const names = targets.map((target) => target.name);
  const head = ["", ...names.map((name) => `${name}, wall`), "ratio", ...names.map((name) => `${name}, CPU`), "ratio"];
  const row = (operation: Operation) =>
    (["wall", "cpu"] as const).flatMap((kind) => {
      const medians = targets.map((target) => median(figures.get(target)?.[operation][kind] ?? []));
      const [ours, theirs] = medians;
      const compared = first && second && ours !== undefined && theirs !== undefined ? ratio(ours, theirs) : "";
      return [...medians.map(seconds), compared];
    });
  return table(head, operations.map((operation) => [operation, ...row(operation)]));
}

function memory(): string {
  const head = ["highest until after the first …", "wasm memory", "JavaScript buffers", "R2 puts", "R2 gets", "object calls"];
  const rows = [...stats].map(([operation, of_operation]) => [
    operation,
    megabytes(of_operation.wasm_memory_bytes),
    megabytes(of_operation.js_buffer_bytes_high),
    String(of_operation.r2_puts),
    String(of_operation.r2_gets),
    String(of_operation.do_calls),
  ]);
  return table(head, rows);
}
