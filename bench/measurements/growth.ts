/** Push and full fetch of repositories, each four times as large as the one before. */
import type { Bench } from "../bench.ts";
import type { RepoName } from "../book.ts";
import { benchmarkRepo, type ShapeName } from "../make-repo.ts";
import { rawFetch } from "../raw-fetch.ts";
import { Source } from "../source.ts";
import { gitOptions } from "../target.ts";

const sizes: [RepoName, ShapeName][] = [
  ["×1", "sixteenth"],
  ["×4", "quarter"],
  ["×16", "large"],
];

export async function growth(bench: Bench): Promise<void> {
  if (!bench.measures("growth")) return;
  for (const [repo, shape] of sizes) {
    const source = await Source.open(bench.shop, `growth-${shape}`, await benchmarkRepo(shape), 0);
    await bench.inTurns(Math.ceil(bench.n_runs / 2), async (target) => {
      const remote = await target.newRemote();
      const push = ["push", "--quiet", remote.url, "refs/heads/*:refs/heads/*", "refs/tags/*:refs/tags/*"];
      await bench.measure({ operation: "push", repo }, source, target, 1, async () => {
        await bench.shop.git(source.name, ...gitOptions(remote), ...push);
      });
      await bench.measure({ operation: "raw-fetch", repo }, source, target, source.n_fetches, () =>
        rawFetch(remote, { wants: source.tips }),
      );
    });
  }
}
