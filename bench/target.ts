/** What the benchmark measures: a server that takes a new repository and whose CPU seconds can be read. */

export interface Remote {
  url: string;
  /** Headers that every request to this remote needs. */
  headers: Record<string, string>;
}

/** Where a server stands in the tables. */
export type TargetName = "artifacts" | "git http-backend";

export interface Target {
  readonly name: TargetName;
  newRemote(): Promise<Remote>;
  /** A request on a connection of its own that asks for next to nothing: the least that any takes here. */
  touch(): Promise<void>;
  /** CPU seconds, user and system, that the server has used since it started; to be read when it is at rest. */
  cpuSeconds(): number;
  /** Returns when the work of answered requests is over, as far as the server lets one see. */
  atRest(): Promise<void>;
  stop(): Promise<void>;
}

/** A remote's headers as options of git. */
export function gitOptions({ headers }: Remote): string[] {
  return Object.entries(headers).flatMap(([name, value]) => ["-c", `http.extraHeader=${name}: ${value}`]);
}

/** `_SC_CLK_TCK`, in which proc(5) counts: 100 on every Linux in use. */
const ticksPerSecond = 100;

// Positions in the fields that `statOf` returns, which start with the third of proc(5).
const utime = 11;
const stime = 12;
const cutime = 13;
const cstime = 14;

/** CPU seconds of a process: its own, or with those of its children that have ended and been waited for. */
export function cpuSecondsOf(stat: string[] | undefined, whose: "own" | "with children"): number {
  if (!stat) return 0;
  const fields = whose === "own" ? [utime, stime] : [utime, stime, cutime, cstime];
  return fields.reduce((sum, field) => sum + Number(stat[field]), 0) / ticksPerSecond;
}
