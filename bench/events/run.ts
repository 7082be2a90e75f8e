/**
 * `npm run bench:events`: what it takes to record the events of a day in one namespace, and to answer questions about them.
 *
 *   --events N       how many events there are (1,000,000)
 *   --repos N        of how many repos (1,000)
 *   --batch N        how many of them are recorded at a time (100)
 *   --samples N      how often each question is asked (10)
 */
import { parseArgs } from "node:util";
import { readToken } from "../../worker-tests/lib/api.ts";
import { statsOf } from "../stats.ts";
import { megabytes, table } from "../table.ts";
import { cpuOfWorkerd, serve, workerdAtRest } from "../workerd.ts";
import { dataset, everything, questions, type Group, type Question } from "./questions.ts";
import { mergedStore, storeIn } from "./store.ts";

const { values: options } = parseArgs({
  options: {
    events: { type: "string", default: "1000000" },
    repos: { type: "string", default: "1000" },
    batch: { type: "string", default: "100" },
    samples: { type: "string", default: "10" },
  },
});
// The server ends with this process, but a signal alone would not tell it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const dayMs = 86_400_000;
const n_events = Number(options.events);
const server = await serve();
try {
  const to_ms = Date.now();
  await record(to_ms - dayMs);
  const rows = [];
  for (const question of questions(to_ms - dayMs, to_ms)) rows.push(await measured(question));
  console.log(`each question ${options.samples} times over GraphQL; CPU of the server; time as the client has it\n`);
  console.log(table(["question", "CPU", "median", "longest", "groups"], rows));
  const { wasm_memory_bytes } = await statsOf(server);
  console.log(`\nwasm memory at its highest: ${megabytes(wasm_memory_bytes)}`);
} finally {
  await server.stop();
}

async function record(from_ms: number): Promise<void> {
  const n_parts = 24;
  const span_ms = dayMs / n_parts;
  const began = performance.now();
  const cpuBefore = cpuOfWorkerd(server);
  let [n_segments, n_bytes] = [0, 0];
  for (let part = 0; part < n_parts; part += 1) {
    const n_of_part = Math.floor((n_events * (part + 1)) / n_parts) - Math.floor((n_events * part) / n_parts);
    const made_up = { namespace: "metrics", n_events: n_of_part, n_repos: Number(options.repos), from_ms: from_ms + part * span_ms, span_ms, n_at_once: Number(options.batch), seed: part + 1 };
    const recorded = await post<{ n_segments: number; n_bytes: number }>("/__debug/events", made_up);
    n_segments += recorded.n_segments;
    n_bytes += recorded.n_bytes;
  }
  const took = (performance.now() - began) / 1000;
  const merged = await mergedStore(server.stateDir);
  const cpu = cpuOfWorkerd(server) - cpuBefore;
  const each = (value: number) => (value / n_events).toFixed(2);
  console.log(`${n_events} events of ${options.repos} repos recorded in ${n_segments} segments in ${took.toFixed(1)} s; ${cpu.toFixed(1)} s of CPU, making them up and merging them included`);
  console.log(`recorded: ${megabytes(n_bytes)}, ${each(n_bytes)} bytes each; merged: ${megabytes(merged.n_bytes)} in ${merged.n_segments} segments, ${each(merged.n_bytes)} bytes each\n`);
}

async function measured({ name, query }: Question): Promise<string[]> {
  await workerdAtRest(server);
  let groups: Group[] = [];
  const times: number[] = [];
  const n_samples = Number(options.samples);
  await ask(query);
  const cpuBefore = cpuOfWorkerd(server);
  for (let n = 0; n < n_samples; n += 1) {
    const began = performance.now();
    groups = await ask(query);
    times.push(performance.now() - began);
  }
  const cpu_ms = ((cpuOfWorkerd(server) - cpuBefore) * 1000) / n_samples;
  times.sort((a, b) => a - b);
  if (name === everything && groups[0]?.count !== n_events) throw new Error(`${groups[0]?.count} events of ${n_events}`);
  const ms = (value: number | undefined) => `${(value ?? 0).toFixed(0)} ms`;
  return [name, ms(cpu_ms), ms(times[Math.floor(times.length / 2)]), ms(times.at(-1)), String(groups.length)];
}

async function ask(query: string): Promise<Group[]> {
  const headers = { "Content-Type": "application/json", Authorization: `Bearer ${readToken}` };
  const answer = await post<{ data: { viewer: { accounts: Record<string, Group[]>[] } } | null }>("/client/v4/graphql", { query }, headers);
  const groups = answer.data?.viewer.accounts[0]?.[dataset];
  if (groups === undefined) throw new Error(JSON.stringify(answer));
  return groups;
}

async function post<T>(path: string, json: unknown, headers: Record<string, string> = {}): Promise<T> {
  const answer = await fetch(server.origin + path, { method: "POST", headers, body: JSON.stringify(json) });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}\n${server.log()}\n${JSON.stringify(storeIn(server.stateDir))}`);
  return (await answer.json()) as T;
}
