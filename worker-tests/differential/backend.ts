/** `git http-backend`, run as a web server would run it: see git-http-backend(1). */
import { spawn } from "node:child_process";
import type { Workshop } from "../lib/git.ts";

const repoConfig = {
  "gc.auto": "0",
  "receive.autogc": "false",
  "http.receivepack": "true",
  "uploadpack.allowFilter": "true",
  "uploadpack.allowAnySHA1InWant": "true",
  "pack.threads": "1",
};

export interface BackendAnswer {
  body: Buffer;
  /** What git says of itself when it does not come to its end. A client is not always told. */
  failure: string | undefined;
}

export class Backend {
  readonly #shop: Workshop;
  /** Folder of the bare repository, below the workshop. */
  readonly folder: string;

  private constructor(shop: Workshop, folder: string) {
    this.#shop = shop;
    this.folder = folder;
  }

  static async create(shop: Workshop, folder: string): Promise<Backend> {
    await shop.git(".", "init", "--quiet", "--bare", folder);
    for (const [key, value] of Object.entries(repoConfig)) await shop.git(folder, "config", key, value);
    return new Backend(shop, folder);
  }

  get url(): string {
    return `file://${this.#shop.path(this.folder)}`;
  }

  /** All objects in one pack, as after `git gc`, those that nothing reaches as well. */
  async repack(): Promise<void> {
    await this.#shop.git(this.folder, "repack", "-adkq");
  }

  post(service: string, body: Buffer, protocol: string): Promise<BackendAnswer> {
    const headers = { CONTENT_TYPE: `application/x-${service}-request`, CONTENT_LENGTH: String(body.length) };
    return this.#request("POST", `/${service}`, "", protocol, body, headers);
  }

  infoRefs(service: string, protocol: string): Promise<BackendAnswer> {
    return this.#request("GET", "/info/refs", `service=${service}`, protocol);
  }

  #request(method: string, path: string, query: string, protocol: string, body?: Buffer, headers = {}): Promise<BackendAnswer> {
    const env = {
      PATH: process.env["PATH"],
      GIT_CONFIG_NOSYSTEM: "1",
      GIT_CONFIG_GLOBAL: this.#shop.path("gitconfig"),
      GIT_PROJECT_ROOT: this.#shop.dir,
      GIT_HTTP_EXPORT_ALL: "1",
      REQUEST_METHOD: method,
      PATH_INFO: `/${this.folder}${path}`,
      QUERY_STRING: query,
      HTTP_GIT_PROTOCOL: protocol,
      ...headers,
    };
    const child = spawn("git", ["http-backend"], { env, stdio: ["pipe", "pipe", "pipe"] });
    return new Promise((resolve, reject) => {
      const chunks: Buffer[] = [];
      const said: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => chunks.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => said.push(chunk));
      child.once("error", reject);
      child.once("close", (code) => {
        const answer = Buffer.concat(chunks);
        const head = answer.indexOf("\r\n\r\n");
        const status = /^Status: (.*)\r$/m.exec(answer.toString("latin1", 0, Math.max(head, 0)))?.[1];
        if (head < 0 || status !== undefined) reject(new Error(`git http-backend: ${status ?? "no answer"}`));
        else resolve({ body: answer.subarray(head + 4), failure: code === 0 ? undefined : Buffer.concat(said).toString().trim() });
      });
      child.stdin.on("error", () => {});
      child.stdin.end(body);
    });
  }
}
