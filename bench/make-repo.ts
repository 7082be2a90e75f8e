/**
 * Makes the repositories that the benchmark uses. The large one has about 92,000 objects in a pack of about 50 MB, which takes
 * under a minute; those of growth have a quarter and a sixteenth of its commits and files; the small one is below 200 KB.
 *
 * `node bench/make-repo.ts` keeps them in `bench/data/`; they are made once and always the same.
 */
import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, renameSync, rmSync } from "node:fs";
import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { importHistory, type HistoryShape } from "./history.ts";

const shapes = {
  large: { n_commits: 9800, n_files: 1600, n_lines: 650, seed: 1 },
  quarter: { n_commits: 2450, n_files: 400, n_lines: 650, seed: 1 },
  sixteenth: { n_commits: 612, n_files: 100, n_lines: 650, seed: 1 },
  small: { n_commits: 50, n_files: 16, n_lines: 60, seed: 1 },
} satisfies Record<string, HistoryShape>;

export type ShapeName = keyof typeof shapes;

/** Makes the bare repository of a shape unless it is there and returns its folder. */
export async function benchmarkRepo(name: ShapeName): Promise<string> {
  const shape = shapes[name];
  // The folder's name tells the shape, so that another shape is another repository.
  const gitDir = fileURLToPath(new URL(`data/history-${Object.values(shape).join("-")}.git`, import.meta.url));
  if (existsSync(gitDir)) return gitDir;
  console.log(`Making a repository of ${shape.n_commits} commits in bench/data (at most a minute, once) …`);
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
  for (const name of Object.keys(shapes) as ShapeName[]) {
    const made = await benchmarkRepo(name);
    console.log(`${name}:\n${execFileSync("git", ["-C", made, "count-objects", "-v"], { encoding: "utf8" })}`);
  }
}
