/** The official libraries of Cloudflare's API, `cloudflare` of npm and of PyPI. They know no Artifacts, but take any path by its verb. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { createInterface } from "node:readline";
import { APIError, Cloudflare } from "cloudflare";
import { CursorLimitPagination, V4PagePaginationArray } from "cloudflare/core/pagination";
import type { ApiError } from "../lib/api.ts";
import { projectDir } from "../lib/server.ts";

export interface Request {
  /** `list` goes through all pages as the library does it. */
  verb: "get" | "post" | "patch" | "delete" | "list";
  path: string;
  token: string;
  query?: Record<string, unknown>;
  body?: unknown;
  /** What leads from one page to the next. */
  pages?: "cursor" | "number";
}

/** The body of an answer, of a list all its items; or the error that the library throws. */
export interface Outcome {
  answer?: unknown;
  error?: { type: string; status: number; errors: ApiError[] };
}

export interface Sdk {
  ask(request: Request): Promise<Outcome>;
  end(): void;
}

/** Without this the libraries try again what got 409. */
const maxRetries = 0;

export function npmSdk(baseURL: string): Sdk {
  const pageClasses = { cursor: CursorLimitPagination, number: V4PagePaginationArray };
  async function answer({ verb, path, token, pages, ...options }: Request): Promise<unknown> {
    const client = new Cloudflare({ apiToken: token, baseURL, maxRetries });
    if (verb !== "list") return client[verb](path, options);
    const items: unknown[] = [];
    for await (const item of client.getAPIList(path, pageClasses[pages ?? "cursor"], options)) items.push(item);
    return items;
  }
  async function ask(request: Request): Promise<Outcome> {
    try {
      return { answer: await answer(request) };
    } catch (error) {
      if (!(error instanceof APIError) || error.status === undefined) throw error;
      const { status, errors } = error as APIError<number>;
      return { error: { type: error.constructor.name, status, errors: errors as ApiError[] } };
    }
  }
  return { ask, end: () => {} };
}

const python = join(projectDir, ".tools", "clients", "python", "bin", "python");
export const pypiIsThere = existsSync(python);

/** A process with the other library, for which each line is a request. */
export function pypiSdk(baseURL: string): Sdk {
  const driver = join(projectDir, "worker-tests", "cloudflare-sdks", "driver.py");
  const child = spawn(python, ["-B", driver, baseURL], { stdio: ["pipe", "pipe", "inherit"] });
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  async function ask(request: Request): Promise<Outcome> {
    child.stdin.write(`${JSON.stringify(request)}\n`);
    const line = await lines.next();
    if (line.done) throw new Error("the driver has ended");
    return JSON.parse(line.value) as Outcome;
  }
  return { ask, end: () => child.stdin.end() };
}
