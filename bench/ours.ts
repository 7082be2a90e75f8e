/** This server as `serve.mjs` serves it: workerd, and nothing of wrangler around it. */
import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { Api } from "../worker-tests/lib/api.ts";
import { Server, projectDir } from "../worker-tests/lib/server.ts";
import { get } from "./post.ts";
import type { Remote, Target } from "./target.ts";
import { cpuOfWorkerd, serveProgram, workerdAtRest } from "./workerd.ts";

/** What the Worker counts of itself; the bytes of memory are the highest since it started. */
export interface Stats {
  wasm_memory_bytes: number;
  js_buffer_bytes_high: number;
  r2_puts: number;
  r2_put_bytes: number;
  r2_gets: number;
  r2_get_bytes: number;
  /** Puts and gets begun when the last pack began to be sent. */
  r2_calls_at_pack: number;
  do_calls: number;
  /** Those that no request waits for, and that are not among the others. */
  deferred_calls: number;
  /** Rows of the Durable Objects' databases. */
  rows_read: number;
  rows_written: number;
}

export class Ours implements Target {
  readonly name = "artifacts";
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Ours> {
    // Before the server, which would not wait for a first build.
    execFileSync(process.execPath, [join(projectDir, "scripts", "build.mjs")], { stdio: "inherit" });
    return new Ours(await Server.start({ vars: { DEBUG_TRIGGERS: "on" }, program: serveProgram }));
  }

  /** The same repos in a Worker that has kept nothing in memory, and whose highest figures begin anew. */
  async restart(): Promise<void> {
    await this.#server.kill();
    await this.#server.restart();
  }

  async newRemote(): Promise<Remote> {
    const repo = await new Api(this.#server.origin).createRepo();
    return { url: repo.remote, headers: { Authorization: `Bearer ${repo.token}` } };
  }

  touch(): Promise<void> {
    return get(this.#statsUrl);
  }

  cpuSeconds(): number {
    return cpuOfWorkerd(this.#server);
  }

  atRest(): Promise<void> {
    return workerdAtRest(this.#server);
  }

  async stats(): Promise<Stats> {
    const answer = await fetch(this.#statsUrl);
    if (!answer.ok) throw new Error(`no statistics: ${answer.status} ${await answer.text()}`);
    return (await answer.json()) as Stats;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  get #statsUrl(): string {
    return `${this.#server.origin}/__debug/stats`;
  }
}
