/** What a commit changes: files edited, added, moved, turned into something else. */
import { edited, newContent } from "./contents.ts";
import type { Numbers } from "./numbers.ts";
import { submoduleMode, type Files, type Objects, type TreeEntry } from "./objects.ts";

const weights = {
  edit: 30,
  add: 10,
  remove: 3,
  move: 3,
  moveFolder: 3,
  copy: 2,
  copyFolder: 1,
  mode: 2,
  link: 2,
  submodule: 2,
  swap: 2,
};

/** Makes one to a few changes to `files`. */
export function change(files: Files, objects: Objects, random: Numbers, largest: number): void {
  for (let n = random.pick([1, 1, 1, 2, 3, 6]); n > 0; n -= 1) {
    // In an empty tree there is nothing to change.
    changeOnce(files.size === 0 ? "add" : random.weighted(weights), files, objects, random, largest);
  }
}

function changeOnce(kind: keyof typeof weights, files: Files, objects: Objects, random: Numbers, largest: number): void {
  const path = files.size === 0 ? "" : random.pick([...files.keys()]);
  const entry = files.get(path);
  const isFile = entry !== undefined && entry.mode.startsWith("100");
  const blob = (content: Buffer) => objects.add("blob", content);
  switch (kind) {
    case "edit":
      if (entry && isFile) files.set(path, { ...entry, id: blob(edited(objects.get(entry.id).data, random)) });
      break;
    case "add":
      put(files, newPath(random), { mode: random.pick(["100644", "100644", "100755"]), id: blob(newContent(random, largest)) });
      break;
    case "remove":
      files.delete(path);
      break;
    case "move":
    case "copy":
      if (kind === "move") files.delete(path);
      if (entry) put(files, newPath(random), entry);
      break;
    case "moveFolder":
    case "copyFolder":
      placeFolder(files, folderOf(path), newPath(random), kind === "moveFolder");
      break;
    case "mode":
      if (entry && isFile) files.set(path, { ...entry, mode: entry.mode === "100644" ? "100755" : "100644" });
      break;
    case "link":
      put(files, newPath(random), { mode: "120000", id: blob(Buffer.from(`../${path}`)) });
      break;
    case "submodule":
      put(files, `modules/m${random.below(3)}`, { mode: submoduleMode, id: random.bytes(20).toString("hex") });
      break;
    case "swap":
      swap(files, path, random.pick([...files.keys()]));
      break;
  }
}

/** Two paths exchange what is there. */
function swap(files: Files, one: string, other: string): void {
  const [first, second] = [files.get(one), files.get(other)];
  if (first && second) {
    files.set(one, second);
    files.set(other, first);
  }
}

function placeFolder(files: Files, from: string, to: string, isMoved: boolean): void {
  const below = [...files].filter(([path]) => path.startsWith(`${from}/`));
  if (isMoved) for (const [path] of below) files.delete(path);
  for (const [path, entry] of below) put(files, to + path.slice(from.length), entry);
}

/** Puts something at a path; what is in the way goes: folders that are files, files that are folders. */
export function put(files: Files, path: string, entry: TreeEntry): void {
  for (const other of [...files.keys()]) {
    if (other.startsWith(`${path}/`) || path.startsWith(`${other}/`)) files.delete(other);
  }
  files.set(path, entry);
}

function folderOf(path: string): string {
  return path.includes("/") ? path.slice(0, path.lastIndexOf("/")) : path;
}

/** Names that sort against one another in ways that depend on what is a folder. */
function newPath(random: Numbers): string {
  const folders = Array.from({ length: random.below(4) }, () => random.pick(["a", "a-b", "a.b", "lib", "src", "ü"]));
  return [...folders, `${random.pick(["a", "file", "z", "a.b"])}${random.below(12)}`].join("/");
}
