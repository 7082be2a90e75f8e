/** Forks of a large repository: all of it, and one branch where the packs hold a thousand more. */
import { Api, type Repo } from "../../worker-tests/lib/api.ts";
import { Backend } from "../../worker-tests/lib/backend.ts";
import type { Workshop } from "../../worker-tests/lib/git.ts";
import type { Server } from "../../worker-tests/lib/server.ts";
import { Client } from "../directory/client.ts";
import { rawFetch } from "../raw-fetch.ts";
import { rawPush } from "../raw-push.ts";
import type { Source } from "../source.ts";
import { count, median, megabytes, seconds, table } from "../table.ts";
import type { Remote } from "../target.ts";
import { makeBranches } from "./branches.ts";
import { makeForks, readsOf, remoteOf, type Fork, type Forked } from "./forking.ts";

const n_all = 50;
const n_narrowed = 20;
const n_branches = 1_000;
const goalOfFork = 0.05;
const goalOfPack = 1.05;

const main = { default_branch_only: true };

export async function forkLarge(server: Server, shop: Workshop, source: Source): Promise<void> {
  const [api, client] = [new Api(server.origin), new Client(server.origin)];
  const backend = await Backend.start(shop);
  try {
    const [whole, single] = [await api.createRepo({ name: "whole" }), await api.createRepo({ name: "single" })];
    const git: Remote = { url: await backend.create("git.git"), headers: {} };
    await push(source, [remoteOf(whole), git], await source.refs(), source.tips);
    await push(source, [remoteOf(single)], [{ name: source.branch, id: source.commit(0) }], [source.commit(0)]);
    const rows = [
      row("all refs", await makeForks(server, client, whole.name, "all", n_all), goalOfFork),
      row("`default_branch_only`, there is no other", await makeForks(server, client, single.name, "single", n_all, main), goalOfFork),
    ];
    const branches = await makeBranches(shop, source, n_branches);
    await push(source, [remoteOf(whole), git], branches, [...branches.map(({ id }) => id), ...source.tips.map((id) => `^${id}`)]);
    await server.kill();
    await server.restart();
    const first = await makeForks(server, new Client(server.origin), whole.name, "first", 1, main);
    const others = await makeForks(server, new Client(server.origin), whole.name, "other", n_narrowed, main);
    rows.push(row(`\`default_branch_only\` beside ${n_branches} branches, the Worker has just started`, first));
    rows.push(row(`\`default_branch_only\` beside ${n_branches} branches`, others));
    const head = ["fork", "forks", "median", "longest", "R2 calls", "read from R2", "objects", "goal for the median"];
    console.log(`\n${table(head, rows)}\n`);
    const [fork] = others.forks;
    if (fork) await cloneFork(server, shop, source, fork, git);
  } finally {
    backend.stop();
  }
}

/** The same push to each of these. */
async function push(source: Source, remotes: Remote[], refs: { name: string; id: string }[], revisions: string[]): Promise<void> {
  const pack = await source.pack(revisions);
  const commands = refs.map(({ name, id }) => ({ name, new_id: id }));
  for (const remote of remotes) await rawPush(remote, commands, pack);
}

/** R2 calls and bytes are those of one fork. Where there is a goal, nothing is to be asked of R2 at all. */
function row(what: string, { forks, times, r2 }: Forked, goal_s?: number): string[] {
  const [typical, n_calls] = [median(times), (r2.puts + r2.gets) / forks.length];
  const goal = goal_s === undefined ? "–" : `${seconds(goal_s)} without R2, ${typical < goal_s && n_calls === 0 ? "met" : "missed"}`;
  const read = megabytes(r2.bytes / forks.length);
  return [what, String(forks.length), seconds(typical), seconds(Math.max(...times)), count(n_calls), read, String(forks[0]?.objects), goal];
}

/** The fork's branch, by a client that looks at nothing and by git, beside what git sends for it. */
async function cloneFork(server: Server, shop: Workshop, source: Source, fork: Fork, git: Remote): Promise<void> {
  const wanted = { wants: [source.commit(0)] };
  const theirs = await rawFetch(git, wanted);
  const rows: string[][] = [];
  await server.kill();
  await server.restart();
  for (const when of ["the Worker has just started", "once more"]) {
    let ours = theirs;
    const r2 = await readsOf(server, async () => (ours = await rawFetch(remoteOf(fork), wanted)));
    const n_objects = [ours.n_objects, theirs.n_objects, fork.objects];
    if (new Set(n_objects).size !== 1) throw new Error(`here, by git and as the fork was made there are ${n_objects.join(", ")} objects`);
    const ratio = ours.bytes / theirs.bytes;
    const goal = `${goalOfPack.toFixed(2)}, ${ratio <= goalOfPack ? "met" : "missed"}`;
    const packs = [megabytes(ours.bytes), megabytes(theirs.bytes), ratio.toFixed(3), goal];
    rows.push([`raw, ${when}`, seconds(ours.wall), ...packs, count(r2.gets), megabytes(r2.bytes)]);
  }
  rows.push(["`git clone --mirror`", seconds(await cloned(shop, fork)), ...Array<string>(6).fill("–")]);
  console.log(`${table(["clone of such a fork", "wall", "pack", "git's pack", "ratio", "goal", "R2 gets", "read from R2"], rows)}\n`);
}

async function cloned(shop: Workshop, { url }: Repo): Promise<number> {
  const began = performance.now();
  await shop.git(".", "clone", "--quiet", "--mirror", url, "clone-of-fork");
  const took = (performance.now() - began) / 1000;
  await shop.fingerprint("clone-of-fork");
  return took;
}
