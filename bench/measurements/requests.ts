/**
 * What single requests make our server do: calls to Durable Objects and to R2, and the memory that they take at its highest.
 *
 * Each is the first of its kind that the Worker serves since it started, with nothing kept in memory from before.
 */
import { setTimeout as sleep } from "node:timers/promises";
import type { Bench } from "../bench.ts";
import { callsFrom, type Calls, type RepoName } from "../book.ts";
import { Ours } from "../ours.ts";
import type { Stats } from "../stats.ts";
import { infoRefs } from "../post.ts";
import { lsRefs, rawFetch } from "../raw-fetch.ts";
import { pushAll, pushOnTop } from "../raw-push.ts";
import type { Source } from "../source.ts";
import type { Remote } from "../target.ts";
import { fetchAtOnce, n_at_once } from "./at-once.ts";

/** A new repo, and a push, is told to its namespace some time later, by calls that belong to no request. */
const reportedWithinMs = 4_000;

export interface RequestLine {
  /** What was asked for. */
  request: string;
  repo: RepoName;
  calls: Calls;
  /** Calls to R2 begun before the first byte of the pack, where a pack was sent. */
  r2_calls_before_pack: number | undefined;
}

export interface MemoryLine {
  what: string;
  wasm_memory_bytes: number;
  js_buffer_bytes: number;
}

export interface Requests {
  requests: RequestLine[];
  memory: MemoryLine[];
}

export async function requests(bench: Bench, large: Source, small: Source): Promise<Requests> {
  const found: Requests = { requests: [], memory: [] };
  if (!bench.measures("requests")) return found;
  for (const [repo, source] of [["large", large], ["small", small]] as const) {
    bench.say(`single requests to a server of their own, ${repo}`);
    await withServer((server) => oneByOne(server, repo, source, found));
  }
  bench.say("memory of pushes and fetches at once");
  await withServer((server) => atTheSameTime(server, large, found));
  return found;
}

async function withServer(use: (server: Ours) => Promise<void>): Promise<void> {
  const server = await Ours.start();
  try {
    await use(server);
  } finally {
    await server.stop();
  }
}

async function oneByOne(server: Ours, repo: RepoName, source: Source, found: Requests): Promise<void> {
  const [whole, onTop] = [await source.wholePack(), await source.packOnTop(1)];
  const remote = await server.newRemote();
  await sleep(reportedWithinMs);
  const count = async (request: string, sends_pack: boolean, run: () => Promise<unknown>) => {
    const before = await server.stats();
    await run();
    const after = await server.stats();
    found.requests.push({ request, repo, ...difference(before, after, sends_pack) });
    return after;
  };
  const remember = (what: string, stats: Stats) => found.memory.push(memoryLine(`${what}, ${repo}`, stats));

  remember("push", await count("push", false, () => pushAll(remote, source, whole)));
  await startAnew(server);
  await count("info/refs of a fetch", false, () => infoRefs(remote, "git-upload-pack", "version=2"));
  await count("ls-refs", false, () => lsRefs(remote));
  remember("full fetch", await count("full fetch", true, () => rawFetch(remote, { wants: source.tips })));
  await count("full fetch once more", true, () => rawFetch(remote, { wants: source.tips }));
  await startAnew(server);
  await count("info/refs of a push", false, () => infoRefs(remote, "git-receive-pack", "version=0"));
  remember("push of one commit", await count("push of one commit", false, () => pushOnTop(remote, source, 1, onTop)));
  await startAnew(server);
  const newest = { wants: [source.commit(1)], haves: [source.commit(0)] };
  remember("fetch of one commit", await count("fetch of one commit", true, () => rawFetch(remote, newest)));
  await startAnew(server);
  const everything = { wants: source.tipsAfter(1) };
  await count("full fetch after one small push", true, () => rawFetch(remote, everything));
}

/** What shares one Worker, and so its memory. */
async function atTheSameTime(server: Ours, source: Source, found: Requests): Promise<void> {
  const whole = await source.wholePack();
  const remotes: Remote[] = [await server.newRemote(), await server.newRemote()];
  await Promise.all(remotes.map((remote) => pushAll(remote, source, whole)));
  found.memory.push(memoryLine("two pushes at once, large", await server.stats()));
  await startAnew(server);
  for (const remote of remotes.slice(0, 1)) await fetchAtOnce(remote, source);
  found.memory.push(memoryLine(`${n_at_once} full fetches at once, large`, await server.stats()));
}

async function startAnew(server: Ours): Promise<void> {
  await sleep(reportedWithinMs);
  await server.restart();
}

function difference(before: Stats, after: Stats, sends_pack: boolean): Pick<RequestLine, "calls" | "r2_calls_before_pack"> {
  const calls = callsFrom((name) => after[name] - before[name]);
  const r2_calls_before_pack = sends_pack ? after.r2_calls_at_pack - before.r2_puts - before.r2_gets : undefined;
  return { calls, r2_calls_before_pack };
}

function memoryLine(what: string, stats: Stats): MemoryLine {
  return { what, wasm_memory_bytes: stats.wasm_memory_bytes, js_buffer_bytes: stats.js_buffer_bytes_high };
}
