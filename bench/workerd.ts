/** The CPU of a Worker in workerd. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Server, projectDir, statOf } from "../worker-tests/lib/server.ts";
import { cpuSecondsOf } from "./target.ts";

/** Serves a Worker without the proxy and the collector of logs that `wrangler dev` puts around it. */
export const serveProgram = "bench/serve.mjs";

/** Builds the Worker, for which no server would wait. */
export function build(): void {
  execFileSync(process.execPath, [join(projectDir, "scripts", "build.mjs")], { stdio: "inherit" });
}

/** This Worker as it is now, served so, with what tests and benchmarks need to see and to do. */
export async function serve(vars: Record<string, string> = {}): Promise<Server> {
  build();
  return Server.start({ vars: { DEBUG_TRIGGERS: "on", ...vars }, program: serveProgram });
}

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
