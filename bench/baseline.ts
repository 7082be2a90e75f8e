/** `git http-backend` behind lighttpd: what anybody can set up today on the same machine. */
import { execFileSync, spawn, spawnSync, type ChildProcess } from "node:child_process";
import { mkdirSync, mkdtempSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { freePort, statOf } from "../worker-tests/lib/server.ts";
import { get } from "./post.ts";
import { cpuSecondsOf, type Remote, type Target } from "./target.ts";

/** Where distributions put servers is not on everybody's PATH. */
const env = { ...process.env, PATH: `${process.env["PATH"]}:/usr/local/sbin:/usr/sbin` };

/** The checks that our server makes and the requests that it allows, asked of git as well. */
const repoConfig = {
  "http.receivepack": "true",
  "receive.fsckObjects": "true",
  "receive.autogc": "false",
  "uploadpack.allowFilter": "true",
  "uploadpack.allowAnySHA1InWant": "true",
};

export class Baseline implements Target {
  readonly name = "git http-backend";
  readonly #dir: string;
  readonly #port: number;
  readonly #process: ChildProcess;
  #n_repos = 0;

  private constructor(dir: string, port: number, process: ChildProcess) {
    this.#dir = dir;
    this.#port = port;
    this.#process = process;
  }

  static async start(): Promise<Baseline> {
    if (spawnSync("lighttpd", ["-v"], { env }).error) {
      throw new Error(
        "the baseline needs lighttpd, which is not installed.\n" +
          "On Debian or Ubuntu: apt-get update && apt-get install lighttpd. On Fedora: dnf install lighttpd.",
      );
    }
    const dir = mkdtempSync(join(tmpdir(), "artifacts-baseline-"));
    for (const folder of ["repos", "uploads"]) mkdirSync(join(dir, folder));
    writeFileSync(join(dir, "uploads", "nothing"), "");
    const port = await freePort();
    writeFileSync(join(dir, "lighttpd.conf"), lighttpdConfig(dir, port));
    const log = openSync(join(dir, "log"), "a");
    const args = ["-D", "-f", join(dir, "lighttpd.conf")];
    const started = spawn("lighttpd", args, { env, stdio: ["ignore", log, log] });
    process.once("exit", () => started.kill("SIGKILL"));
    const baseline = new Baseline(dir, port, started);
    await baseline.#answers();
    return baseline;
  }

  newRemote(): Promise<Remote> {
    this.#n_repos += 1;
    const name = `repo-${this.#n_repos}.git`;
    const gitDir = join(this.#dir, "repos", name);
    execFileSync("git", ["init", "--quiet", "--bare", gitDir]);
    for (const [key, value] of Object.entries(repoConfig)) execFileSync("git", ["-C", gitDir, "config", key, value]);
    return Promise.resolve({ url: `http://127.0.0.1:${this.#port}/git/${name}`, headers: {} });
  }

  touch(): Promise<void> {
    return get(`http://127.0.0.1:${this.#port}/nothing`);
  }

  /** Everything that git does for a request is a child of lighttpd or a child's child, and each is waited for by its parent. */
  cpuSeconds(): number {
    return cpuSecondsOf(statOf(this.#pid), "with children");
  }

  async atRest(): Promise<void> {
    const children = `/proc/${this.#pid}/task/${this.#pid}/children`;
    while (readFileSync(children, "latin1").trim() !== "") await sleep(20);
  }

  async stop(): Promise<void> {
    const ended = new Promise((resolve) => this.#process.once("close", resolve));
    this.#process.kill("SIGTERM");
    await ended;
    rmSync(this.#dir, { recursive: true, force: true });
  }

  get #pid(): number {
    if (this.#process.pid === undefined) throw new Error("lighttpd did not start");
    return this.#process.pid;
  }

  async #answers(): Promise<void> {
    for (;;) {
      if (this.#process.exitCode !== null) throw new Error(readFileSync(join(this.#dir, "log"), "utf8"));
      const answer = await fetch(`http://127.0.0.1:${this.#port}/`).catch(() => undefined);
      if (answer) return;
      await sleep(50);
    }
  }
}

function lighttpdConfig(dir: string, port: number): string {
  const backend = join(execFileSync("git", ["--exec-path"], { encoding: "utf8" }).trim(), "git-http-backend");
  return `server.modules = ("mod_alias", "mod_setenv", "mod_cgi")
server.bind = "127.0.0.1"
server.port = ${port}
server.document-root = "${dir}/uploads"
server.upload-dirs = ("${dir}/uploads")
server.errorlog = "${dir}/log"
# Requests are buffered: git http-backend needs a Content-Length, which chunked pushes do not have.
server.stream-request-body = 0
# Answers are not: a clone begins to arrive while git still packs it.
server.stream-response-body = 1
alias.url = ("/git" => "${backend}")
$HTTP["url"] =~ "^/git/" {
  cgi.assign = ("" => "")
  setenv.set-environment = ("GIT_PROJECT_ROOT" => "${dir}/repos", "GIT_HTTP_EXPORT_ALL" => "1")
}
`;
}
