/** isomorphic-git inside a Worker as one more driver: the repository travels to it with the command, and back. */
import { existsSync, mkdirSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import type { GitResult } from "../lib/git.ts";
import { Server } from "../lib/server.ts";

let started: Promise<Server> | undefined;

/** The Worker, started when it is first asked for. */
function worker(): Promise<Server> {
  started ??= Server.start({ config: "worker-tests/clients/isomorphic-git/wrangler.toml" });
  return started;
}

/** Ends the Worker, if there is one. */
export async function stopWorker(): Promise<void> {
  await (await started)?.stop();
}

/** Sends JSON to a route of the Worker. */
export async function askWorker<T>(path: string, body: unknown): Promise<T> {
  const { origin } = await worker();
  const answer = await fetch(`${origin}${path}`, { method: "POST", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return (await answer.json()) as T;
}

interface Done {
  code: number;
  stderr: string;
  files?: Record<string, string>;
}

/** Does what a driver does that is a program. */
export async function inWorker(...words: string[]): Promise<GitResult> {
  const [operation, ...rest] = words;
  const dir = rest.find((word) => word.startsWith("/")) ?? "";
  const done = await askWorker<Done>("/operation", { operation, words: rest, dir, files: filesOf(dir) });
  if (done.files !== undefined) replaceFiles(dir, done.files);
  return { code: done.code, stdout: "", stderr: done.stderr };
}

/** The files of a repository, without the working copy, which nothing of what is done needs. */
function filesOf(dir: string): Record<string, string> {
  const git = join(dir, ".git");
  if (!existsSync(git)) return {};
  const names = readdirSync(git, { recursive: true, encoding: "utf8" }).filter((name) => statSync(join(git, name)).isFile());
  return Object.fromEntries(names.map((name) => [`.git/${name}`, readFileSync(join(git, name), "base64")]));
}

function replaceFiles(dir: string, files: Record<string, string>): void {
  rmSync(dir, { recursive: true, force: true });
  // Folders without files do not travel, and git wants these.
  for (const folder of ["objects", "refs"]) mkdirSync(join(dir, ".git", folder), { recursive: true });
  for (const [name, content] of Object.entries(files)) {
    mkdirSync(dirname(join(dir, name)), { recursive: true });
    writeFileSync(join(dir, name), Buffer.from(content, "base64"));
  }
}
