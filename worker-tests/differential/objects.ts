/** All objects of a made-up repository, in memory: what git and the server under test are judged by. */
import { object, type GitObject, type ObjectType } from "../lib/pack.ts";

/** What a tree names. */
export interface TreeEntry {
  mode: string;
  id: string;
}

/** Paths and what is there: files, symbolic links, submodules. Folders are there for what is in them. */
export type Files = Map<string, TreeEntry>;

export const submoduleMode = "160000";
export const treeMode = "40000";

/** What an object refers to. */
export interface Links {
  /** Of a commit: its parents. */
  parents: string[];
  /** Everything else that it names and that a repository must hold. */
  others: string[];
}

/** Objects by id, each once. */
export class Objects {
  readonly #all = new Map<string, GitObject>();
  readonly #links = new Map<string, Links>();
  readonly #flat = new Map<string, Files>();
  #added: GitObject[] = [];

  add(type: ObjectType, content: string | Buffer, links: Links = { parents: [], others: [] }): string {
    const made = object(type, content);
    if (!this.#all.has(made.id)) {
      this.#all.set(made.id, made);
      this.#links.set(made.id, links);
      this.#added.push(made);
    }
    return made.id;
  }

  /** What was added since the last call. */
  takeAdded(): GitObject[] {
    const added = this.#added;
    this.#added = [];
    return added;
  }

  find(id: string): GitObject | undefined {
    return this.#all.get(id);
  }

  get(id: string): GitObject {
    const found = this.#all.get(id);
    if (!found) throw new Error(`no object ${id}`);
    return found;
  }

  links(id: string): Links {
    return this.#links.get(id) ?? { parents: [], others: [] };
  }

  /** Writes the trees of these files and returns the root's id. */
  addTree(files: Files): string {
    const root = this.#addFolder([...files], 0);
    this.#flat.set(root, files);
    return root;
  }

  #addFolder(files: [string, TreeEntry][], prefix_length: number): string {
    const names = new Map<string, TreeEntry | [string, TreeEntry][]>();
    for (const [path, entry] of files) {
      const end = path.indexOf("/", prefix_length);
      const name = path.slice(prefix_length, end < 0 ? undefined : end);
      const below = names.get(name);
      if (end < 0) names.set(name, entry);
      else if (Array.isArray(below)) below.push([path, entry]);
      else names.set(name, [[path, entry]]);
    }
    const entries = [...names].map(([name, entry]) => {
      if (!Array.isArray(entry)) return { name: Buffer.from(name), sorts: Buffer.from(name), ...entry };
      const id = this.#addFolder(entry, prefix_length + name.length + 1);
      return { name: Buffer.from(name), sorts: Buffer.from(`${name}/`), mode: treeMode, id };
    });
    entries.sort((one, other) => Buffer.compare(one.sorts, other.sorts));
    const parts = entries.flatMap(({ mode, name, id }) => [Buffer.from(`${mode} `), name, Buffer.alloc(1), Buffer.from(id, "hex")]);
    const others = entries.filter(({ mode }) => mode !== submoduleMode).map(({ id }) => id);
    return this.add("tree", Buffer.concat(parts), { parents: [], others });
  }

  /** The files of a commit, which `addTree` was given. */
  filesOf(commit: string): Files {
    const [tree = ""] = this.links(commit).others;
    return new Map(this.#flat.get(tree));
  }

  addCommit(fields: { tree: string; parents: string[]; seconds: number; message: string; headers?: string }): string {
    const { tree, parents, seconds, message, headers = "" } = fields;
    const who = `A U Thor <author@example.com> ${seconds} +0100`;
    const lines = [`tree ${tree}`, ...parents.map((id) => `parent ${id}`), `author ${who}`, `committer ${who}`];
    return this.add("commit", `${lines.join("\n")}\n${headers}\n${message}`, { parents, others: [tree] });
  }

  addTag(target: string, name: string, seconds: number): string {
    const { type } = this.get(target);
    const head = `object ${target}\ntype ${type}\ntag ${name}\ntagger A U Thor <author@example.com> ${seconds} +0000`;
    return this.add("tag", `${head}\n\nThe tag ${name}\n`, { parents: [], others: [target] });
  }

  /** The commit's time, in seconds. */
  secondsOf(commit: string): number {
    return Number(/^committer .*> (-?\d+) /m.exec(this.get(commit).data.toString("latin1"))?.[1]);
  }

  /** What a tag leads to, through other tags. */
  peeled(id: string): string {
    let at = id;
    while (this.get(at).type === "tag") at = this.links(at).others[0] ?? "";
    return at;
  }
}
