/** `npm start`: the commands that it prints, its words when it cannot, and how it ends. */
import assert from "node:assert/strict";
import { execFile, spawn, type ChildProcess } from "node:child_process";
import { readdirSync, readFileSync } from "node:fs";
import { createServer } from "node:net";
import { after, test } from "node:test";
import { promisify } from "node:util";
import { Workshop } from "./lib/git.ts";
import { freePort, projectDir } from "./lib/server.ts";

const shop = new Workshop();
const stateDir = shop.path("state");
const started = new Set<Start>();
after(async () => {
  for (const start of started) await start.interrupt();
  shop.remove();
});

/** A run of the script behind `npm start`. */
class Start {
  readonly #process: ChildProcess;
  readonly #ended: Promise<number | null>;
  #printed = "";

  constructor(port: number) {
    const args = ["scripts/start.mjs", "--port", String(port), "--persist-to", stateDir];
    this.#process = spawn(process.execPath, args, { cwd: projectDir, stdio: ["ignore", "pipe", "pipe"] });
    for (const stream of [this.#process.stdout, this.#process.stderr]) {
      stream?.on("data", (chunk: Buffer) => (this.#printed += chunk.toString()));
    }
    this.#ended = new Promise((resolve) => this.#process.once("close", resolve));
    started.add(this);
  }

  /** The commands to paste, once they are printed: what is indented, down to the last one. */
  async commands(): Promise<string> {
    for (;;) {
      const printed = /Paste these inside any git repository.*? clone [^\n]*\n/s.exec(this.#printed);
      if (printed) return [...printed[0].matchAll(/^ {2}(.*)$/gm)].map(([, command]) => command).join("\n");
      const outcome = await Promise.race([this.#ended, new Promise((resolve) => setTimeout(resolve, 100, "running"))]);
      assert.equal(outcome, "running", this.#printed);
    }
  }

  /** What Ctrl-C does; the exit code. */
  async interrupt(): Promise<number | null> {
    this.#process.kill("SIGINT");
    return this.end();
  }

  async end(): Promise<number | null> {
    const code = await this.#ended;
    started.delete(this);
    return code;
  }

  get printed(): string {
    return this.#printed;
  }
}

/** Processes that carry the state's folder in their command line: wrangler and what it has started. */
function processesOfState(): string[] {
  const pids = readdirSync("/proc").filter((entry) => /^\d+$/.test(entry));
  return pids.filter((pid) => {
    try {
      return readFileSync(`/proc/${pid}/cmdline`, "latin1").includes(stateDir);
    } catch {
      return false;
    }
  });
}

test("the printed commands work as they stand, Ctrl-C leaves nothing running, and the next start has the same repos", async () => {
  const port = await freePort();
  const first = new Start(port);
  const script = `${await first.commands()}\necho "$remote $token"\n`;
  await shop.newRepo("work", 3);
  const { stdout } = await promisify(execFile)("sh", ["-ec", script], { cwd: shop.path("work") });
  const [remote = "", token = ""] = stdout.trim().split(" ");
  const name = /\/(hello-\d+)\.git$/.exec(remote)?.[1] ?? assert.fail(stdout);
  const head = await shop.git("work", "rev-parse", "HEAD");
  assert.equal(await shop.git(name, "rev-parse", "HEAD"), head);

  assert.notEqual(processesOfState().length, 0);
  assert.equal(await first.interrupt(), 0, first.printed);
  assert.deepEqual(processesOfState(), []);

  const second = new Start(port);
  await second.commands();
  const header = `http.extraHeader=Authorization: Bearer ${token}`;
  assert.equal(await shop.git(".", "-c", header, "ls-remote", remote, "refs/heads/main"), `${head}\trefs/heads/main`);
  assert.equal(await second.interrupt(), 0, second.printed);
});

test("a port that is taken is told in words", async () => {
  const taken = createServer();
  const port = await new Promise<number>((resolve) => {
    taken.listen(0, "127.0.0.1", () => {
      const address = taken.address();
      resolve(typeof address === "object" && address !== null ? address.port : 0);
    });
  });
  const start = new Start(port);
  assert.equal(await start.end(), 1);
  taken.close();
  assert.match(start.printed, new RegExp(`^error: port ${port} is taken by another program`, "m"));
});
