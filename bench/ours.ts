/** This server under `wrangler dev --local`, as the Worker's tests start it. */
import { setTimeout as sleep } from "node:timers/promises";
import { Api } from "../worker-tests/lib/api.ts";
import { Server, statOf } from "../worker-tests/lib/server.ts";
import { cpuSecondsOf, type Remote, type Target } from "./target.ts";

/** What the Worker counts of itself; bytes are the highest since it started. */
export interface Stats {
  wasm_memory_bytes: number;
  js_buffer_bytes_high: number;
  r2_puts: number;
  r2_gets: number;
  do_calls: number;
}

export class Ours implements Target {
  readonly name = "artifacts";
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Ours> {
    return new Ours(await Server.start({ vars: { DEBUG_TRIGGERS: "on" } }));
  }

  async newRemote(): Promise<Remote> {
    const repo = await new Api(this.#server.origin).createRepo();
    const headers = [`Authorization: Bearer ${repo.token}`, "X-Artifacts-Stats: 1"];
    return { url: repo.remote, config: headers.flatMap((header) => ["-c", `http.extraHeader=${header}`]) };
  }

  /** Every workerd: the Worker, the local R2 and Durable Objects, and the proxy that wrangler puts before them. */
  cpuSeconds(): number {
    return this.#server.workerdPids().reduce((sum, pid) => sum + cpuSecondsOf(statOf(pid), "own"), 0);
  }

  async atRest(): Promise<void> {
    let before: number;
    do {
      before = this.cpuSeconds();
      await sleep(100);
    } while (this.cpuSeconds() - before > 0.02);
  }

  async stats(): Promise<Stats> {
    const answer = await fetch(`${this.#server.origin}/__debug/stats`);
    if (!answer.ok) throw new Error(`no statistics: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Stats;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
