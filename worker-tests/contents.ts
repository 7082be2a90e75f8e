/**
 * `npm run test:contents -- --repo DIR`: a repository of any size, pushed, and its contents beside what git says: the whole log along
 * first parents, and every tree of `--commits` commits (200), which `--seed` (1) takes at random.
 */
import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { benchmarkRepo } from "../bench/make-repo.ts";
import { build } from "../bench/workerd.ts";
import { compareContents } from "./contents/compare.ts";
import { Api } from "./lib/api.ts";
import { Workshop } from "./lib/git.ts";
import { Server } from "./lib/server.ts";

const { values } = parseArgs({
  options: { repo: { type: "string" }, commits: { type: "string", default: "200" }, seed: { type: "string", default: "1" } },
});
// The server ends with this process, but a signal alone would not tell it.
for (const signal of ["SIGINT", "SIGTERM"]) process.once(signal, () => process.exit(1));

build();
const original = values.repo === undefined ? await benchmarkRepo("large") : resolve(values.repo);
const shop = new Workshop();
const server = await Server.start();
try {
  const api = new Api(server.origin);
  const repo = await api.createRepo();
  await shop.git(".", "clone", "--quiet", "--bare", "--shared", original, "source");
  const branch = await shop.git("source", "symbolic-ref", "--short", "HEAD");
  await shop.git("source", "push", "--quiet", repo.url, branch);
  const [n_commits, seed] = [Number(values.commits), Number(values.seed)];
  const began = performance.now();
  const { n_log, n_trees } = await compareContents({ api, shop, repo, original: "source", branch, n_commits, seed });
  const took = ((performance.now() - began) / 1000).toFixed(0);
  console.log(`the same: ${n_log} commits of the log, ${n_trees} trees of ${n_commits} commits (seed ${seed}), in ${took} s`);
} finally {
  await server.stop();
  shop.remove();
}
