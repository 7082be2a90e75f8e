/**
 * The built Worker under `wrangler dev --local`: one process group on a free port, with its state in one folder.
 *
 * A server belongs to the test file that starts it and dies with that file's process, however that ends.
 */
import { spawn, type ChildProcess } from "node:child_process";
import { closeSync, mkdtempSync, openSync, readFileSync, readdirSync, rmSync } from "node:fs";
import http from "node:http";
import https from "node:https";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { delimiter, join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { fileURLToPath } from "node:url";

/** The root of the repository. */
export const projectDir = fileURLToPath(new URL("../../", import.meta.url));

const readyWithinMs = 120_000;
const stoppedWithinMs = 10_000;
const startsMax = 3;

export interface ServerOptions {
  /** Plain variables of the Worker, beside `PUBLIC_URL` and those of the example file. */
  vars?: Record<string, string>;
  /** The configuration of a Worker that takes the requests and is bound to this one. */
  front?: string;
  /** The configuration of another Worker that is served in place of this one. */
  config?: string;
  /** The program that serves, by its path in the project, in place of `wrangler dev`. */
  program?: string;
  /** `https` is served with a certificate that nobody vouches for. */
  protocol?: "http" | "https";
}

export class Server {
  readonly origin: string;
  /** What `--persist-to` names: Durable Objects and R2. */
  readonly stateDir: string;
  readonly #dir: string;
  readonly #port: number;
  readonly #vars: Record<string, string>;
  readonly #configs: string[];
  readonly #program: string | undefined;
  readonly #protocol: "http" | "https";
  #process: ChildProcess | undefined;

  private constructor(port: number, { vars = {}, front, config = "wrangler.toml", program, protocol = "http" }: ServerOptions) {
    this.#dir = mkdtempSync(join(tmpdir(), "artifacts-server-"));
    this.stateDir = join(this.#dir, "state");
    this.#port = port;
    this.origin = `${protocol}://127.0.0.1:${port}`;
    this.#vars = { PUBLIC_URL: this.origin, ...vars };
    this.#program = program;
    this.#protocol = protocol;
    // The first one takes the requests.
    this.#configs = front === undefined ? [config] : [front, config];
  }

  /** Starts a server without any repos and returns when it answers. */
  static async start(options: ServerOptions = {}): Promise<Server> {
    const server = new Server(await freePort(), options);
    process.once("exit", () => server.#signal("SIGKILL"));
    await server.restart();
    return server;
  }

  /** Starts the server again, on the same port and state. */
  async restart(): Promise<void> {
    for (let attempt = 1; attempt <= startsMax; attempt += 1) {
      this.#spawn();
      if (await this.#isReady()) return;
      this.#signal("SIGKILL");
      // wrangler chooses ports for its inner sockets some time before it listens there; a client may have come between.
      if (!/address already in use/i.test(this.log())) break;
    }
    throw new Error(`the server does not serve\n${this.log()}`);
  }

  #spawn(): void {
    const args = ["--port", String(this.#port), "--persist-to", this.stateDir, "--env-file", ".dev.vars.example"];
    for (const config of this.#configs) args.push("--config", config);
    for (const [name, value] of Object.entries(this.#vars)) args.push("--var", `${name}:${value}`);
    const log = openSync(this.#logFile, "w");
    const bin = join(projectDir, "node_modules", ".bin");
    const wrangler = [join(bin, "wrangler"), "dev", "--local", "--ip", "127.0.0.1", "--local-protocol", this.#protocol];
    const [command = "", ...first] = this.#program === undefined ? wrangler : [process.execPath, this.#program];
    this.#process = spawn(command, [...first, ...args], {
      cwd: projectDir,
      // A group of its own, so that one signal reaches wrangler, its bundler and every workerd.
      detached: true,
      stdio: ["ignore", log, log],
      env: {
        ...process.env,
        PATH: `${bin}${delimiter}${process.env["PATH"]}`,
        CI: "true",
        WRANGLER_SEND_METRICS: "false",
      },
    });
    closeSync(log);
  }

  /** Ends the server as Ctrl-C does and removes its state. */
  async stop(): Promise<void> {
    this.#signal("SIGTERM");
    if (!(await this.#isGone())) this.#signal("SIGKILL");
    rmSync(this.#dir, { recursive: true, force: true, maxRetries: 5 });
  }

  /** Ends every process of the server at once, as a power cut would; the state stays. */
  async kill(): Promise<void> {
    this.#signal("SIGKILL");
    if (!(await this.#isGone())) throw new Error("the server outlived SIGKILL");
  }

  /** The processes of the server that are workerd: the ones that run the Worker and the local R2. */
  workerdPids(): number[] {
    return this.#group().filter((pid) => nameOf(pid) === "workerd");
  }

  /** Everything that the server has printed since it was last started. */
  log(): string {
    return readFileSync(this.#logFile, "utf8");
  }

  get #logFile(): string {
    return join(this.#dir, "wrangler.log");
  }

  /** Waits for the first answer; false when the server ends or the time is over before. */
  async #isReady(): Promise<boolean> {
    const deadline = Date.now() + readyWithinMs;
    while (this.#process?.exitCode === null && Date.now() < deadline) {
      if (await this.#answers()) return true;
      await sleep(100);
    }
    return false;
  }

  /** Whether anything comes back, whoever vouches for it. */
  #answers(): Promise<boolean> {
    const { get } = this.#protocol === "https" ? https : http;
    return new Promise((resolve) => {
      const request = get(this.origin, { rejectUnauthorized: false, timeout: 5_000 }, (response) => {
        response.resume();
        resolve(true);
      });
      request.once("timeout", () => request.destroy());
      request.once("error", () => resolve(false));
    });
  }

  #signal(signal: NodeJS.Signals): void {
    signalGroup(this.#process, signal);
  }

  async #isGone(): Promise<boolean> {
    const group = this.#process?.pid;
    const deadline = Date.now() + stoppedWithinMs;
    while (group !== undefined && Date.now() < deadline) {
      try {
        process.kill(-group, 0);
      } catch {
        return true;
      }
      await sleep(20);
    }
    return group === undefined;
  }

  #group(): number[] {
    const group = this.#process?.pid;
    return readdirSync("/proc")
      .filter((entry) => /^\d+$/.test(entry))
      .map(Number)
      .filter((pid) => statOf(pid)?.[2] === String(group));
  }
}

/** Sends a signal to a process that has a group of its own, and to all that it has started; to none when they have ended. */
export function signalGroup(leader: ChildProcess | undefined, signal: NodeJS.Signals): void {
  if (leader?.pid === undefined) return;
  try {
    process.kill(-leader.pid, signal);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== "ESRCH") throw error;
  }
}

/** The fields of `/proc/<pid>/stat` from the third (the state) on, as proc(5) lists them; none for a process that has ended. */
export function statOf(pid: number): string[] | undefined {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "latin1");
    return stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  } catch {
    return undefined;
  }
}

function nameOf(pid: number): string | undefined {
  try {
    return readFileSync(`/proc/${pid}/comm`, "latin1").trim();
  } catch {
    return undefined;
  }
}

/** A port of the loopback address that nobody listens on, and that no client is given as its own. */
export async function freePort(): Promise<number> {
  for (;;) {
    const port = 10_000 + Math.floor(Math.random() * 20_000);
    if (await canListen(port)) return port;
  }
}

function canListen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const probe = createServer();
    probe.once("error", () => resolve(false));
    probe.listen(port, "127.0.0.1", () => probe.close(() => resolve(true)));
  });
}
