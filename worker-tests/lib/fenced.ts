/** The blocks of commands in a page of Markdown. */
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "./server.ts";

/** The texts of a page's blocks in their order; each of them is of commands for a shell. */
export function commandsOf(page: string): string[] {
  const text = readFileSync(join(projectDir, page), "utf8");
  const fenced = [...text.matchAll(/^```(.*)\n([^]*?)^```$/gm)];
  assert.equal(text.match(/^```/gm)?.length, 2 * fenced.length, `${page}: a block is not closed`);
  return fenced.map(([, language, block = ""]) => {
    assert.equal(language, "sh", `${page}: ${block}`);
    return block;
  });
}
