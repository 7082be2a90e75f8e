/** A server in front of `git http-backend` that does what it should not: by the first part of the path. */
import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

type Answer = (request: IncomingMessage, response: ServerResponse, path: string) => Promise<void> | void;

/** Serves `/{fault}/{path}`: as `origin` would `/{path}`, but for the fault. */
export class Upstream {
  readonly #server: Server;
  readonly origin: string;

  private constructor(server: Server) {
    this.#server = server;
    this.origin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  }

  static start(origin: string): Promise<Upstream> {
    const server = createServer((request, response) => {
      const [, fault = "", ...rest] = (request.url ?? "/").split("/");
      const answer = faults(origin)[fault] ?? notFound;
      Promise.resolve(answer(request, response, `/${rest.join("/")}`)).catch(() => response.destroy());
    });
    return new Promise((resolve) => server.listen(0, "127.0.0.1", () => resolve(new Upstream(server))));
  }

  stop(): void {
    this.#server.closeAllConnections();
    this.#server.close();
  }
}

const notFound: Answer = (_, response) => void response.writeHead(404).end("none");

function faults(origin: string): Record<string, Answer> {
  /** The answer of the server behind, all of it, and what was asked. */
  const behind = async (request: IncomingMessage, path: string, old = false) => {
    const body = Buffer.concat(await request.toArray());
    const protocol = old ? {} : { "git-protocol": String(request.headers["git-protocol"] ?? "") };
    const headers = { "content-type": String(request.headers["content-type"] ?? ""), ...protocol };
    const answer = await fetch(origin + path, { method: request.method ?? "GET", headers, body: request.method === "POST" ? body : null });
    const isPack = body.includes("want ");
    return { status: answer.status, type: answer.headers.get("content-type") ?? "", bytes: Buffer.from(await answer.arrayBuffer()), isPack };
  };
  const plain: Answer = async (request, response, path) => {
    const { status, type, bytes } = await behind(request, path);
    response.writeHead(status, { "content-type": type }).end(bytes);
  };
  const withPack = (spoil: (response: ServerResponse, bytes: Buffer) => Promise<void> | void): Answer => async (request, response, path) => {
    const { status, type, bytes, isPack } = await behind(request, path);
    response.writeHead(status, { "content-type": type });
    if (isPack) await spoil(response, bytes);
    else response.end(bytes);
  };
  return {
    plain,
    old: async (request, response, path) => {
      const { status, type, bytes } = await behind(request, path, true);
      response.writeHead(status, { "content-type": type }).end(bytes);
    },
    gzip: async (request, response, path) => {
      if (request.headers["accept-encoding"] !== "gzip") throw new Error("only gzip is taken here");
      const { status, type, bytes } = await behind(request, path);
      response.writeHead(status, { "content-type": type, "content-encoding": "gzip" }).end(gzipSync(bytes));
    },
    moved: (_, response, path) => void response.writeHead(301, { location: `/plain${path}` }).end(),
    around: (request, response) => void response.writeHead(302, { location: request.url ?? "/" }).end(),
    login: (_, response) => void response.writeHead(302, { location: "/users/sign_in" }).end(),
    "401": (_, response) => void response.writeHead(401, { "www-authenticate": "Basic" }).end("who are you"),
    "503": (_, response) => void response.writeHead(503).end("later"),
    html: (_, response) => void response.writeHead(200, { "content-type": "text/html" }).end("<!doctype html><title>A page</title>"),
    silent: () => {},
    drips: async (_, response) => {
      response.write("001e# service=git-upload-pack\n0000");
      for (let n = 0; !response.destroyed; n += 1) {
        response.write(`0040${"1".repeat(40)} refs/heads/${String(n).padStart(8, "0")}`);
        await sleep(1_000);
      }
    },
    trickles: withPack(async (response, bytes) => {
      for (let at = 0; at < bytes.length && !response.destroyed; at += 64) {
        response.write(bytes.subarray(at, at + 64));
        await sleep(500);
      }
    }),
    stalls: withPack((response, bytes) => void response.write(bytes.subarray(0, bytes.length >> 1))),
    truncates: withPack((response, bytes) => void response.end(bytes.subarray(0, bytes.length >> 1))),
    flips: withPack((response, bytes) => {
      const at = bytes.length - 1000;
      bytes[at] = (bytes[at] ?? 0) ^ 1;
      response.end(bytes);
    }),
    slow: withPack(async (response, bytes) => {
      for (let at = 0; at < bytes.length && !response.destroyed; at += 64 * 1024) {
        response.write(bytes.subarray(at, at + 64 * 1024));
        await sleep(25);
      }
      response.end();
    }),
  };
}
