/** The store that has events, as its database is on disk. */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { setTimeout as sleep } from "node:timers/promises";

export interface Stored {
  n_segments: number;
  n_bytes: number;
}

/** Returns when merges are over: when for twice as long as an alarm waits nothing has changed. */
export async function mergedStore(stateDir: string): Promise<Stored> {
  let before = "";
  for (;;) {
    const stored = storeIn(stateDir);
    if (before === JSON.stringify(stored)) return stored;
    before = JSON.stringify(stored);
    await sleep(20_000);
  }
}

/** What all stores below a server's state have. */
export function storeIn(stateDir: string): Stored {
  const files = readdirSync(stateDir, { recursive: true, encoding: "utf8" });
  const sum = { n_segments: 0, n_bytes: 0 };
  for (const file of files.filter((file) => /-EventsObject[/\\][0-9a-f]{64}\.sqlite$/.test(file))) {
    const database = new DatabaseSync(join(stateDir, file), { readOnly: true });
    const tables = database.prepare("SELECT 1 FROM sqlite_master WHERE name = 'segments'").all();
    if (tables.length > 0) {
      const row = database.prepare("SELECT COUNT(*) AS n_segments, TOTAL(len) AS n_bytes FROM segments").get();
      sum.n_segments += Number(row?.["n_segments"]);
      sum.n_bytes += Number(row?.["n_bytes"]);
    }
    database.close();
  }
  return sum;
}
