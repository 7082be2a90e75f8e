/** What the project wants its figures to be: at most so much, beside `git http-backend` or by themselves. */
import { titleOf } from "./bench.ts";
import type { Book, Figure, Operation, RepoName, Subject } from "./book.ts";
import type { Requests } from "./measurements/requests.ts";
import { count, megabytes } from "./table.ts";

export interface Goal {
  what: string;
  /** How the figure came out; nothing when it was not measured. */
  measured: string | undefined;
  /** The same without what a request for nothing takes, on either side, for each request: what is ours to change. */
  without_floor?: string | undefined;
  at_most: string;
  is_met: boolean | undefined;
}

const figureNames = {
  wall: "wall",
  first: "first byte of PACK",
  bytes: "bytes of pack",
  cpu: "CPU without R2",
} as const satisfies Record<Figure, string>;

/** How many requests an operation makes. */
const nRequests: Partial<Record<Operation, number>> = {
  push: 3,
  clone: 3,
  "one-commit-push": 2,
  "one-commit-fetch": 3,
  "raw-fetch": 1,
  "raw-one-commit-fetch": 1,
  "depth-1": 1,
  blobless: 1,
};

/** Below this many objects a repository is served as a whole, and git is quick. */
const few_objects = 10_000;

export function goals(book: Book, { requests, memory }: Requests): Goal[] {
  const large = (operation: Operation): Subject => ({ operation, repo: "large" });
  const beside = (subject: Subject, figure: Figure, at_most: number) => besideGit(book, subject, figure, at_most);
  const parts = (["raw-one-commit-fetch", "depth-1", "blobless"] as const).map(large);
  const wasm = memory.find(({ what }) => what === "push, large")?.wasm_memory_bytes;
  const buffers = memory.find(({ what }) => what === "push, large")?.js_buffer_bytes;
  const two = memory.find(({ what }) => what === "two pushes at once, large");
  const ofRequests = (name: string, repo: RepoName) => requests.find((line) => line.request === name && line.repo === repo);
  const calls = (name: string, repo: RepoName) => ofRequests(name, repo)?.calls.do_calls;
  return [
    beside(large("push"), "wall", 1.5),
    beside(large("push"), "cpu", 1.5),
    beside(large("one-commit-push"), "wall", 1.5),
    ...fullFetch(book, { operation: "raw-fetch", repo: "large" }),
    ...fullFetch(book, { operation: "raw-fetch", repo: "×1" }),
    ...fullFetch(book, { operation: "raw-fetch", repo: "small", n_pushes: 0 }),
    ...fullFetch(book, { operation: "raw-fetch", repo: "small", n_pushes: 10 }),
    beside(large("clone"), "wall", 1.1),
    afterHundred(book),
    beside(large("one-commit-fetch"), "wall", 1.2),
    ...parts.flatMap((subject) => [beside(subject, "wall", 1.2), beside(subject, "bytes", 1.05)]),
    goal("one large push: wasm memory", wasm, 48_000_000, megabytes),
    goal("one large push: JavaScript buffers", buffers, 24_000_000, megabytes),
    goal("two large pushes at once: both together", two && two.wasm_memory_bytes + two.js_buffer_bytes, 104_000_000, megabytes),
    ...(["large", "small"] as const).flatMap((repo) => [
      goal(`Durable Object calls of a full fetch, ${repo}`, calls("full fetch", repo), 1, count),
      goal(`Durable Object calls of a fetch of one commit, ${repo}`, calls("fetch of one commit", repo), 1, count),
      goal(`Durable Object calls of a push, ${repo}`, calls("push", repo), 2, count),
      goal(`Durable Object calls of a push of one commit, ${repo}`, calls("push of one commit", repo), 2, count),
    ]),
    goal("R2 calls before PACK of a full fetch, large", ofRequests("full fetch", "large")?.r2_calls_before_pack, 3, count),
    goal("R2 calls before PACK of a full fetch, small", ofRequests("full fetch", "small")?.r2_calls_before_pack, 0, count),
  ];
}

function fullFetch(book: Book, subject: Subject): Goal[] {
  const n_objects = book.find(subject)?.n_objects ?? Infinity;
  const is_small = subject.repo === "small" || n_objects < few_objects;
  return [
    besideGit(book, subject, "first", is_small ? 1 : 0.3),
    besideGit(book, subject, "wall", is_small ? 1.5 : 1),
    besideGit(book, subject, "bytes", 1.05),
  ];
}

function besideGit(book: Book, subject: Subject, figure: Figure, at_most: number): Goal {
  const line = book.find(subject);
  const ours = figure === "cpu" ? line?.cpuWithoutR2() : line?.figure("artifacts", figure);
  const theirs = line?.figure("git http-backend", figure);
  const what = `${titleOf(subject)}: ${figureNames[figure]}`;
  if (line?.unsupported.has("artifacts")) return { what, measured: "not supported", at_most: times(at_most), is_met: false };
  if (ours === undefined || theirs === undefined) return goal(what, undefined, at_most, times);
  const found = goal(what, ours / theirs, at_most, times);
  if (figure !== "wall" && figure !== "first") return found;
  const floor = (name: "artifacts" | "git http-backend") =>
    (book.find({ operation: "touch", repo: "none" })?.figure(name, "wall") ?? NaN) * (nRequests[subject.operation] ?? NaN);
  const without = (ours - floor("artifacts")) / (theirs - floor("git http-backend"));
  return { ...found, without_floor: Number.isNaN(without) ? undefined : times(without) };
}

/** How much slower a full fetch gets by a hundred small pushes, beside itself. */
function afterHundred(book: Book): Goal {
  const wall = (n_pushes: number) => book.find({ operation: "raw-fetch", repo: "large", n_pushes })?.figure("artifacts", "wall");
  const [first, later] = [wall(0), wall(100)];
  const slower = first === undefined || later === undefined ? undefined : later / first;
  return goal("full fetch, raw, large: after 100 small pushes beside after none", slower, 1.3, times);
}

function goal(what: string, measured: number | undefined, at_most: number, format: (value: number) => string): Goal {
  const is_met = measured === undefined ? undefined : measured <= at_most;
  return { what, measured: measured === undefined ? undefined : format(measured), at_most: format(at_most), is_met };
}

function times(value: number): string {
  return `${value.toFixed(2)} ×`;
}
