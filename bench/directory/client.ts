/**
 * One connection, and nothing done with an answer but waiting for its end: what a request takes is then the server's. (`fetch`, with what
 * tests do to an answer, has pauses of ten and twenty milliseconds of its own.)
 */
import { Agent, request } from "node:http";
import { accountId, editToken } from "../../worker-tests/lib/api.ts";

export class Client {
  readonly #agent = new Agent({ keepAlive: true, maxSockets: 1 });
  readonly #origin: string;
  readonly #base: string;

  constructor(origin: string) {
    this.#origin = origin;
    this.#base = `${origin}/client/v4/accounts/${accountId}/artifacts/namespaces`;
  }

  /** A request to a path under `…/artifacts/namespaces`; the answer's body if its status is the expected one. */
  ask(status: number, method: string, path: string, json?: unknown): Promise<string> {
    return this.#answered(status, method, this.#base + path, json);
  }

  get(status: number, path: string): Promise<string> {
    return this.#answered(status, "GET", this.#origin + path);
  }

  #answered(status: number, method: string, url: string, json?: unknown): Promise<string> {
    const body = json === undefined ? "" : JSON.stringify(json);
    const headers = { Authorization: `Bearer ${editToken}`, "Content-Length": String(body.length) };
    return new Promise((resolve, reject) => {
      const sent = request(url, { method, headers, agent: this.#agent }, (answer) => {
        const chunks: Buffer[] = [];
        answer.on("data", (chunk: Buffer) => chunks.push(chunk));
        answer.on("end", () => {
          const text = Buffer.concat(chunks).toString();
          if (answer.statusCode === status) resolve(text);
          else reject(new Error(`${answer.statusCode} instead of ${status}: ${text}`));
        });
      });
      sent.on("error", reject);
      sent.end(body);
    });
  }
}
