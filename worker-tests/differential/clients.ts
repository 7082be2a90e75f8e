/** The real git as a client of both servers: what it holds in the end must be the same, and sound. */
import assert from "node:assert/strict";
import { existsSync, readFileSync } from "node:fs";
import type { Workshop } from "../lib/git.ts";
import type { Numbers } from "./numbers.ts";
import type { Objects } from "./objects.ts";
import type { Filter } from "./reach.ts";

const filters: (Filter | undefined)[] = [
  undefined,
  undefined,
  { spec: "blob:none", blob_length: 0 },
  { spec: "blob:limit=200", blob_length: 200 },
  { spec: "tree:0", tree_depth: 0 },
  { spec: "tree:2", tree_depth: 2 },
];

export class Clients {
  readonly #shop: Workshop;
  readonly #name: string;
  readonly #urls: [string, string];
  readonly #objects: Objects;
  #n_clones = 0;

  /** `urls` are those of our repo and of git's. */
  constructor(shop: Workshop, name: string, urls: [string, string], objects: Objects) {
    this.#objects = objects;
    this.#shop = shop;
    this.#name = name;
    this.#urls = urls;
  }

  /** A mirror that checks what it receives, is packed anew and still has all that `work` has; and a clone with its files. */
  async cloneWhole(work: string): Promise<void> {
    const [mirror, files] = [this.#newFolder("mirror"), this.#newFolder("files")];
    const [url] = this.#urls;
    await this.#shop.git(".", "-c", "fetch.fsckObjects=true", "-c", "fetch.fsck.missingNameBeforeEmail=ignore", "clone", "--quiet", "--mirror", url, mirror);
    await this.#shop.git(mirror, "repack", "-adfq");
    assert.deepEqual(await this.#shop.fingerprint(mirror), await this.#shop.fingerprint(work));
    await this.#shop.git(".", "clone", "--quiet", url, files);
    assert.equal(await this.#shop.git(files, "status", "--porcelain"), "");
    await this.#shop.git(files, "fsck", "--strict", "--no-dangling", "--no-progress");
  }

  /** A clone without a part of the history or of the objects, from each of the two, and some fetches that change that. */
  async cloneInPart(random: Numbers): Promise<void> {
    const version = random.pick([0, 1, 2]);
    const depth = random.pick([[], [], ["--depth", "1"], ["--depth", "3"], ["--depth", "10"]]);
    const filter = random.pick(filters);
    const folders = [this.#newFolder("ours"), this.#newFolder("git")] as const;
    const options = ["-c", `protocol.version=${version}`];
    const clone = [...depth, ...(filter ? [`--filter=${filter.spec}`] : []), ...random.pick([[], ["--no-single-branch"], ["--no-tags"]])];
    for (const n of [0, 1] as const) {
      await this.#shop.git(".", ...options, "clone", "--quiet", "--bare", ...clone, this.#urls[n], folders[n]);
    }
    const compare = (what: string) => this.#compare(folders, filter, `${clone.join(" ")}${what}, version ${version}`);
    await compare("");
    const all = ["origin", "+refs/heads/*:refs/heads/*"];
    const later = random.sample<string[]>(
      [
        ["fetch", "--quiet", "--update-head-ok", ...all],
        ["fetch", "--quiet", "--update-head-ok", "--deepen", "2", ...all],
        ["fetch", "--quiet", "--update-head-ok", "--depth", "2", ...all],
        ["fetch", "--quiet", "--update-head-ok", "--depth", "6", ...all],
        ["log", "--all", "--stat"],
      ],
      3,
    );
    for (const command of later) {
      for (const folder of folders) await this.#shop.git(folder, ...options, ...command);
      await compare(`, … ${command.join(" ")}`);
    }
    for (const folder of folders) {
      if (existsSync(this.#shop.path(folder, "shallow"))) await this.#shop.git(folder, ...options, "fetch", "--quiet", "--unshallow", "--update-head-ok", ...all);
    }
    await compare(", made whole");
  }

  /** A clone that is brought up to date again and again. */
  async follow(folder: string): Promise<void> {
    if (!existsSync(this.#shop.path(folder))) await this.#shop.git(".", "clone", "--quiet", "--mirror", this.#urls[0], folder);
    else await this.#shop.git(folder, "fetch", "--quiet", "--prune");
  }

  #newFolder(kind: string): string {
    this.#n_clones += 1;
    return `${this.#name}-${kind}-${this.#n_clones}`;
  }

  async #compare([ours, git]: readonly [string, string], filter: Filter | undefined, what: string): Promise<void> {
    const [held, theirs] = [await this.#held(ours), await this.#held(git)];
    const more = [...held].filter((line) => !theirs.has(line) && !this.#mayDiffer(line.replace(/^\?/, ""), !line.startsWith("?"), filter));
    const fewer = [...theirs].filter((line) => !held.has(line) && !this.#mayDiffer(line.replace(/^\?/, ""), line.startsWith("?"), filter));
    assert.ok(more.length + fewer.length === 0, `${what}\nof ours alone\n${more.join("\n")}\nof git alone\n${fewer.join("\n")}`);
    await this.#shop.git(ours, "fsck", "--no-progress", "--no-dangling", "--connectivity-only");
  }

  /** Whether one of the two clones alone may hold an object, ours or that of git. */
  #mayDiffer(id: string, isOurs: boolean, filter: Filter | undefined): boolean {
    const found = this.#objects.find(id);
    if (!found || !filter) return false;
    // What a tag names in place of a commit is sent to the depth of the filter, by git only if no commit has it too.
    if (filter.tree_depth !== undefined) return isOurs;
    // Git builds deltas on blobs that the filter leaves out; the client then asks for these one by one.
    return found.type === "blob" && filter.blob_length !== undefined && found.data.length >= filter.blob_length;
  }

  /** What the refs reach, what of it is missing, nothing being fetched for the question, and where history ends. */
  async #held(folder: string): Promise<Set<string>> {
    const refs = await this.#shop.git(folder, "for-each-ref");
    const listed = await this.#shop.git(folder, "rev-list", "--objects", "--no-object-names", "--missing=print", "--all");
    const shallow = this.#shop.path(folder, "shallow");
    const ends = existsSync(shallow) ? readFileSync(shallow, "utf8").trim() : "";
    return new Set([...refs.split("\n"), ...listed.split("\n"), ...ends.split("\n").map((id) => `shallow ${id}`)]);
  }
}
