/** Forks made by a client that has no pauses of its own, and what they take. */
import { secretOf, withPassword, type CreatedFork, type Repo } from "../../worker-tests/lib/api.ts";
import type { Server } from "../../worker-tests/lib/server.ts";
import type { Client } from "../directory/client.ts";
import { statsOf } from "../stats.ts";
import type { Remote } from "../target.ts";
import { workerdAtRest } from "../workerd.ts";

export type Fork = Repo & CreatedFork;

/** Calls to R2, and the bytes that were read. */
export interface Reads {
  puts: number;
  gets: number;
  bytes: number;
}

export interface Forked {
  forks: Fork[];
  /** Seconds of each. */
  times: number[];
  /** Of all of them. */
  r2: Reads;
}

export async function makeFork(client: Client, source: string, fields: Record<string, unknown>): Promise<Fork> {
  const text = await client.ask(201, "POST", `/default/repos/${source}/fork`, fields);
  const { result } = JSON.parse(text) as { result: CreatedFork };
  return { ...result, namespace: "default", url: withPassword(result.remote, secretOf(result.token)) };
}

/** Makes forks one after the other, under names that begin with `prefix`. */
export async function makeForks(
  server: Server,
  client: Client,
  source: string,
  prefix: string,
  n_forks: number,
  fields: Record<string, unknown> = {},
): Promise<Forked> {
  const [forks, times]: [Fork[], number[]] = [[], []];
  const r2 = await readsOf(server, async () => {
    for (let n = 0; n < n_forks; n += 1) {
      const began = performance.now();
      forks.push(await makeFork(client, source, { name: `${prefix}-${n}`, ...fields }));
      times.push((performance.now() - began) / 1000);
    }
  });
  return { forks, times, r2 };
}

/** What the Worker reads and writes while something is done, and nothing else. */
export async function readsOf(server: Server, action: () => Promise<unknown>): Promise<Reads> {
  await workerdAtRest(server);
  const before = await statsOf(server);
  await action();
  const after = await statsOf(server);
  return {
    puts: after.r2_puts - before.r2_puts,
    gets: after.r2_gets - before.r2_gets,
    bytes: after.r2_get_bytes - before.r2_get_bytes,
  };
}

export function remoteOf({ remote, token }: Repo): Remote {
  return { url: remote, headers: { Authorization: `Bearer ${token}` } };
}
