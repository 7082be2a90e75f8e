/**
 * Made-up histories as a git-fast-import(1) stream: the same numbers give the same repository, object by object.
 *
 * Files are lines of words that are edited a few lines at a time, in nested folders, the popular ones more often, with merges and tags.
 * All versions of a file are written one after the other, so that fast-import finds each one's delta base in the version before.
 */
import { spawn } from "node:child_process";
import { once } from "node:events";
import type { Writable } from "node:stream";

export interface HistoryShape {
  n_commits: number;
  n_files: number;
  /** Lines of a file when it is born, on average. */
  n_lines: number;
  seed: number;
}

/** A file's version in a commit. */
interface Change {
  file: number;
  /** fast-import's mark of the blob. */
  mark: number;
}

const firstSecond = 1_600_000_000;

/** Writes a history into the bare repository `gitDir`: branches `main` and `next`, a tag every hundred commits. */
export async function importHistory(gitDir: string, shape: HistoryShape): Promise<void> {
  const importer = spawn("git", ["fast-import", "--quiet", "--depth=50"], {
    cwd: gitDir,
    stdio: ["pipe", "inherit", "inherit"],
  });
  const ended = once(importer, "close");
  await writeHistory(importer.stdin, shape);
  importer.stdin.end();
  const [code] = await ended;
  if (code !== 0) throw new Error(`git fast-import: exit ${code}`);
}

async function writeHistory(out: Writable, shape: HistoryShape): Promise<void> {
  const random = randomNumbers(shape.seed);
  const commits = planCommits(shape, random);
  const nextMark = await writeBlobs(out, shape, commits, random);
  const paths = filePaths(shape.n_files, random);
  for (let n = 0; n < shape.n_commits; n += 1) await write(out, commitText(n, commits, paths, nextMark, random));
}

/** Which files each commit changes: all are born in the first tenth of the history, popular ones change more often. */
function planCommits({ n_commits, n_files }: HistoryShape, random: () => number): Change[][] {
  const n_births = Math.max(1, Math.floor(n_commits / 10));
  const commits: Change[][] = Array.from({ length: n_commits }, () => []);
  for (let file = 0; file < n_files; file += 1) commits[file % n_births]?.push({ file, mark: 0 });
  for (let n = n_births; n < n_commits; n += 1) {
    const files = new Set<number>();
    const n_changes = 1 + Math.floor(random() ** 3 * 7);
    while (files.size < n_changes) files.add(Math.floor(random() ** 2 * n_files));
    commits[n]?.push(...[...files].map((file) => ({ file, mark: 0 })));
  }
  return commits;
}

/** Writes every version of every file, fills in their marks, and returns the first mark that is free. */
async function writeBlobs(out: Writable, shape: HistoryShape, commits: Change[][], random: () => number): Promise<number> {
  const versions: Change[][] = Array.from({ length: shape.n_files }, () => []);
  for (const change of commits.flat()) versions[change.file]?.push(change);
  const words = vocabulary(random);
  let mark = 1;
  for (const changes of versions) {
    const n_lines = Math.ceil(shape.n_lines * (0.2 + 3.2 * random() ** 3));
    let lines = Array.from({ length: n_lines }, () => line(words, random));
    for (const [n, change] of changes.entries()) {
      if (n > 0) lines = edited(lines, words, random);
      const text = lines.join("");
      await write(out, `blob\nmark :${mark}\ndata ${text.length}\n${text}\n`);
      change.mark = mark;
      mark += 1;
    }
  }
  return mark;
}

/** The text of commit `n`. In each forty, the last ten go to `main` and `next` by turns, and then `main` merges `next`. */
function commitText(n: number, commits: Change[][], paths: string[], firstMark: number, random: () => number): string {
  const turn = n % 40;
  const branch = turn > 30 && turn % 2 === 1 ? "next" : "main";
  const author = `Author ${Math.floor(random() * 60)} <author@example.com>`;
  const seconds = firstSecond + n * 3600;
  const changes = commits[n] ?? [];
  const message = `Change ${changes.length} files in step ${n}\n\n${"A reason that somebody had. ".repeat(1 + (n % 4))}\n`;
  const parts = [`commit refs/heads/${branch}\nmark :${firstMark + n}\n`];
  parts.push(`author ${author} ${seconds} +0100\ncommitter ${author} ${seconds} +0100\n`, data(message));
  if (turn === 31) parts.push(`from :${firstMark + n - 1}\n`);
  const merged = turn === 0 && n > 0 ? commits.slice(n - 9, n).filter((_, later) => later % 2 === 0) : [];
  if (merged.length > 0) parts.push(`merge :${firstMark + n - 1}\n`);
  for (const { file, mark } of [...merged.flat(), ...changes]) parts.push(`M 100644 :${mark} ${paths[file]}\n`);
  if (n % 100 === 99) {
    parts.push(`tag v${(n + 1) / 100}\nfrom :${firstMark + n}\ntagger ${author} ${seconds} +0100\n`, data(`Step ${n}\n`));
  }
  return parts.join("");
}

function data(text: string): string {
  return `data ${text.length}\n${text}\n`;
}

function filePaths(n_files: number, random: () => number): string[] {
  return Array.from({ length: n_files }, (_, file) => {
    const depth = 1 + Math.floor(random() * 4);
    const folders = Array.from({ length: depth }, (_folder, level) => `folder-${Math.floor(random() * 3 * (level + 1))}`);
    return `${folders.join("/")}/file-${file}.txt`;
  });
}

/** A version with one to three places changed: a few lines replaced, added or taken away. */
function edited(lines: string[], words: string[], random: () => number): string[] {
  const next = lines.slice();
  for (let n = Math.ceil(random() * 3); n > 0; n -= 1) {
    const at = Math.floor(random() * next.length);
    const added = Array.from({ length: Math.floor(random() * 24) }, () => line(words, random));
    next.splice(at, Math.floor(random() * 23), ...added);
  }
  next.push(line(words, random));
  return next;
}

function line(words: string[], random: () => number): string {
  const n_words = 2 + Math.floor(random() * 9);
  const chosen = Array.from({ length: n_words }, () => words[Math.floor(random() * words.length)]);
  return `${"    ".repeat(Math.floor(random() * 4))}${chosen.join(" ")};\n`;
}

function vocabulary(random: () => number): string[] {
  const letter = () => String.fromCharCode(97 + Math.floor(random() * 26));
  return Array.from({ length: 4000 }, () => Array.from({ length: 2 + Math.floor(random() * 9) }, letter).join(""));
}

/** mulberry32: numbers in [0, 1) that depend on the seed alone. */
export function randomNumbers(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

async function write(out: Writable, text: string): Promise<void> {
  if (!out.write(text, "latin1")) await once(out, "drain");
}
