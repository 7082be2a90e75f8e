/** What the local R2 holds, read from the files in which miniflare keeps it: the server itself is not asked. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

export interface Stored {
  key: string;
  /** Bytes. */
  size: number;
}

/** All objects below a `--persist-to` folder, of every bucket. `wrangler dev` keeps them one folder deeper than miniflare alone. */
export function storedObjects(stateDir: string): Stored[] {
  const folders = [join(stateDir, "v3"), stateDir].map((parent) => join(parent, "r2", "miniflare-R2BucketObject"));
  const folder = folders.find((one) => existsSync(one));
  if (folder === undefined) return [];
  return readdirSync(folder)
    .filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file))
    .flatMap((file) => objectsIn(join(folder, file)));
}

/** Their keys. */
export function storedKeys(stateDir: string): string[] {
  return storedObjects(stateDir).map(({ key }) => key).sort();
}

/** Waits until the keys pass the test and returns them; after `withinMs` returns what is there. */
export async function storedKeysWhen(
  stateDir: string,
  wanted: (keys: string[]) => boolean,
  withinMs: number,
): Promise<string[]> {
  const deadline = Date.now() + withinMs;
  let keys = storedKeys(stateDir);
  while (!wanted(keys) && Date.now() < deadline) {
    await sleep(200);
    keys = storedKeys(stateDir);
  }
  return keys;
}

function objectsIn(file: string): Stored[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare("SELECT key, size FROM _mf_objects").all();
    return rows.map((row) => ({ key: String(row["key"]), size: Number(row["size"]) }));
  } finally {
    database.close();
  }
}
