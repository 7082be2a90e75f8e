/** What the local R2 holds, read from the files in which miniflare keeps it: the server itself is not asked. */
import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

/** The keys of all objects below a `--persist-to` folder, of every bucket. */
export function storedKeys(stateDir: string): string[] {
  const folder = join(stateDir, "v3", "r2", "miniflare-R2BucketObject");
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .filter((file) => /^[0-9a-f]{64}\.sqlite$/.test(file))
    .flatMap((file) => keysIn(join(folder, file)))
    .sort();
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

function keysIn(file: string): string[] {
  const database = new DatabaseSync(file, { readOnly: true });
  try {
    const rows = database.prepare("SELECT key FROM _mf_objects").all();
    return rows.map((row) => String(row["key"]));
  } finally {
    database.close();
  }
}
