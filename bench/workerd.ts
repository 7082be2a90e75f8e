/** The CPU of a Worker in workerd. */
import { setTimeout as sleep } from "node:timers/promises";
import { statOf, type Server } from "../worker-tests/lib/server.ts";
import { cpuSecondsOf } from "./target.ts";

/** Serves a Worker without the proxy and the collector of logs that `wrangler dev` puts around it. */
export const serveProgram = "bench/serve.mjs";

/** Every workerd: the Worker, the local R2 and Durable Objects. */
export function cpuOfWorkerd(server: Server): number {
  return server.workerdPids().reduce((sum, pid) => sum + cpuSecondsOf(statOf(pid), "own"), 0);
}

/** Returns when a tenth of a second has passed without work. */
export async function workerdAtRest(server: Server): Promise<void> {
  let before: number;
  do {
    before = cpuOfWorkerd(server);
    await sleep(100);
  } while (cpuOfWorkerd(server) - before > 0.02);
}
