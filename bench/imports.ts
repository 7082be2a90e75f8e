/**
 * `npm run bench:imports`: what an import takes, beside `git clone --mirror` of the same remote, and whether one that is killed ends.
 *
 *   --repo DIR   a repository of yours instead of the made-up one
 *   --runs N     how often each is measured (3)
 *   --kills N    how often the last import is killed (5)
 */
import assert from "node:assert/strict";
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { setTimeout as sleep } from "node:timers/promises";
import { audit } from "../scripts/holdings.mjs";
import { Api, editToken, freshName, secretOf, withPassword, type CreatedRepo, type Repo } from "../worker-tests/lib/api.ts";
import { Workshop } from "../worker-tests/lib/git.ts";
import { Baseline } from "./baseline.ts";
import { readsOf } from "./forks/forking.ts";
import { benchmarkRepo } from "./make-repo.ts";
import { statsOf } from "./stats.ts";
import { count, median, megabytes, ratio, seconds, table } from "./table.ts";
import { cpuOfWorkerd, serve, workerdAtRest } from "./workerd.ts";

const { values: options } = parseArgs({
  options: { repo: { type: "string" }, runs: { type: "string", default: "3" }, kills: { type: "string", default: "5" } },
});
// The servers end with this process, but a signal alone would not tell it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));
const [n_runs, n_kills] = [Number(options.runs), Number(options.kills)];

type Fingerprint = Awaited<ReturnType<Workshop["fingerprint"]>>;

interface Taken {
  /** Seconds. */
  wall: number;
  cpu: number;
}

const shop = new Workshop();
const original = options.repo === undefined ? await benchmarkRepo("large") : resolve(options.repo);
const upstream = await Baseline.start();
const server = await serve({ ALLOW_INSECURE_IMPORT: "on" });
const api = new Api(server.origin);
try {
  await run();
} finally {
  await server.stop();
  await upstream.stop();
  shop.remove();
}

async function run(): Promise<void> {
  const { url } = await upstream.newRemote();
  await shop.git(".", "clone", "--quiet", "--bare", "--shared", original, "source");
  await shop.git("source", "push", "--quiet", "--mirror", url);
  // The remote's own HEAD is not the source's.
  const branch = (await shop.git("source", "symbolic-ref", "--short", "HEAD")).trim();
  const wanted = await shop.fingerprint("source");
  const [clones, imports, calls, highest]: [Taken[], Taken[], string[], string[]] = [[], [], [], []];
  for (let n = 0; n < n_runs; n += 1) {
    clones.push(await cloneByGit(url, `by-git-${n}`));
    const { repo, taken, r2, memory } = await importOnce(url, branch);
    imports.push(taken);
    calls.push(r2);
    highest.push(memory);
    await compare(repo, wanted);
  }
  const middle = (all: Taken[], what: keyof Taken) => median(all.map((one) => one[what]));
  const [git, ours] = ["wall", "cpu"].map((what) => [clones, imports].map((all) => middle(all, what as keyof Taken))) as [number[], number[]];
  const row = (what: string, [theirs = 0, our = 0]: number[]) => [what, seconds(our), seconds(theirs), ratio(our, theirs)];
  console.log(`${wanted.objects.length.toLocaleString("en")} objects, ${wanted.refs.length} refs; medians of ${n_runs}, each identical\n`);
  console.log(`${table(["", "import", "git clone --mirror", "ratio"], [row("wall", git), row("CPU", ours)])}\n`);
  console.log(`R2 puts · gets: ${calls.join(", ")}; memory: ${highest.join(", ")}`);
  await importKilled(url, branch, wanted, middle(imports, "wall"));
}

/** Checks what a push would be checked for, as an import does. */
async function cloneByGit(url: string, name: string): Promise<Taken> {
  const began = performance.now();
  const { stdout } = await shop.run("sh", {}, "-c", `git -c transfer.fsckObjects=true clone --quiet --mirror '${url}' ${name} && times`);
  const wall = (performance.now() - began) / 1000;
  // The second line is that of the children: user and system, each as `0m1.250000s`.
  const times = (stdout.trim().split("\n").at(-1) ?? "").match(/[\d.]+/g)?.map(Number) ?? [];
  assert.equal(times.length, 4, stdout);
  const [minutes = 0, user = 0, systemMinutes = 0, system = 0] = times;
  return { wall, cpu: (minutes + systemMinutes) * 60 + user + system };
}

async function importOnce(url: string, branch: string): Promise<{ repo: Repo; taken: Taken; r2: string; memory: string }> {
  // So that the memory is this import's.
  await server.kill();
  await server.restart();
  await workerdAtRest(server);
  const cpu_before = cpuOfWorkerd(server);
  const began = performance.now();
  let repo: Repo | undefined;
  let wall = 0;
  const r2 = await readsOf(server, async () => {
    repo = await begin(url, branch);
    await isReady(repo);
    wall = (performance.now() - began) / 1000;
    await workerdAtRest(server);
  });
  if (repo === undefined) throw new Error("nothing was imported");
  const stats = await statsOf(server);
  const memory = `${megabytes(stats.wasm_memory_bytes)} of wasm + ${megabytes(stats.js_buffer_bytes_high)} of buffers`;
  return { repo, taken: { wall, cpu: cpuOfWorkerd(server) - cpu_before }, r2: `${count(r2.puts)} · ${count(r2.gets)}`, memory };
}

/** Killed at equal distances; it goes on while the server starts, and is not to be over before the last. */
async function importKilled(url: string, branch: string, wanted: Fingerprint, wall: number): Promise<void> {
  const began = performance.now();
  const repo = await begin(url, branch);
  for (let n = 0; n < n_kills; n += 1) {
    await sleep((wall * 1000) / (2 * n_kills));
    const { status } = await api.request("GET", `/default/repos/${repo.name}`);
    assert.equal(status, 409, "it was over before it was killed");
    await server.kill();
    await server.restart();
  }
  await isReady(repo);
  const took = seconds((performance.now() - began) / 1000);
  await compare(repo, wanted);
  const { unheld, missing } = await audit({ url: server.origin, token: editToken });
  assert.deepEqual({ unheld, missing }, { unheld: [], missing: [] });
  console.log(`killed ${n_kills} times, SIGKILL: ready after ${took}, identical; nothing in R2 that nobody holds`);
}

async function begin(url: string, branch: string): Promise<Repo> {
  const name = freshName("import");
  const answer = await api.request<CreatedRepo>("POST", `/default/repos/${name}/import`, { json: { url, branch, all_refs: true } });
  assert.equal(answer.status, 201, answer.text);
  const repo = answer.envelope.result;
  return { ...repo, namespace: "default", url: withPassword(repo.remote, secretOf(repo.token)) };
}

async function isReady({ name }: Repo): Promise<void> {
  for (;;) {
    const { status, text } = await api.request("GET", `/default/repos/${name}`);
    if (status === 200) return;
    assert.equal(status, 409, text);
    await sleep(50);
  }
}

/** What is cloned from the repo is what the remote has, and passes `fsck --strict`. */
async function compare({ url, name }: Repo, wanted: Fingerprint): Promise<void> {
  await shop.git(".", "clone", "--quiet", "--mirror", url, name);
  assert.deepEqual(await shop.fingerprint(name), wanted);
}
