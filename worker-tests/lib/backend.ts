/** `git http-backend` behind a server of its own: what git itself answers to the same client. */
import { spawn } from "node:child_process";
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import type { Workshop } from "./git.ts";

/** Serves the bare repositories of a workshop over HTTP, to anybody, for fetches and pushes. */
export class Backend {
  readonly #server: Server;
  readonly #shop: Workshop;

  private constructor(server: Server, shop: Workshop) {
    this.#server = server;
    this.#shop = shop;
  }

  static start(shop: Workshop): Promise<Backend> {
    const server = createServer((request, response) => {
      serve(shop, request, response).catch((error: unknown) => response.destroy(error as Error));
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new Backend(server, shop))));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }

  /** Makes an empty bare repository with these settings and returns its remote. */
  async create(name: string, settings: Record<string, string> = {}): Promise<string> {
    await this.#shop.git(".", "init", "--quiet", "--bare", name);
    const all = { "http.receivepack": "true", "receive.advertisePushOptions": "true", "receive.denyDeleteCurrent": "ignore", ...settings };
    for (const [key, value] of Object.entries(all)) await this.#shop.git(name, "config", key, value);
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/${name}`;
  }
}

async function serve(shop: Workshop, request: IncomingMessage, response: ServerResponse): Promise<void> {
  // The program waits for ever for the rest of a body that is shorter than said: it is read first.
  const body = Buffer.concat(await request.toArray());
  const url = new URL(request.url ?? "/", "http://localhost");
  const header = (name: string) => String(request.headers[name] ?? "");
  const child = spawn("git", ["http-backend"], {
    env: {
      PATH: process.env["PATH"],
      HOME: shop.dir,
      LC_ALL: "C",
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: shop.path("gitconfig"),
      GIT_PROJECT_ROOT: shop.dir,
      GIT_HTTP_EXPORT_ALL: "1",
      GIT_PROTOCOL: header("git-protocol"),
      REQUEST_METHOD: request.method ?? "GET",
      PATH_INFO: decodeURIComponent(url.pathname),
      QUERY_STRING: url.search.slice(1),
      CONTENT_TYPE: header("content-type"),
      CONTENT_LENGTH: String(body.length),
      HTTP_CONTENT_ENCODING: header("content-encoding"),
    },
  });
  child.stdin.on("error", () => {});
  child.stdin.end(body);
  const answer = Buffer.concat(await child.stdout.toArray());
  const end = answer.indexOf("\r\n\r\n");
  for (const line of answer.toString("latin1", 0, end).split("\r\n")) {
    const [name = "", value = ""] = line.split(": ");
    if (name === "Status") response.statusCode = Number.parseInt(value, 10);
    else response.setHeader(name, value);
  }
  response.end(answer.subarray(end + 4));
}
