/** Made-up histories, in the pushes in which they come: the same seed gives the same objects. */
import type { GitObject } from "../lib/pack.ts";
import { change, put } from "./changes.ts";
import { Numbers } from "./numbers.ts";
import { Objects, type Files } from "./objects.ts";

export interface Shape {
  n_steps: number;
  n_pushes: number;
  /** Files of the first commit, in one folder. */
  n_files: number;
  /** Bytes of the largest file. */
  largest: number;
  /** Refs beside those that come of themselves. */
  n_more_refs: number;
  /** Clocks differ by so many seconds. */
  skew: number;
  /** Pushes are packed as git does when nobody says how. */
  is_packed_as_usual: boolean;
}

/** What is pushed at once. */
export interface Push {
  objects: GitObject[];
  /** All refs, as they are to be afterwards. */
  refs: Map<string, string>;
  /** Options of `git` for the push. */
  style: string[];
  thin: boolean;
}

export interface History {
  objects: Objects;
  pushes: Push[];
  refs: Map<string, string>;
  /** Whether no commit is older than its parents. */
  are_clocks_right: boolean;
}

const refsAtOnce = 5_000;

const weights = {
  commit: 40,
  branch: 5,
  merge: 8,
  octopus: 2,
  crissCross: 2,
  orphan: 2,
  revert: 6,
  cherryPick: 6,
  restore: 1,
  empty: 1,
  emptyTree: 1,
  rewind: 1,
  remove: 1,
  tag: 6,
};

export function makeHistory(seed: number, shape: Shape): History {
  return new Maker(new Numbers(seed), shape).make();
}

class Maker {
  readonly #random: Numbers;
  readonly #shape: Shape;
  readonly #objects = new Objects();
  readonly #refs = new Map<string, string>();
  readonly #commits: string[] = [];
  readonly #pushes: Push[] = [];
  #seconds = 1_600_000_000;
  #n_names = 0;

  constructor(random: Numbers, shape: Shape) {
    this.#random = random;
    this.#shape = shape;
  }

