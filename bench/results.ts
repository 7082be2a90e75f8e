/** The files in which results are kept: tables, and curves beside them. */
import { execFileSync } from "node:child_process";
import { mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { cpus, totalmem } from "node:os";
import { join } from "node:path";
import { projectDir } from "../worker-tests/lib/server.ts";
import type { Book } from "./book.ts";
import { plot } from "./plot.ts";
import { megabytes } from "./table.ts";

export const resultsDir = join(projectDir, "bench", "results");

/** Writes `<date>-<commit>.md` and `.svg` and returns the path of the first. */
export function writeResults(dir: string, heading: string[], body: string, book: Book): string {
  mkdirSync(dir, { recursive: true });
  const commit = git("rev-parse", "--short", "HEAD");
  // Results of a changed tree belong to no commit.
  const is_changed = git("status", "--porcelain", "--untracked-files=no") !== "";
  const date = new Date().toISOString().slice(0, 10);
  const name = `${date}-${commit}${is_changed ? "-changed" : ""}`;
  const command = ["npm run bench", ...(process.argv.length > 2 ? ["--"] : []), ...process.argv.slice(2)].join(" ");
  const text = `# ${date}, commit ${commit}${is_changed ? " with changes" : ""}

\`${command}\` on ${machine()}.

${heading.map((line) => `- ${line}`).join("\n")}

Cells are \`here / git http-backend = ratio\`; bench/README.md says what each measurement is.

![Curves](${name}.svg)

${body}`;
  writeFileSync(join(dir, `${name}.svg`), plot(book));
  writeFileSync(join(dir, `${name}.md`), text);
  return join(dir, `${name}.md`);
}

function machine(): string {
  const { length, 0: first } = cpus();
  const { version } = JSON.parse(readFileSync(join(projectDir, "node_modules", "workerd", "package.json"), "utf8")) as { version: string };
  const git_version = git("--version").replace("git version ", "");
  const model = first?.model.trim() || "unknown processors";
  return `${length} cores (${model}), ${megabytes(totalmem())} of memory, git ${git_version}, workerd ${version}`;
}

function git(...args: string[]): string {
  return execFileSync("git", args, { cwd: projectDir, encoding: "utf8" }).trim();
}
