/** CPU of the local R2 alone: the calls that our server made are made again by a Worker that does nothing else. */
import { Server } from "../worker-tests/lib/server.ts";
import type { Calls } from "./book.ts";
import { cpuOfWorkerd, serveProgram, workerdAtRest } from "./workerd.ts";

/** Few calls are made many times, since CPU is counted in hundredths of a second. */
const repeatedBytes = 128 * 2 ** 20;
const repeatedCalls = 200;
const timesMax = 100;

export class R2Only {
  readonly #server: Server;

  private constructor(server: Server) {
    this.#server = server;
  }

  static async start(): Promise<R2Only> {
    return new R2Only(await Server.start({ config: "bench/r2-only/wrangler.toml", program: serveProgram }));
  }

  /** CPU seconds of as many calls, which share their bytes equally. */
  async cpuSeconds({ r2_puts, r2_put_bytes, r2_gets, r2_get_bytes }: Calls): Promise<number> {
    const [n_calls, n_bytes] = [r2_puts + r2_gets, r2_put_bytes + r2_get_bytes];
    if (n_calls === 0) return 0;
    const times = Math.ceil(Math.min(timesMax, repeatedCalls / n_calls, Math.max(1, repeatedBytes / Math.max(1, n_bytes))));
    const [put_length, get_length] = [perCall(r2_put_bytes, r2_puts), perCall(r2_get_bytes, r2_gets)];
    await this.#ask({ keep: get_length });
    await workerdAtRest(this.#server);
    const before = cpuOfWorkerd(this.#server);
    await this.#ask({ puts: Math.round(r2_puts * times), put_length, gets: Math.round(r2_gets * times), get_length });
    await workerdAtRest(this.#server);
    return (cpuOfWorkerd(this.#server) - before) / times;
  }

  stop(): Promise<void> {
    return this.#server.stop();
  }

  async #ask(query: Record<string, number>): Promise<void> {
    const text = new URLSearchParams(Object.entries(query).map(([name, value]) => [name, String(value)]));
    const answer = await fetch(`${this.#server.origin}/?${text}`);
    if (answer.status !== 204) throw new Error(`R2 alone: ${answer.status} ${await answer.text()}`);
  }
}

function perCall(n_bytes: number, n_calls: number): number {
  return n_calls === 0 ? 0 : Math.max(1, Math.round(n_bytes / n_calls));
}
