/** Many full fetches at the same time, each of which must come to its end. */
import type { Bench } from "../bench.ts";
import { rawFetch } from "../raw-fetch.ts";
import { pushAll } from "../raw-push.ts";
import type { Source } from "../source.ts";
import type { Remote } from "../target.ts";

export const n_at_once = 20;

export async function atOnce(bench: Bench, source: Source): Promise<void> {
  if (!bench.measures("at-once")) return;
  const whole = await source.wholePack();
  const remotes = new Map<string, Remote>();
  for (const target of bench.targets) {
    const remote = await target.newRemote();
    await pushAll(remote, source, whole);
    remotes.set(target.name, remote);
  }
  await bench.inTurns(Math.ceil(bench.n_runs / 2), async (target) => {
    const remote = remotes.get(target.name);
    if (!remote) return;
    await bench.measure({ operation: "at-once", repo: "large" }, source, target, 1, () => fetchAtOnce(remote, source));
  });
}

export async function fetchAtOnce(remote: Remote, source: Source): Promise<void> {
  const fetches = Array.from({ length: n_at_once }, () => rawFetch(remote, { wants: source.tips }, "end"));
  const fetched = await Promise.all(fetches);
  const n_short = fetched.filter(({ n_objects }) => n_objects < source.n_objects).length;
  if (n_short > 0) throw new Error(`${n_short} of ${n_at_once} fetches at once lack objects`);
}
