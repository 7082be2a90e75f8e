/**
 * A directory of many repos: rows as the namespace's object writes them, one repo with one token each, put beside those that
 * are there.
 */
import { readdirSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";

/** Names of repos are of the kind that programs choose: a word, and a number that tells nothing of when it was made. */
const words = ["agent", "session", "user", "task", "preview", "sandbox", "build", "review"];

export function nameOf(n: number): string {
  return `${words[n % words.length]}-${((n * 2_654_435_761) % 2 ** 32).toString(16).padStart(8, "0")}`;
}

/** Adds repos `from..to` to the one namespace below a server's state; the server is not running. Nobody can open them. */
export function fill(stateDir: string, from: number, to: number): void {
  const database = new DatabaseSync(fileOfNamespace(stateDir));
  const now = Date.now();
  const insert = database.prepare(`INSERT INTO repos
    (name_key, name, repo_id, namespace, default_branch, read_only, status, size, own_size, shallow, created_at, updated_at, last_push_at)
    VALUES (?1, ?1, ?2, 'directory', 'main', 0, 'ready', 5000, 5000, 0, ?3, ?4, ?5)`);
  const insertToken = database.prepare("INSERT INTO token_map (token_id, repo_id, repo_name, expires_at) VALUES (?1, ?1, ?2, ?3)");
  database.exec("BEGIN");
  for (let n = from; n < to; n += 1) {
    const created_at = now - (to - n) * 500;
    const pushed_at = n % 10 === 0 ? null : created_at + (n * 7919) % 1_000_000;
    const id = n.toString(36).padStart(16, "0");
    insert.run(nameOf(n), id, created_at, pushed_at ?? created_at, pushed_at);
    insertToken.run(id, nameOf(n), created_at + 86_400_000);
  }
  database.prepare("UPDATE namespace SET repo_count = repo_count + ?1, size = size + 5000 * ?1").run(to - from);
  database.exec("COMMIT");
  database.close();
}

function fileOfNamespace(stateDir: string): string {
  const files = readdirSync(stateDir, { recursive: true, encoding: "utf8" });
  const namespaces = files.filter((file) => /-NamespaceObject[/\\][0-9a-f]{64}\.sqlite$/.test(file));
  const [file] = namespaces;
  if (namespaces.length !== 1 || file === undefined) throw new Error(`${namespaces.length} namespaces below ${stateDir}`);
  return join(stateDir, file);
}
