/**
 * `npm run bench:directory`: what requests to a namespace of many repos take, and the rows that they read and write.
 *
 *   --repos N        how many repos there are (100,000)
 *   --samples N      how often each request is made (300)
 *   --create N       instead: creates N repos, and pushes to each of them once
 *   --clients N      how many do so at once (16)
 */
import { setTimeout as sleep } from "node:timers/promises";
import { parseArgs } from "node:util";
import { Api } from "../../worker-tests/lib/api.ts";
import { statsOf } from "../stats.ts";
import { table } from "../table.ts";
import { cpuOfWorkerd, serve, workerdAtRest } from "../workerd.ts";
import { Client } from "./client.ts";
import { createMany } from "./create.ts";
import { fill, nameOf } from "./fill.ts";
import { operations, type Operation } from "./operations.ts";

const { values: options } = parseArgs({
  options: {
    repos: { type: "string", default: "100000" },
    samples: { type: "string", default: "300" },
    create: { type: "string" },
    clients: { type: "string", default: "16" },
  },
});
// The server ends with this process, but a signal alone would not tell it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

const server = await serve();
const api = new Api(server.origin);
try {
  if (options.create === undefined) await directory(Number(options.repos), Number(options.samples));
  else await createMany(api, Number(options.create), Number(options.clients));
} finally {
  await server.stop();
}

async function directory(n_repos: number, n_samples: number): Promise<void> {
  await api.createRepo({ name: "first" }, "directory");
  await server.kill();
  fill(server.stateDir, 0, n_repos);
  await server.restart();
  const rows = [];
  for (const operation of operations(new Client(server.origin), n_repos, nameOf)) rows.push(await measured(operation, n_samples));
  console.log(`a namespace of ${n_repos} repos; each request ${n_samples} times, one after the other; CPU of the server, alarms included; time as the client has it\n`);
  console.log(table(["request", "CPU", "median", "90 %", "99 %", "longest", "rows read", "rows written", "goal for 99 %"], rows));
}

/** A row of the table. The first few times are not counted, but for the rows of one of them. */
async function measured({ name, goal_ms, prepare, run }: Operation, n_samples: number): Promise<string[]> {
  // What the alarms have to do after the requests before is over.
  await sleep(4_000);
  await workerdAtRest(server);
  const n_first = 20;
  for (let n = 0; n < n_first; n += 1) {
    await prepare?.(n);
    await run(n);
  }
  await prepare?.(n_first);
  const before = await statsOf(server);
  await run(n_first);
  const after = await statsOf(server);
  const rows = [after.rows_read - before.rows_read, after.rows_written - before.rows_written];
  const times: number[] = [];
  const cpuBefore = cpuOfWorkerd(server);
  for (let n = n_first + 1; n <= n_first + n_samples; n += 1) {
    await prepare?.(n);
    const began = performance.now();
    await run(n);
    times.push(performance.now() - began);
  }
  const cpu_ms = ((cpuOfWorkerd(server) - cpuBefore) * 1000) / n_samples;
  times.sort((a, b) => a - b);
  const at = (part: number) => times[Math.min(times.length - 1, Math.floor(times.length * part))] ?? 0;
  const ms = (value: number) => `${value.toFixed(1)} ms`;
  const goal = goal_ms === undefined ? "–" : `${goal_ms} ms, ${at(0.99) < goal_ms ? "met" : "missed"}`;
  return [name, prepare ? "–" : ms(cpu_ms), ms(at(0.5)), ms(at(0.9)), ms(at(0.99)), ms(at(1)), ...rows.map(String), goal];
}
