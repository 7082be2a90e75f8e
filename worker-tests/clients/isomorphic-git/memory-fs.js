// A file system in memory with what isomorphic-git asks of one. A Worker has no other.

/** Errors as Node's: isomorphic-git goes by their code. */
function failure(code, path) {
  return Object.assign(new Error(`${code}: ${path}`), { code });
}

const folderMode = 0o040000;
const fileMode = 0o100644;

function namesOf(path) {
  return path.split("/").filter((name) => name !== "" && name !== ".");
}

export class MemoryFs {
  /** Folders are maps of names, files are bytes. */
  #root = new Map();

  promises = Object.fromEntries(
    ["readFile", "writeFile", "unlink", "readdir", "mkdir", "rmdir", "stat", "lstat", "readlink", "symlink"].map((name) => [
      name,
      async (...args) => this[name](...args),
    ]),
  );

  #find(path) {
    let found = this.#root;
    for (const name of namesOf(path)) {
      if (!(found instanceof Map)) throw failure("ENOTDIR", path);
      found = found.get(name);
      if (found === undefined) throw failure("ENOENT", path);
    }
    return found;
  }

  #folder(path) {
    const found = this.#find(path);
    if (!(found instanceof Map)) throw failure("ENOTDIR", path);
    return found;
  }

  /** The folder that holds the last name of a path, and that name. */
  #place(path) {
    const names = namesOf(path);
    const name = names.pop();
    if (name === undefined) throw failure("EEXIST", path);
    return { folder: this.#folder(names.join("/")), name };
  }

  readFile(path, options) {
    const found = this.#find(path);
    if (found instanceof Map) throw failure("EISDIR", path);
    const encoding = typeof options === "string" ? options : options?.encoding;
    return encoding ? new TextDecoder().decode(found) : found;
  }

  writeFile(path, data) {
    const { folder, name } = this.#place(path);
    if (folder.get(name) instanceof Map) throw failure("EISDIR", path);
    folder.set(name, typeof data === "string" ? new TextEncoder().encode(data) : new Uint8Array(data));
  }

  unlink(path) {
    const { folder, name } = this.#place(path);
    if (!folder.has(name)) throw failure("ENOENT", path);
    if (folder.get(name) instanceof Map) throw failure("EISDIR", path);
    folder.delete(name);
  }

  readdir(path) {
    return [...this.#folder(path).keys()].sort();
  }

  mkdir(path) {
    const { folder, name } = this.#place(path);
    if (folder.has(name)) throw failure("EEXIST", path);
    folder.set(name, new Map());
  }

  rmdir(path) {
    if (this.#folder(path).size > 0) throw failure("ENOTEMPTY", path);
    const { folder, name } = this.#place(path);
    folder.delete(name);
  }

  stat(path) {
    const found = this.#find(path);
    const isFolder = found instanceof Map;
    return {
      mode: isFolder ? folderMode : fileMode,
      size: isFolder ? 0 : found.length,
      mtimeMs: 0,
      ctimeMs: 0,
      isFile: () => !isFolder,
      isDirectory: () => isFolder,
      isSymbolicLink: () => false,
    };
  }

  lstat(path) {
    return this.stat(path);
  }

  readlink(path) {
    throw failure("EINVAL", path);
  }

  symlink(_target, path) {
    throw failure("EPERM", path);
  }

  /** Every file below a folder by its path from there. */
  *files(path, from = "") {
    for (const [name, found] of this.#folder(path)) {
      if (found instanceof Map) yield* this.files(`${path}/${name}`, `${from}${name}/`);
      else yield [`${from}${name}`, found];
    }
  }

  /** Writes a file and the folders above it. */
  place(path, data) {
    const names = namesOf(path).slice(0, -1);
    let folder = this.#root;
    for (const name of names) {
      if (!folder.has(name)) folder.set(name, new Map());
      folder = folder.get(name);
    }
    this.writeFile(path, data);
  }
}