  make(): History {
    const { n_steps, n_pushes, n_files } = this.#shape;
    const files: Files = new Map();
    for (let n = 0; n < n_files; n += 1) {
      put(files, `many/file-${n}`, { mode: "100644", id: this.#objects.add("blob", `${n % 1000}\n`) });
    }
    change(files, this.#objects, this.#random, this.#shape.largest);
    this.#commit("refs/heads/main", files, []);
    for (let n = 0; n < n_steps; n += 1) {
      const kind = this.#random.weighted(weights);
      this.#step(kind);
      // What undoes something earlier comes by itself more often than not.
      const isAlone = (kind === "revert" || kind === "cherryPick") && this.#random.chance(0.6);
      if (isAlone || this.#random.chance(n_pushes / n_steps)) this.#push();
    }
    // No push takes more than ten thousand at once.
    for (let n_left = this.#shape.n_more_refs; n_left > 0; n_left -= refsAtOnce) {
      this.#addRefs(Math.min(n_left, refsAtOnce));
      this.#push();
    }
    this.#push();
    return { objects: this.#objects, pushes: this.#pushes, refs: new Map(this.#refs), are_clocks_right: this.#shape.skew === 0 };
  }

  #push(): void {
    const random = this.#random;
    const styles = { window: [0, 2, 10], depth: [1, 5, 50], compression: [0, 1, 9] };
    const style = Object.entries(styles).flatMap(([name, values]) => ["-c", `pack.${name}=${random.pick(values)}`]);
    const asUsual = this.#shape.is_packed_as_usual;
    const thin = asUsual || random.chance(0.7);
    this.#pushes.push({ objects: this.#objects.takeAdded(), refs: new Map(this.#refs), style: asUsual ? [] : style, thin });
  }

  #step(kind: keyof typeof weights): void {
    const random = this.#random;
    const [branch, tip] = random.pick(this.#branches());
    const files = this.#objects.filesOf(tip);
    switch (kind) {
      case "commit":
        this.#change(files);
        this.#commit(branch, files, [tip]);
        break;
      case "branch":
        this.#refs.set(`refs/heads/b${this.#newName()}`, random.pick(this.#commits));
        break;
      case "merge":
        this.#merge(branch, [tip, random.pick(this.#commits)]);
        break;
      case "octopus":
        this.#merge(branch, [tip, ...random.sample(this.#commits, random.between(2, 5))]);
        break;
      case "crissCross":
        this.#crissCross(branch, tip);
        break;
      case "orphan":
        files.clear();
        this.#change(files);
        this.#commit(`refs/heads/root${this.#newName()}`, files, []);
        break;
      case "revert":
      case "cherryPick":
        this.#carryOver(kind, files, kind === "revert" ? random.pick(this.#firstParents(tip)) : random.pick(this.#commits));
        this.#commit(branch, files, [tip]);
        break;
      case "restore":
        this.#commit(branch, this.#objects.filesOf(random.pick(this.#commits)), [tip]);
        break;
      case "empty":
        this.#commit(branch, files, [tip]);
        break;
      case "emptyTree":
        this.#commit(branch, new Map(), [tip]);
        break;
      case "rewind":
        this.#refs.set(branch, random.pick(this.#firstParents(tip)));
        break;
      case "remove":
        if (branch !== "refs/heads/main") this.#refs.delete(branch);
        break;
      case "tag":
        this.#tag();
        break;
    }
  }

  #branches(): [string, string][] {
    return [...this.#refs].filter(([name]) => name.startsWith("refs/heads/"));
  }

  #newName(): number {
    this.#n_names += 1;
    return this.#n_names;
  }

  #change(files: Files): void {
    change(files, this.#objects, this.#random, this.#shape.largest);
  }

  #commit(branch: string, files: Files, parents: string[]): string {
    const { skew } = this.#shape;
    this.#seconds += this.#random.pick([0, 1, 60, 3600]);
    const seconds = this.#seconds + (skew > 0 && this.#random.chance(0.2) ? this.#random.between(-skew, skew) : 0);
    const headers = this.#random.chance(0.1) ? "gpgsig -----BEGIN SIGNATURE-----\n \n abc\n -----END SIGNATURE-----\n" : "";
    const tree = this.#objects.addTree(files);
    const message = `Step ${this.#newName()}\n`;
    const id = this.#objects.addCommit({ tree, parents: [...new Set(parents)], seconds, message, headers });
    this.#commits.push(id);
    this.#refs.set(branch, id);
    return id;
  }

  /** A merge of which each file is from one of the parents, or like none of them. */
  #merge(branch: string, parents: string[]): void {
    const files: Files = new Map();
    for (const parent of parents) {
      for (const [path, entry] of this.#objects.filesOf(parent)) {
        if (!files.has(path) || this.#random.chance(0.3)) put(files, path, entry);
      }
    }
    if (this.#random.chance(0.3)) this.#change(files);
    this.#commit(branch, files, parents);
  }

  #crissCross(branch: string, tip: string): void {
    const [other, otherTip] = this.#random.pick(this.#branches());
    this.#merge(branch, [tip, otherTip]);
    this.#merge(other, [otherTip, tip]);
  }

  #firstParents(tip: string): string[] {
    const line = [tip];
    for (let at = this.#objects.links(tip).parents[0]; at !== undefined && line.length < 20; at = this.#objects.links(at).parents[0]) line.push(at);
    return line;
  }

  /** Makes the same change as `commit` did, or undoes it. */
  #carryOver(kind: "revert" | "cherryPick", files: Files, commit: string): void {
    const [parent] = this.#objects.links(commit).parents;
    const older: Files = parent === undefined ? new Map() : this.#objects.filesOf(parent);
    const newer = this.#objects.filesOf(commit);
    const [from, to] = kind === "revert" ? [newer, older] : [older, newer];
    for (const path of new Set([...from.keys(), ...to.keys()])) {
      const [before, after] = [from.get(path), to.get(path)];
      if (before?.id === after?.id && before?.mode === after?.mode) continue;
      if (after) put(files, path, after);
      else files.delete(path);
    }
  }

  #tag(): void {
    const commit = this.#random.pick(this.#commits);
    const [tree = ""] = this.#objects.links(commit).others;
    const blobs = [...this.#objects.filesOf(commit).values()].filter(({ mode }) => mode !== "160000");
    const tags = [...this.#refs.values()].filter((id) => this.#objects.get(id).type === "tag");
    const kind = this.#random.weighted({ commit: 6, tree: 1, blob: 1, tag: 2 });
    const target = { commit: [commit], tree: [tree], blob: blobs.map(({ id }) => id), tag: tags }[kind];
    const name = `${kind}-${this.#newName()}`;
    const id = target.length === 0 ? commit : this.#random.pick(target);
    if (this.#random.chance(0.3)) this.#refs.set(`refs/tags/light-${name}`, id);
    else this.#refs.set(`refs/tags/${name}`, this.#objects.addTag(id, name, this.#seconds));
  }

  #addRefs(n_refs: number): void {
    for (let n = 0; n < n_refs; n += 1) {
      const [commit, name] = [this.#random.pick(this.#commits), `many/${this.#newName()}`];
      if (n % 3 === 0) this.#refs.set(`refs/tags/${name}`, this.#objects.addTag(commit, name, this.#seconds));
      else this.#refs.set(`refs/${this.#random.pick(["heads", "changes", "tags"])}/${name}`, commit);
    }
  }
}
