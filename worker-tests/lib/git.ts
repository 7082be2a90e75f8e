/** The real `git` in a temporary folder: no configuration but its own, fixed names and dates, no prompts. */
import { spawn, type ChildProcessWithoutNullStreams } from "node:child_process";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";

export interface GitResult {
  code: number | null;
  stdout: string;
  stderr: string;
}

export interface GitOptions {
  /** Folder below the workshop's, the workshop itself by default. */
  cwd?: string;
  input?: string | Buffer;
  env?: Record<string, string>;
}

const config = `[user]
\tname = A U Thor
\temail = author@example.com
[init]
\tdefaultBranch = main
[advice]
\tpushUpdateRejected = false
[gc]
\tauto = 0
[maintenance]
\tauto = false
[protocol "file"]
\tallow = always
`;

/** A folder in which a test keeps its repositories. */
export class Workshop {
  readonly dir: string;
  #seconds = 1_700_000_000;
  #n_indexes = 0;

  constructor() {
    this.dir = mkdtempSync(join(tmpdir(), "artifacts-git-"));
    writeFileSync(join(this.dir, "gitconfig"), config);
  }

  remove(): void {
    rmSync(this.dir, { recursive: true, force: true, maxRetries: 5 });
  }

  path(...parts: string[]): string {
    return join(this.dir, ...parts);
  }

  write(file: string, content: string | Buffer): void {
    mkdirSync(dirname(this.path(file)), { recursive: true });
    writeFileSync(this.path(file), content);
  }

  /** Runs git and returns what it printed, trimmed; a failure throws with what it said. */
  async git(cwd: string, ...args: string[]): Promise<string> {
    return (await this.gitWith({ cwd }, ...args)).stdout.trim();
  }

  async gitWith(options: GitOptions, ...args: string[]): Promise<GitResult> {
    const result = await this.attempt(options, ...args);
    if (result.code !== 0) {
      const said = `${result.stdout}${result.stderr}`.slice(0, 2000);
      throw new Error(`git ${args.join(" ")}: exit ${result.code}\n${said}`);
    }
    return result;
  }

  /** Runs git, whether it succeeds or not. */
  attempt(options: GitOptions, ...args: string[]): Promise<GitResult> {
    return this.run("git", options, ...args);
  }

  /** Runs a program where git runs, with what git is given. */
  run(program: string, options: GitOptions, ...args: string[]): Promise<GitResult> {
    const child = this.start(program, options, ...args);
    return new Promise((resolve, reject) => {
      const stdout: Buffer[] = [];
      const stderr: Buffer[] = [];
      child.stdout.on("data", (chunk: Buffer) => stdout.push(chunk));
      child.stderr.on("data", (chunk: Buffer) => stderr.push(chunk));
      child.once("error", reject);
      child.once("close", (code) =>
        resolve({ code, stdout: Buffer.concat(stdout).toString(), stderr: Buffer.concat(stderr).toString() }),
      );
      // A command that ends before it has read its input is judged by what it says, not by the broken pipe.
      child.stdin.on("error", () => {});
      child.stdin.end(options.input ?? "");
    });
  }

  /** The same for one that is talked to while it runs. */
  start(program: string, options: GitOptions, ...args: string[]): ChildProcessWithoutNullStreams {
    this.#seconds += 60;
    const date = `${this.#seconds} +0000`;
    return spawn(program, args, {
      cwd: this.path(options.cwd ?? "."),
      env: {
        PATH: process.env["PATH"],
        HOME: this.dir,
        LC_ALL: "C",
        GIT_CONFIG_NOSYSTEM: "1",
        GIT_CONFIG_GLOBAL: this.path("gitconfig"),
        GIT_TERMINAL_PROMPT: "0",
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_DATE: date,
        ...options.env,
      },
    });
  }

  /** Commits a file to the current branch of a repository and returns the commit. */
  async commit(repo: string, file: string, content: string | Buffer, message = `Change ${file}`): Promise<string> {
    this.write(join(repo, file), content);
    await this.git(repo, "add", file);
    await this.git(repo, "commit", "--quiet", "--message", message);
    return this.git(repo, "rev-parse", "HEAD");
  }

  /** Commits to a branch of a repository, bare or not, without its working copy: one line more in one of its files, and returns the commit. */
  async commitBare(repo: string, branch: string): Promise<string> {
    this.#n_indexes += 1;
    const env = { GIT_INDEX_FILE: this.path(`index-of-commit-bare-${this.#n_indexes}`) };
    const git = async (input: string, ...args: string[]) =>
      (await this.gitWith({ cwd: repo, env, input }, ...args)).stdout.trim();
    const regularFiles = (await git("", "ls-tree", "-r", branch)).split("\n").filter((line) => line.startsWith("100644 "));
    const [, , id, file] = regularFiles[regularFiles.length >> 1]?.split(/\s/) ?? [];
    if (id === undefined || file === undefined) throw new Error(`${branch} has no files`);
    const blob = await git(`${await git("", "cat-file", "blob", id)}\nline at ${this.#seconds}\n`, "hash-object", "-w", "--stdin");
    await git("", "read-tree", branch);
    await git("", "update-index", "--cacheinfo", `100644,${blob},${file}`);
    const commit = await git("", "commit-tree", await git("", "write-tree"), "-p", branch, "-m", `Change ${file}`);
    await git("", "update-ref", branch, commit);
    return commit;
  }

  /** A new repository with `n_commits` commits on `main`. */
  async newRepo(name: string, n_commits = 1): Promise<void> {
    await this.git(".", "init", "--quiet", name);
    for (let n = 1; n <= n_commits; n += 1) {
      await this.commit(name, `dir-${n % 3}/file-${n % 5}.txt`, `line ${n}\n`.repeat(n), `Commit ${n}`);
    }
  }

  /** What two copies of a repository must have in common, and that this one is sound. */
  async fingerprint(repo: string): Promise<{ refs: string[]; objects: string[] }> {
    await this.git(repo, "fsck", "--strict", "--no-dangling", "--no-progress");
    const refs = await this.git(repo, "for-each-ref", "--format=%(objectname) %(objecttype) %(refname)");
    const objects = await this.git(repo, "rev-list", "--objects", "--no-object-names", "--all");
    return { refs: refs.split("\n"), objects: objects.split("\n").sort() };
  }
}
