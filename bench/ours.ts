/** This server as `serve.mjs` serves it: workerd, and nothing of wrangler around it. */
import { Api } from "../worker-tests/lib/api.ts";
import type { Server } from "../worker-tests/lib/server.ts";
import { get } from "./post.ts";
import { statsOf, statsUrl, type Stats } from "./stats.ts";
import type { Remote, Target } from "./target.ts";
import { cpuOfWorkerd, serve, workerdAtRest } from "./workerd.ts";

export class Ours implements Target {
  readonly name = "artifacts";
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<Ours> {
    return new Ours(await serve());
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
    return get(statsUrl(this.#server));
  }

  cpuSeconds(): number {
    return cpuOfWorkerd(this.#server);
  }

  atRest(): Promise<void> {
    return workerdAtRest(this.#server);
  }

  stats(): Promise<Stats> {
    return statsOf(this.#server);
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }
}
