/** One run of the benchmark: its servers, what is measured of them, and the book that keeps it. */
import type { Workshop } from "../worker-tests/lib/git.ts";
import { Book, callsFrom, operations, type Calls, type Sample, type Subject } from "./book.ts";
import { Ours } from "./ours.ts";
import { median, seconds } from "./table.ts";
import type { Source } from "./source.ts";
import type { Target } from "./target.ts";

/** What `--measure` can name. */
export const measurements = [
  "touch",
  "push",
  "raw-fetch",
  "clone",
  "one-commit-push",
  "one-commit-fetch",
  "depth-1",
  "blobless",
  "after-pushes",
  "at-once",
  "growth",
  "requests",
] as const;

export type Measurement = (typeof measurements)[number];

/** What a raw client saw; git tells nothing. */
type Seen = Pick<Sample, "first" | "bytes"> & { wall: number };

/** Does something once, the `n`th time from 0 on; returns what it saw of it. */
export type Action = (n: number) => Promise<Seen | void>;

export class Bench {
  readonly shop: Workshop;
  readonly targets: Target[];
  readonly n_runs: number;
  readonly book = new Book();
  readonly #chosen: Set<Measurement>;
  readonly #began = performance.now();

  constructor(shop: Workshop, targets: Target[], n_runs: number, chosen: Set<Measurement>) {
    this.shop = shop;
    this.targets = targets;
    this.n_runs = n_runs;
    this.#chosen = chosen;
  }

  measures(...names: Measurement[]): boolean {
    return names.some((name) => this.#chosen.has(name));
  }

  /** Runs something on each server, turn about, so that neither always finds the machine as the other left it. */
  async inTurns(n_runs: number, once: (target: Target, run: number) => Promise<void>): Promise<void> {
    for (let run = 0; run < n_runs; run += 1) {
      for (const target of run % 2 === 0 ? this.targets : this.targets.toReversed()) await once(target, run);
    }
  }

  /**
   * Does an operation some times in a row and keeps a sample of each. CPU and calls are read before the first and after the
   * last, and shared among them: the system counts CPU in hundredths of a second, which is much of a small operation.
   */
  async measure(subject: Subject, source: Pick<Source, "n_objects">, target: Target, n_times: number, action: Action): Promise<void> {
    await target.atRest();
    const before = { calls: await callsOf(target), cpu: target.cpuSeconds() };
    const seen: Seen[] = [];
    for (let n = 0; n < n_times; n += 1) {
      const began = performance.now();
      const of_client = await action(n);
      seen.push(of_client ?? { wall: (performance.now() - began) / 1000 });
    }
    await target.atRest();
    const cpu = (target.cpuSeconds() - before.cpu) / n_times;
    const calls = difference(await callsOf(target), before.calls, n_times);
    const line = this.book.line(subject, source.n_objects);
    const samples = seen.map(({ wall, first, bytes }) => ({
      wall,
      cpu,
      ...(first === undefined ? {} : { first }),
      ...(bytes === undefined ? {} : { bytes }),
      ...(calls === undefined ? {} : { calls }),
    }));
    line.samples.set(target.name, [...(line.samples.get(target.name) ?? []), ...samples]);
    const found = `wall ${seconds(median(seen.map(({ wall }) => wall)))}, CPU ${seconds(cpu)}`;
    this.say(`${titleOf(subject)}, ${target.name}${n_times === 1 ? "" : `, ${n_times} times`}: ${found}`);
  }

  /** Prints a line with the seconds since the run began. */
  say(what: string): void {
    const elapsed = Math.round((performance.now() - this.#began) / 1000);
    console.log(`${String(elapsed).padStart(4)} s  ${what}`);
  }

  /** Notes that a server does not offer an operation. */
  unsupported(subject: Subject, source: Source, target: Target): void {
    this.book.line(subject, source.n_objects).unsupported.add(target.name);
  }
}

/** A subject in words. */
export function titleOf({ operation, repo, n_pushes }: Subject): string {
  if (repo === "none") return operations[operation];
  const after = n_pushes === undefined ? "" : ` after ${n_pushes} small push${n_pushes === 1 ? "" : "es"}`;
  return `${operations[operation]}, ${repo}${after}`;
}

async function callsOf(target: Target): Promise<Calls | undefined> {
  if (!(target instanceof Ours)) return undefined;
  const stats = await target.stats();
  return callsFrom((name) => stats[name]);
}

function difference(after: Calls | undefined, before: Calls | undefined, n_times: number): Calls | undefined {
  return after && before && callsFrom((name) => (after[name] - before[name]) / n_times);
}
