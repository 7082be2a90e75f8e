/** All commits that any repo ever gets: in memory, where it is known what they reach, and in one repository that is pushed from. */
import { change, put } from "../differential/changes.ts";
import { edited } from "../differential/contents.ts";
import type { Numbers } from "../differential/numbers.ts";
import { Objects, type Files } from "../differential/objects.ts";
import type { Workshop } from "../lib/git.ts";
import { pack, whole } from "../lib/pack.ts";

const smallLength = 3_000;
/** From some that stay in the catalog's row to some that do not, whatever else is pushed with them. */
const largeLengths = [150_000, 600_000] as const;

export class Commits {
  readonly objects = new Objects();
  /** The bare repository, a folder of the workshop. */
  readonly folder: string;
  readonly #shop: Workshop;
  readonly #random: Numbers;
  readonly #commits: string[] = [];
  #seconds = 1_600_000_000;

  private constructor(shop: Workshop, folder: string, random: Numbers) {
    this.#shop = shop;
    this.folder = folder;
    this.#random = random;
  }

  static async create(shop: Workshop, folder: string, random: Numbers): Promise<Commits> {
    await shop.git(".", "init", "--quiet", "--bare", folder);
    return new Commits(shop, folder, random);
  }

  /** Every one that there is, the oldest first. */
  get all(): readonly string[] {
    return this.#commits;
  }

  /** A commit on top of another, or one that begins a history. */
  add(parent?: string): string {
    const files: Files = parent === undefined ? new Map() : this.objects.filesOf(parent);
    change(files, this.objects, this.#random, smallLength);
    const kind = this.#random.weighted({ small: 12, large: 3, largeChanged: 3, taken: 2 });
    if (kind === "large") this.#putLarge(files, this.#random.bytes(this.#random.between(...largeLengths)));
    if (kind === "largeChanged") this.#changeLarge(files);
    if (kind === "taken" && this.#commits.length > 0) this.#take(files, this.#random.pick(this.#commits));
    return this.#commit(files, parent);
  }

  /** A commit of a few bytes. */
  addSmall(parent: string | undefined): string {
    const files: Files = parent === undefined ? new Map() : this.objects.filesOf(parent);
    put(files, "count.txt", { mode: "100644", id: this.objects.add("blob", `${this.#commits.length}\n`) });
    return this.#commit(files, parent);
  }

  addTag(commit: string, name: string): string {
    return this.objects.addTag(commit, name, this.#seconds);
  }

  /** Brings what was added into the repository, each object by itself, so that git finds deltas for each push anew. */
  async store(): Promise<void> {
    const added = this.objects.takeAdded();
    if (added.length > 0) await this.#shop.gitWith({ cwd: this.folder, input: pack(added.map(whole)) }, "unpack-objects", "-q");
  }

  #commit(files: Files, parent: string | undefined): string {
    this.#seconds += 60;
    const message = `Commit ${this.#commits.length}\n`;
    const parents = parent === undefined ? [] : [parent];
    const id = this.objects.addCommit({ tree: this.objects.addTree(files), parents, seconds: this.#seconds, message });
    this.#commits.push(id);
    return id;
  }

  #putLarge(files: Files, content: Buffer): void {
    put(files, `large/noise-${this.#random.below(3)}`, { mode: "100644", id: this.objects.add("blob", content) });
  }

  /** A large file is a little different: as a delta that is next to nothing, of something that another branch may have. */
  #changeLarge(files: Files): void {
    const large = [...files].filter(([path]) => path.startsWith("large/"));
    if (large.length === 0) return;
    const [path, entry] = this.#random.pick(large);
    put(files, path, { ...entry, id: this.objects.add("blob", edited(this.objects.get(entry.id).data, this.#random)) });
  }

  /** Some files as they are elsewhere: what several branches have alike. */
  #take(files: Files, other: string): void {
    for (const [path, entry] of this.#random.sample([...this.objects.filesOf(other)], 3)) put(files, path, entry);
  }
}
