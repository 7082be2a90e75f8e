/** A file system in memory, with what isomorphic-git asks of one: a Worker has no other. It lasts as long as the request does. */

interface File {
  kind: "file";
  bytes: Uint8Array;
  isExecutable: boolean;
  mtimeMs: number;
}

interface Link {
  kind: "link";
  target: string;
  mtimeMs: number;
}

interface Folder {
  kind: "folder";
  entries: Map<string, Entry>;
  mtimeMs: number;
}

type Entry = File | Link | Folder;

/** An error as Node's: isomorphic-git goes by the code. */
export class FsError extends Error {
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

/** Paths lead down: isomorphic-git has resolved every `..`. */
function namesOf(path: string): string[] {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

function modeOf(entry: Entry): number {
  if (entry.kind === "folder") return 0o040000;
  if (entry.kind === "link") return 0o120000;
  return entry.isExecutable ? 0o100755 : 0o100644;
}

function sizeOf(entry: Entry): number {
  if (entry.kind === "folder") return 0;
  return entry.kind === "link" ? entry.target.length : entry.bytes.byteLength;
}

export class MemoryFs {
  /** Where isomorphic-git looks for the methods. */
  readonly promises = this;
  readonly #root: Folder = { kind: "folder", entries: new Map(), mtimeMs: 0 };
  #writes = 0;

  /** A time that no write has had before: it tells whether a file has changed, and a Worker's clock stands still while it computes. */
  #mtimeMs(): number {
    this.#writes += 1;
    return this.#writes;
  }

  #find(path: string): Entry {
    let found: Entry = this.#root;
    for (const name of namesOf(path)) {
      if (found.kind !== "folder") throw new FsError("ENOTDIR", path);
      const next: Entry | undefined = found.entries.get(name);
      if (next === undefined) throw new FsError("ENOENT", path);
      found = next;
    }
    return found;
  }

  #folder(path: string): Folder {
    const found = this.#find(path);
    if (found.kind !== "folder") throw new FsError("ENOTDIR", path);
    return found;
  }

  /** The entries that the last name of a path is among, and that name. */
  #place(path: string): { entries: Map<string, Entry>; name: string } {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw new FsError("EEXIST", path);
    return { entries: this.#folder(names.join("/")).entries, name };
  }

  /** Writes a file, and makes the folders above it. */
  async place(path: string, data: Uint8Array | string): Promise<void> {
    const names = namesOf(path);
    for (let n = 1; n < names.length; n += 1) {
      const { entries, name } = this.#place(names.slice(0, n).join("/"));
      if (!entries.has(name)) entries.set(name, { kind: "folder", entries: new Map(), mtimeMs: this.#mtimeMs() });
    }
    await this.writeFile(path, data);
  }

  async readFile(path: string, options?: string | { encoding?: string }): Promise<Uint8Array | string> {
    const found = this.#find(path);
    if (found.kind !== "file") throw new FsError("EISDIR", path);
    const encoding = typeof options === "string" ? options : options?.encoding;
    return encoding === undefined ? found.bytes : new TextDecoder().decode(found.bytes);
  }

  async writeFile(path: string, data: Uint8Array | string, options?: string | { mode?: number }): Promise<void> {
    const { entries, name } = this.#place(path);
    const before = entries.get(name);
    if (before?.kind === "folder") throw new FsError("EISDIR", path);
    const mode = typeof options === "object" ? options.mode : undefined;
    const isExecutable = mode === undefined ? before?.kind === "file" && before.isExecutable : (mode & 0o100) !== 0;
    const bytes = typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data);
    entries.set(name, { kind: "file", bytes, isExecutable, mtimeMs: this.#mtimeMs() });
  }

  async unlink(path: string): Promise<void> {
    const { entries, name } = this.#place(path);
    const found = entries.get(name);
    if (found === undefined) throw new FsError("ENOENT", path);
    if (found.kind === "folder") throw new FsError("EISDIR", path);
    entries.delete(name);
  }

  async readdir(path: string): Promise<string[]> {
    return [...this.#folder(path).entries.keys()].sort();
  }

  async mkdir(path: string): Promise<void> {
    const { entries, name } = this.#place(path);
    if (entries.has(name)) throw new FsError("EEXIST", path);
    entries.set(name, { kind: "folder", entries: new Map(), mtimeMs: this.#mtimeMs() });
  }

  async rmdir(path: string): Promise<void> {
    if (this.#folder(path).entries.size > 0) throw new FsError("ENOTEMPTY", path);
    const { entries, name } = this.#place(path);
    entries.delete(name);
  }

  async readlink(path: string): Promise<string> {
    const found = this.#find(path);
    if (found.kind !== "link") throw new FsError("EINVAL", path);
    return found.target;
  }

  async symlink(target: string, path: string): Promise<void> {
    const { entries, name } = this.#place(path);
    if (entries.has(name)) throw new FsError("EEXIST", path);
    entries.set(name, { kind: "link", target, mtimeMs: this.#mtimeMs() });
  }

  async lstat(path: string) {
    const found = this.#find(path);
    const { mtimeMs } = found;
    return {
      ...{ mode: modeOf(found), size: sizeOf(found), mtimeMs, ctimeMs: mtimeMs },
      isFile: () => found.kind === "file",
      isDirectory: () => found.kind === "folder",
      isSymbolicLink: () => found.kind === "link",
    };
  }

  /** Links are kept for the repo and lead nowhere: none is followed. */
  stat(path: string) {
    return this.lstat(path);
  }
}
