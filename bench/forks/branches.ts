/** Many branches on top of different commits of a history, each a small change of its own. */
import type { Workshop } from "../../worker-tests/lib/git.ts";
import type { Source } from "../source.ts";

export interface Branch {
  name: string;
  id: string;
}

/** Makes so many branches in the source's repository, spread over the last nine tenths of its branch. */
export async function makeBranches(shop: Workshop, source: Source, n_branches: number): Promise<Branch[]> {
  const commits = (await shop.git(source.name, "rev-list", "--reverse", "--first-parent", source.branch)).split("\n");
  const first = Math.floor(commits.length / 10);
  const paths = (await shop.git(source.name, "ls-tree", "-r", "--name-only", commits[first] ?? "")).split("\n");
  const parts: string[] = [];
  for (let n = 0; n < n_branches; n += 1) {
    const parent = commits[first + Math.floor((n * (commits.length - first)) / n_branches)];
    const path = paths[(n * 7919) % paths.length] ?? "";
    const { stdout } = await shop.gitWith({ cwd: source.name }, "cat-file", "blob", `${parent}:${path}`);
    const who = `A U Thor <author@example.com> ${1_800_000_000 + n} +0000`;
    parts.push(`commit refs/heads/topic/${n}\nauthor ${who}\ncommitter ${who}\n`, data(`Change ${path} in topic ${n}\n`));
    parts.push(`from ${parent}\nM 100644 inline ${path}\n`, data(`${stdout}line of topic ${n}\n`));
  }
  await shop.gitWith({ cwd: source.name, input: parts.join("") }, "fast-import", "--quiet", "--date-format=raw");
  const refs = await source.refs();
  return refs.filter(({ name }) => name.startsWith("refs/heads/topic/"));
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}\n`;
}
