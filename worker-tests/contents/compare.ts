/** Commits, trees and files of a repo beside what git says of the repository that was pushed to it. */
import assert from "node:assert/strict";
import { Numbers } from "../differential/numbers.ts";
import type { Api, Repo } from "../lib/api.ts";
import type { Workshop } from "../lib/git.ts";

export interface Pair {
  api: Api;
  shop: Workshop;
  repo: Repo;
  /** The repository that was pushed, in the workshop. */
  original: string;
  branch: string;
  /** How many commits are looked at, with all of their trees. */
  n_commits: number;
  /** Which ones. */
  seed: number;
}

interface Commit {
  hash: string;
  treeHash: string;
  message: string;
  author: { name: string; email: string };
  committer: { name: string; email: string };
  parents: string[];
  authoredAt: number;
  committedAt: number;
}

interface Entry {
  name: string;
  mode: string;
  hash: string;
  type: string;
}

const logLimitMax = 1_000;
const typeOfMode: Record<string, string> = { "040000": "tree", "100755": "exec", "120000": "symlink", "160000": "gitlink" };

/** Fails where they differ; returns how many commits and trees were looked at. */
export async function compareContents(pair: Pair): Promise<{ n_log: number; n_trees: number }> {
  const n_log = await compareLog(pair);
  const n_trees = await compareTrees(pair);
  return { n_log, n_trees };
}

/** The whole log, page after page. */
async function compareLog({ api, shop, repo, original, branch }: Pair): Promise<number> {
  const format = "--format=%H%x00%T%x00%an%x00%ae%x00%cn%x00%ce%x00%P%x00%at%x00%ct%x00%B%x01";
  const told = await shop.gitWith({ cwd: original }, "log", "--first-parent", "--encoding=UTF-8", format, branch);
  const wanted = told.stdout.split("\x01\n").slice(0, -1).map(commitOf);
  for (let offset = 0; offset < wanted.length; offset += logLimitMax) {
    const query = `ref=${encodeURIComponent(branch)}&limit=${logLimitMax}&offset=${offset}`;
    const { status, envelope, text } = await api.request<Commit[]>("GET", `/${repo.namespace}/repos/${repo.name}/log?${query}`);
    assert.equal(status, 200, text);
    assert.deepEqual(envelope.result, wanted.slice(offset, offset + logLimitMax));
  }
  return wanted.length;
}

function commitOf(told: string): Commit {
  const [hash = "", treeHash = "", an = "", ae = "", cn = "", ce = "", parents = "", at, ct, body = ""] = told.split("\0");
  return {
    hash,
    treeHash,
    message: body.replace(/\n$/, ""),
    author: { name: an, email: ae },
    committer: { name: cn, email: ce },
    parents: parents.split(" ").filter((parent) => parent !== ""),
    authoredAt: Number(at),
    committedAt: Number(ct),
  };
}

/** Every tree of some commits, taken at random from all of them, and a file of each. */
async function compareTrees({ api, shop, repo, original, branch, n_commits, seed }: Pair): Promise<number> {
  const all = (await shop.git(original, "rev-list", branch)).split("\n");
  const some = new Numbers(seed).sample(all, n_commits);
  const seen = new Set<string>();
  const root = `/${repo.namespace}/repos/${repo.name}`;
  for (const commit of some) {
    const listed = (await shop.gitWith({ cwd: original }, "ls-tree", "-r", "-t", "-z", commit)).stdout.split("\0").slice(0, -1);
    const trees = new Map<string, { id: string; entries: Entry[] }>();
    trees.set("", { id: await shop.git(original, "rev-parse", `${commit}^{tree}`), entries: [] });
    const files: string[] = [];
    for (const line of listed) {
      const [head = "", path = ""] = line.split("\t");
      const [mode = "", kind, hash = ""] = head.split(" ");
      const at = path.lastIndexOf("/");
      const [folder, name] = at < 0 ? ["", path] : [path.slice(0, at), path.slice(at + 1)];
      trees.get(folder)?.entries.push({ name, mode: mode.replace(/^0/, ""), hash, type: typeOfMode[mode] ?? "blob" });
      if (kind === "tree") trees.set(path, { id: hash, entries: [] });
      else if (kind === "blob") files.push(path);
    }
    for (const { id, entries } of trees.values()) {
      if (seen.has(id)) continue;
      seen.add(id);
      const { status, envelope, text } = await api.request<Entry[]>("GET", `${root}/tree/${id}`);
      assert.equal(status, 200, text);
      assert.deepEqual(envelope.result, entries, `the tree ${id} of ${commit}`);
    }
    await compareFile({ api, shop, repo, original }, commit, files[seen.size % Math.max(1, files.length)]);
  }
  return seen.size;
}

async function compareFile({ api, shop, repo, original }: Omit<Pair, "branch" | "n_commits" | "seed">, commit: string, file?: string): Promise<void> {
  if (file === undefined) return;
  const query = `ref=${commit}&path=${encodeURIComponent(file)}`;
  const { status, headers } = await api.request("GET", `/${repo.namespace}/repos/${repo.name}/file?${query}`);
  assert.deepEqual([status, headers.get("etag")], [200, `"${await shop.git(original, "rev-parse", `${commit}:${file}`)}"`], file);
}
