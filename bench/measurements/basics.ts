/** One repository pushed, fetched in every way, and then one commit more at a time. */
import { rmSync } from "node:fs";
import type { Action, Bench, Measurement } from "../bench.ts";
import type { Operation } from "../book.ts";
import { fetchFeatures, rawFetch } from "../raw-fetch.ts";
import type { Source } from "../source.ts";
import { gitOptions, type Remote, type Target } from "../target.ts";

/** Under which name an operation is asked for that has none of its own. */
const measuredAs: Partial<Record<Operation, Measurement>> = {
  "raw-one-commit-fetch": "one-commit-fetch",
  "raw-fetch-but-a-tip": "raw-fetch",
};

/** How many pushes, and fetches, of one commit are made in a row. */
export const n_in_a_row = 5;

export async function basics(bench: Bench, source: Source): Promise<void> {
  const all: Measurement[] = ["push", "raw-fetch", "clone", "one-commit-push", "one-commit-fetch", "depth-1", "blobless"];
  if (!bench.measures(...all)) return;
  await bench.inTurns(bench.n_runs, async (target) => {
    const run = new Run(bench, source, target, await target.newRemote());
    await run.pushAndFetch();
    await run.fetchParts();
    await run.oneCommitMore();
    rmSync(bench.shop.path("copy"), { recursive: true, force: true });
  });
}

class Run {
  readonly #bench: Bench;
  readonly #source: Source;
  readonly #target: Target;
  readonly #remote: Remote;

  constructor(bench: Bench, source: Source, target: Target, remote: Remote) {
    this.#bench = bench;
    this.#source = source;
    this.#target = target;
    this.#remote = remote;
  }

  async pushAndFetch(): Promise<void> {
    const everything = ["refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"];
    await this.#do("push", 1, () => this.#git(this.#source.name, "push", "--quiet", this.#remote.url, ...everything));
    if (this.#bench.measures("raw-fetch")) {
      await this.#do("raw-fetch", 1, async () => {
        const fetched = await rawFetch(this.#remote, { wants: this.#source.tips });
        const { n_objects } = this.#source;
        if (fetched.n_objects < n_objects) throw new Error(`a pack of ${fetched.n_objects} objects instead of ${n_objects}`);
        return fetched;
      });
      await this.#do("raw-fetch-but-a-tip", 1, () => rawFetch(this.#remote, { wants: this.#source.tips.slice(0, -1) }));
    }
    if (!this.#bench.measures("clone", "one-commit-fetch")) return;
    await this.#do("clone", 1, () => this.#git(".", "clone", "--quiet", "--mirror", this.#remote.url, "copy"));
    const [pushed, fetched] = await Promise.all([this.#refsOf(this.#source.name), this.#refsOf("copy")]);
    if (pushed !== fetched) throw new Error(`what was cloned from ${this.#target.name} is not what was pushed`);
  }

  async fetchParts(): Promise<void> {
    const { tips } = this.#source;
    await this.#part("depth-1", "shallow", { wants: [this.#source.commit(0)], lines: ["deepen 1"] });
    await this.#part("blobless", "filter", { wants: tips, lines: ["filter blob:none"] });
  }

  async oneCommitMore(): Promise<void> {
    if (!this.#bench.measures("one-commit-push", "one-commit-fetch")) return;
    const source = this.#source;
    const push = (...refs: string[]) => this.#git(source.name, "push", "--quiet", this.#remote.url, ...refs);
    await this.#do("one-commit-push", n_in_a_row, (n) => push(`${source.commit(n + 1)}:${source.branch}`));
    if (!this.#bench.measures("one-commit-fetch")) return;
    await this.#do("raw-one-commit-fetch", n_in_a_row, (n) =>
      rawFetch(this.#remote, { wants: [source.commit(n + 1)], haves: [source.commit(n)] }),
    );
    // A branch for each step, so that they can be fetched one by one after all of them were pushed.
    const step = (n: number) => `refs/heads/step-${n + 1}`;
    await push(...Array.from({ length: n_in_a_row }, (_, n) => `${source.commit(n + 1)}:${step(n)}`));
    await this.#do("one-commit-fetch", n_in_a_row, (n) =>
      this.#git("copy", "fetch", "--quiet", this.#remote.url, `${step(n)}:${step(n)}`),
    );
    await this.#bench.shop.git("copy", "rev-parse", "--verify", `${source.commit(n_in_a_row)}^{commit}`);
  }

  /** What a server may not offer. */
  async #part(operation: "depth-1" | "blobless", feature: string, wanted: Parameters<typeof rawFetch>[1]): Promise<void> {
    if (!this.#bench.measures(operation)) return;
    if ((await fetchFeatures(this.#remote)).includes(feature)) {
      await this.#do(operation, 1, () => rawFetch(this.#remote, wanted));
    } else {
      this.#bench.unsupported({ operation, repo: "large" }, this.#source, this.#target);
    }
  }

  /** Measures an operation if that is wanted, and does it in any case: what follows builds on it. */
  async #do(operation: Operation, n_times: number, action: Action): Promise<void> {
    const measurement = measuredAs[operation] ?? (operation as Measurement);
    if (this.#bench.measures(measurement)) {
      return this.#bench.measure({ operation, repo: "large" }, this.#source, this.#target, n_times, action);
    }
    for (let n = 0; n < n_times; n += 1) await action(n);
  }

  async #git(cwd: string, ...args: string[]): Promise<void> {
    await this.#bench.shop.git(cwd, ...gitOptions(this.#remote), ...args);
  }

  #refsOf(repo: string): Promise<string> {
    return this.#bench.shop.git(repo, "for-each-ref", "refs/heads", "refs/tags");
  }
}
