/** What was measured: samples of each operation on each server, and their medians. */
import { median } from "./table.ts";
import type { TargetName } from "./target.ts";

export const operations = {
  push: "push",
  "raw-fetch": "full fetch, raw",
  "raw-fetch-but-a-tip": "full fetch but for a tip, raw",
  clone: "full clone by git",
  "one-commit-push": "push of one commit by git",
  "raw-one-commit-push": "push of one commit, raw",
  "one-commit-fetch": "fetch of one commit by git",
  "raw-one-commit-fetch": "fetch of one commit, raw",
  "depth-1": "depth 1, raw",
  blobless: "blobless, raw",
  "at-once": "20 full fetches at once, raw",
  touch: "a request for nothing",
} as const;

export type Operation = keyof typeof operations;
export type RepoName = "none" | "large" | "small" | "×1" | "×4" | "×16";

const callNames = ["r2_puts", "r2_put_bytes", "r2_gets", "r2_get_bytes", "do_calls"] as const;

/** Calls of the Worker to R2 and to Durable Objects. */
export type Calls = Record<(typeof callNames)[number], number>;

/** Calls whose numbers `number_of` tells. */
export function callsFrom(number_of: (name: keyof Calls) => number): Calls {
  return Object.fromEntries(callNames.map((name) => [name, number_of(name)])) as Calls;
}

/** One operation, as it was once. */
export interface Sample {
  /** Seconds. */
  wall: number;
  /** CPU seconds of the server. */
  cpu: number;
  /** Seconds until the first byte of the pack, when a raw client saw it. */
  first?: number;
  /** Bytes of pack, as a raw client saw them. */
  bytes?: number;
  /** Of our own server. */
  calls?: Calls;
}

export type Figure = "wall" | "first" | "bytes" | "cpu";

/** An operation under certain circumstances: a line of a table. */
export interface Subject {
  operation: Operation;
  repo: RepoName;
  /** Small pushes on top of the first; none where their number is not what is looked at. */
  n_pushes?: number;
}

export class Line {
  readonly subject: Subject;
  readonly n_objects: number;
  readonly samples = new Map<TargetName, Sample[]>();
  /** The servers that do not offer the operation. */
  readonly unsupported = new Set<TargetName>();
  /** CPU seconds of the local R2 for the calls of our server, by itself. */
  r2_cpu: number | undefined;

  constructor(subject: Subject, n_objects: number) {
    this.subject = subject;
    this.n_objects = n_objects;
  }

  figure(target: TargetName, figure: Figure): number | undefined {
    const values = this.samples.get(target)?.map((sample) => sample[figure]);
    const known = values?.filter((value) => value !== undefined) ?? [];
    return known.length > 0 ? median(known) : undefined;
  }

  /** The median of each counter of our server. */
  calls(): Calls | undefined {
    const all = this.samples.get("artifacts")?.flatMap(({ calls }) => calls ?? []) ?? [];
    return all.length === 0 ? undefined : callsFrom((name) => median(all.map((calls) => calls[name])));
  }

  /** CPU seconds of our server without those of the local R2. */
  cpuWithoutR2(): number | undefined {
    const cpu = this.figure("artifacts", "cpu");
    return cpu === undefined || this.r2_cpu === undefined ? undefined : Math.max(0, cpu - this.r2_cpu);
  }
}

export class Book {
  readonly lines: Line[] = [];

  /** The line of that subject, which is looked up by its parts. */
  find({ operation, repo, n_pushes }: Subject): Line | undefined {
    const is_it = ({ subject }: Line) => subject.operation === operation && subject.repo === repo && subject.n_pushes === n_pushes;
    return this.lines.find(is_it);
  }

  line(subject: Subject, n_objects: number): Line {
    const found = this.find(subject);
    if (found) return found;
    const line = new Line(subject, n_objects);
    this.lines.push(line);
    return line;
  }
}
