/** Many forks of one repo at once: that all are made, that each is a repo of its own, and that nothing is stored for them. */
import { rmSync } from "node:fs";
import { Api } from "../../worker-tests/lib/api.ts";
import type { Workshop } from "../../worker-tests/lib/git.ts";
import type { Server } from "../../worker-tests/lib/server.ts";
import { storedKeysWhen, storedObjects } from "../../worker-tests/lib/stored.ts";
import { Client } from "../directory/client.ts";
import { pushAll } from "../raw-push.ts";
import type { Source } from "../source.ts";
import { megabytes, seconds, table } from "../table.ts";
import { makeFork, remoteOf, type Fork } from "./forking.ts";

const emptyWithinMs = 300_000;

export interface Wanted {
  n_forks: number;
  /** How many of them are cloned and pushed to. */
  n_used: number;
  n_clients: number;
}

export async function forkMany(server: Server, shop: Workshop, source: Source, { n_forks, n_used, n_clients }: Wanted): Promise<void> {
  const api = new Api(server.origin);
  const repo = await api.createRepo({ name: "many" });
  await pushAll(remoteOf(repo), source, await source.wholePack());
  const before = held(server);
  if (before.n_keys === 0) throw new Error("the pack of the source is not in R2");
  const [forks, failures]: [Fork[], string[]] = [[], []];
  const wall = await atOnce(server, n_clients, n_forks, async (client, n) => {
    await makeFork(client, repo.name, { name: `many-${n}` }).then(
      (fork) => forks.push(fork),
      (error: Error) => failures.push(error.message),
    );
  });
  for (const failure of failures.slice(0, 10)) console.log(failure);
  const afterForks = held(server);
  const used = forks.filter((_, n) => n % Math.max(1, Math.floor(n_forks / n_used)) === 0).slice(0, n_used);
  await useAll(shop, source, used, n_clients);
  const afterPushes = held(server);
  const deletions = await atOnce(server, n_clients, forks.length, async (client, n) => {
    await client.ask(202, "DELETE", `/default/repos/${forks[n]?.name}`);
  });
  await api.deleteRepo(repo);
  const began = performance.now();
  const left = await storedKeysWhen(server.stateDir, (keys) => keys.length === 0, emptyWithinMs);
  const emptied = `${left.length === 0 ? "empty" : `${left.length} keys`} after ${seconds((performance.now() - began) / 1000)}`;
  const inR2 = ({ n_keys, n_bytes }: Held) => `${n_keys} keys, ${megabytes(n_bytes)}`;
  const rate = (n: number, took: number) => `${(n / took).toFixed(0)} a second`;
  const rows = [
    ["before", "", "", inR2(before)],
    [`${n_forks} forks, ${failures.length} failures`, seconds(wall), rate(n_forks, wall), inR2(afterForks)],
    [`${used.length} of them cloned and pushed to`, "", "", inR2(afterPushes)],
    ["all deleted", seconds(deletions), rate(forks.length, deletions), emptied],
  ];
  console.log(`${table([`by ${n_clients} clients`, "wall", "rate", "R2"], rows)}\n`);
  const isSame = [afterForks, afterPushes].every(({ n_keys, n_bytes }) => n_keys === before.n_keys && n_bytes === before.n_bytes);
  if (failures.length > 0 || !isSame || left.length > 0) throw new Error("forks failed, or R2 is not as it should be");
}

interface Held {
  n_keys: number;
  n_bytes: number;
}

function held({ stateDir }: Server): Held {
  const objects = storedObjects(stateDir);
  return { n_keys: objects.length, n_bytes: objects.reduce((sum, { size }) => sum + size, 0) };
}

/** Seconds that so many requests take, by clients that make one after the other. */
async function atOnce(
  server: Server,
  n_clients: number,
  n_requests: number,
  request: (client: Client, n: number) => Promise<void>,
): Promise<number> {
  let next = 0;
  const run = async () => {
    const client = new Client(server.origin);
    for (let n = next++; n < n_requests; n = next++) await request(client, n);
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: n_clients }, run));
  return (performance.now() - began) / 1000;
}

/** Each is cloned, pushed to, and cloned again: it has its own commit on top of what the source has, and no other's. */
async function useAll(shop: Workshop, source: Source, forks: Fork[], n_clients: number): Promise<void> {
  const rest = [...forks];
  const wanted = await shop.fingerprint(source.name);
  const run = async () => {
    for (let fork = rest.pop(); fork; fork = rest.pop()) await use(shop, source, fork, wanted.objects.length);
  };
  await Promise.all(Array.from({ length: n_clients }, run));
}

async function use(shop: Workshop, source: Source, { name, url }: Fork, n_objects: number): Promise<void> {
  await shop.git(".", "clone", "--quiet", "--mirror", url, name);
  const before = await shop.fingerprint(name);
  if (before.objects.length !== n_objects) throw new Error(`${name} has ${before.objects.length} objects, not ${n_objects}`);
  const commit = await shop.commitBare(name, source.branch);
  await shop.git(name, "push", "--quiet", url, source.branch);
  await shop.git(".", "clone", "--quiet", "--mirror", url, `${name}-again`);
  const [after, here] = [await shop.fingerprint(`${name}-again`), await shop.fingerprint(name)];
  const isAlike = after.objects.join() === here.objects.join() && after.refs.join() === here.refs.join();
  if (!isAlike || !after.objects.includes(commit)) throw new Error(`${name} is not what was pushed to it`);
  for (const clone of [name, `${name}-again`]) rmSync(shop.path(clone), { recursive: true });
}
