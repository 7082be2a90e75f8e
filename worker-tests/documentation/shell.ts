/** One shell that is given commands bit by bit, as somebody who reads the documentation pastes them. */
import type { ChildProcessWithoutNullStreams } from "node:child_process";
import { once } from "node:events";
import { createInterface } from "node:readline";
import type { Workshop } from "../lib/git.ts";

const mark = "-- more?";

export class Shell {
  readonly #process: ChildProcessWithoutNullStreams;
  readonly #lines: AsyncIterator<string>;
  readonly #closed: Promise<unknown>;
  #stderr = "";

  /** A shell in a folder of a workshop, in which git and curl take any certificate. */
  constructor(shop: Workshop, cwd: string) {
    shop.write(".curlrc", "insecure\n");
    // With -e it ends at the first command that fails.
    this.#process = shop.start("sh", { cwd, env: { GIT_SSL_NO_VERIFY: "1" } }, "-e");
    this.#lines = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
    this.#process.stderr.on("data", (chunk: Buffer) => (this.#stderr += chunk.toString()));
    // One that has ended is noticed by what it does not print.
    this.#process.stdin.on("error", () => {});
    this.#closed = once(this.#process, "close");
  }

  /** Runs commands, each of which must succeed, and returns what they print to stdout. */
  async run(commands: string): Promise<string> {
    this.#process.stdin.write(`${commands}\nprintf '\\n%s\\n' '${mark}'\n`);
    const printed: string[] = [];
    for (;;) {
      const line = await this.#lines.next();
      if (line.done) break;
      if (line.value === mark) return printed.join("\n").trim();
      printed.push(line.value);
    }
    await this.#closed;
    throw new Error(`${commands}\n${printed.join("\n")}\n${this.#stderr}`);
  }

  async end(): Promise<void> {
    this.#process.stdin.end();
    await this.#closed;
  }
}
