/** The same fetches after more and more pushes of one commit each. */
import type { Bench } from "../bench.ts";
import type { RepoName } from "../book.ts";
import { rawFetch } from "../raw-fetch.ts";
import { pushAll, pushOnTop, type Pushed } from "../raw-push.ts";
import type { Source } from "../source.ts";
import type { Remote, Target } from "../target.ts";
import { n_in_a_row } from "./basics.ts";

/** Of the pushes before each stop, how many are timed. */
const n_timed_max = 10;

/** Measures after each number of pushes in `stops`, which ascend. */
export async function afterPushes(bench: Bench, repo: RepoName, source: Source, stops: number[]): Promise<void> {
  if (!bench.measures("after-pushes")) return;
  const remotes = new Map<Target, Remote>();
  const remoteOf = (target: Target): Remote => {
    const remote = remotes.get(target);
    if (!remote) throw new Error(`${target.name} has no repository yet`);
    return remote;
  };
  const whole = await source.wholePack();
  for (const target of bench.targets) {
    const remote = await target.newRemote();
    await pushAll(remote, source, whole);
    remotes.set(target, remote);
  }
  let n_pushed = 0;
  for (const n_pushes of stops) {
    const packs = new Map<number, Buffer>();
    for (let n = n_pushed + 1; n <= n_pushes; n += 1) packs.set(n, await source.packOnTop(n));
    const push = (target: Target, n: number): Promise<Pushed> =>
      pushOnTop(remoteOf(target), source, n, packs.get(n) ?? Buffer.alloc(0));
    const n_timed = Math.min(n_timed_max, n_pushes - n_pushed);
    for (const target of bench.targets) {
      for (let n = n_pushed + 1; n <= n_pushes - n_timed; n += 1) await push(target, n);
      if (n_timed === 0) continue;
      const subject = { operation: "raw-one-commit-push", repo, n_pushes } as const;
      await bench.measure(subject, source, target, n_timed, (n) => push(target, n_pushes - n_timed + 1 + n));
    }
    n_pushed = n_pushes;
    await measureFetches(bench, repo, source, n_pushes, remoteOf);
  }
}

async function measureFetches(
  bench: Bench,
  repo: RepoName,
  source: Source,
  n_pushes: number,
  remoteOf: (target: Target) => Remote,
): Promise<void> {
  const full = { wants: source.tipsAfter(n_pushes) };
  await bench.inTurns(bench.n_runs, (target) =>
    bench.measure({ operation: "raw-fetch", repo, n_pushes }, source, target, source.n_fetches, () =>
      rawFetch(remoteOf(target), full),
    ),
  );
  if (n_pushes === 0) return;
  const newest = { wants: [source.commit(n_pushes)], haves: [source.commit(n_pushes - 1)] };
  await bench.inTurns(Math.ceil(bench.n_runs / 2), (target) =>
    bench.measure({ operation: "raw-one-commit-fetch", repo, n_pushes }, source, target, n_in_a_row, () =>
      rawFetch(remoteOf(target), newest),
    ),
  );
}
