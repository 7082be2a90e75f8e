/**
 * Makes the repository that the benchmark uses when it is given none: about 92,000 objects in a pack of about 50 MB.
 *
 * `node bench/make-repo.ts` keeps it in `bench/data/`; made once, it takes under a minute and is always the same.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { importHistory } from "./history.ts";

const shape = { n_commits: 9800, n_files: 1600, n_lines: 650, seed: 1 };

/** The bare repository's folder; its name tells the shape, so that another shape is another repository. */
const gitDir = fileURLToPath(new URL(`data/history-${Object.values(shape).join("-")}.git`, import.meta.url));

/** Makes the repository unless it is there and returns its folder. */
export async function benchmarkRepo(): Promise<string> {
  if (existsSync(gitDir)) return gitDir;
  console.log(`Making a repository of ${shape.n_commits} commits in bench/data (about a minute, once) …`);
  const unfinished = `${gitDir}.unfinished`;
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(dirname(unfinished), { recursive: true });
  execFileSync("git", ["init", "--quiet", "--bare", "--initial-branch=main", unfinished]);
  await importHistory(unfinished, shape);
  // Packed as git packs a repository of its own, not as fast-import left it.
  execFileSync("git", ["-C", unfinished, "repack", "-adfq"]);
  renameSync(unfinished, gitDir);
  return gitDir;
}

if (import.meta.main ?? process.argv[1] === fileURLToPath(import.meta.url)) {
  const made = await benchmarkRepo();
  console.log(execFileSync("git", ["-C", made, "count-objects", "-v"], { encoding: "utf8" }));
}
