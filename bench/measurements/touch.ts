/** What a request takes that asks for nothing: no operation can take less on that server. */
import type { Bench } from "../bench.ts";

const n_in_a_row = 20;

export async function touch(bench: Bench): Promise<void> {
  if (!bench.measures("touch")) return;
  await bench.inTurns(bench.n_runs, (target) =>
    bench.measure({ operation: "touch", repo: "none" }, { n_objects: 0 }, target, n_in_a_row, () => target.touch()),
  );
}
