/** A repository that is pushed, and commits that are pushed on top of it one by one. */
import { spawn } from "node:child_process";
import type { Workshop } from "../worker-tests/lib/git.ts";

/** Where the commits on top stand: not among the branches, so that a push of all branches leaves them out. */
const chainRef = "refs/bench/chain";
/** How many files the commits on top change, one after the other. */
const changedFilesMax = 20;
/** Larger files are left alone, so that a commit stays small. */
const changedFileLenMax = 100_000;

export class Source {
  /** Its folder in the workshop. */
  readonly name: string;
  /** The branch that `HEAD` names, in full. */
  readonly branch: string;
  readonly n_objects: number;
  readonly n_bytes: number;
  /** The ids of branches and tags, each once. */
  readonly tips: string[];
  /** The branch's commit, and then the commits on top of it, oldest first. */
  readonly chain: string[];
  readonly #shop: Workshop;

  private constructor(shop: Workshop, fields: Pick<Source, "name" | "branch" | "n_objects" | "n_bytes" | "tips" | "chain">) {
    this.#shop = shop;
    this.name = fields.name;
    this.branch = fields.branch;
    this.n_objects = fields.n_objects;
    this.n_bytes = fields.n_bytes;
    this.tips = fields.tips;
    this.chain = fields.chain;
  }

  /** Shares the objects of `gitDir` and has its branches and tags: the original is not touched. */
  static async open(shop: Workshop, name: string, gitDir: string, n_on_top: number): Promise<Source> {
    await shop.git(".", "clone", "--quiet", "--bare", "--shared", gitDir, name);
    const git = (...args: string[]) => shop.git(name, ...args);
    // A bare repository may have bitmaps, with which git packs without the deltas that a push from a working copy has.
    await git("config", "pack.useBitmaps", "false");
    const branch = await git("symbolic-ref", "HEAD");
    const ids = (await git("rev-list", "--objects", "--no-object-names", "--branches", "--tags")).split("\n");
    const n_bytes = Number(await git("rev-list", "--objects", "--disk-usage", "--branches", "--tags"));
    const tips = [...new Set((await git("for-each-ref", "--format=%(objectname)")).split("\n"))];
    const chain = [await git("rev-parse", branch), ...(await commitOnTop(shop, name, branch, n_on_top))];
    return new Source(shop, { name, branch, n_objects: ids.length, n_bytes, tips, chain });
  }

  /** How often in a row its whole is fetched for one measurement: what takes little time is repeated. */
  get n_fetches(): number {
    return this.n_objects < 10_000 ? 5 : 1;
  }

  /** The commit that is the `n`th on top; the branch's own for 0. */
  commit(n: number): string {
    const id = this.chain[n];
    if (id === undefined) throw new Error(`${this.name} has ${this.chain.length - 1} commits on top, not ${n}`);
    return id;
  }

  /** The tips once `n` commits on top have been pushed to the branch. */
  tipsAfter(n: number): string[] {
    return n === 0 ? this.tips : [...new Set([...this.tips, this.commit(n)])];
  }

  /** All that branches and tags reach, as git packs it. */
  wholePack(): Promise<Buffer> {
    return this.pack(this.tips);
  }

  /** The thin pack that brings the `n`th commit on top to who has the one before. */
  packOnTop(n: number): Promise<Buffer> {
    return this.pack([this.commit(n), `^${this.commit(n - 1)}`]);
  }

  /** A thin pack of what these revisions reach, as git packs it for a push. */
  async pack(revisions: string[]): Promise<Buffer> {
    const args = ["-C", this.#shop.path(this.name), "pack-objects", "--quiet", "--revs", "--thin", "--delta-base-offset", "--stdout"];
    const git = spawn("git", args, { stdio: ["pipe", "pipe", "inherit"] });
    git.stdin.end(`${revisions.join("\n")}\n`);
    return Buffer.concat((await git.stdout.toArray()) as Buffer[]);
  }

  /** Names and ids of branches and tags. */
  async refs(): Promise<{ name: string; id: string }[]> {
    const lines = await this.#shop.git(this.name, "for-each-ref", "--format=%(refname) %(objectname)", "refs/heads", "refs/tags");
    return lines.split("\n").map((line) => {
      const [name = "", id = ""] = line.split(" ");
      return { name, id };
    });
  }
}

/** Makes commits of one line more in one file each and returns their ids. */
async function commitOnTop(shop: Workshop, name: string, branch: string, n_commits: number): Promise<string[]> {
  if (n_commits === 0) return [];
  const files = await someFiles(shop, name, branch);
  const parts: (string | Buffer)[] = [];
  for (let n = 1; n <= n_commits; n += 1) {
    const file = files[n % files.length];
    if (!file) throw new Error(`${branch} has no files that could be changed`);
    file.content += `line ${n}\n`;
    const who = `A U Thor <author@example.com> ${1_800_000_000 + n * 60} +0000`;
    parts.push(`commit ${chainRef}\nauthor ${who}\ncommitter ${who}\n`, data(`Change one file in step ${n}\n`));
    if (n === 1) parts.push(`from ${branch}^0\n`);
    parts.push(`M 100644 inline ${file.path}\n`, data(file.content));
  }
  const input = Buffer.concat(parts.map((part) => Buffer.from(part)));
  await shop.gitWith({ cwd: name, input }, "fast-import", "--quiet", "--date-format=raw");
  return (await shop.git(name, "rev-list", "--reverse", `${branch}..${chainRef}`)).split("\n");
}

/** Files of text spread over a branch's tree, none of them large. */
async function someFiles(shop: Workshop, name: string, branch: string): Promise<{ path: string; content: string }[]> {
  const lines = (await shop.git(name, "ls-tree", "-r", "-l", branch)).split("\n");
  const fits = lines.map((line) => /^100644 blob ([0-9a-f]+) +(\d+)\t([^"].*)$/.exec(line));
  const found = fits.filter((fit) => fit !== null && Number(fit[2]) <= changedFileLenMax);
  const step = Math.ceil(found.length / changedFilesMax);
  const chosen = found.filter((_, n) => n % step === 0);
  return Promise.all(
    chosen.map(async (fit) => {
      const [, id = "", , path = ""] = fit ?? [];
      const { stdout } = await shop.gitWith({ cwd: name }, "cat-file", "blob", id);
      return { path, content: stdout };
    }),
  );
}

function data(text: string): Buffer {
  const bytes = Buffer.from(text);
  return Buffer.concat([Buffer.from(`data ${bytes.length}\n`), bytes, Buffer.from("\n")]);
}
