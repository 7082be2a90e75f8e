/**
 * A client of Git as the tests see it: a driver, a small program of ours around it. All drivers have the same command line:
 *
 *     clone URL DIR [--depth=N] [--filter=SPEC]     all branches and tags, remote `origin`; with a filter no working tree
 *     fetch DIR [--depth=N | --unshallow] [REFSPEC…]
 *     push DIR [--force] [--atomic] REFSPEC…        full names of refs; an empty source deletes
 *     read DIR BRANCH:PATH                          a file's bytes, fetched if they are not there
 *
 * The URL carries user name and password; the driver hands them over in its client's own way. DIR is a repository that git can
 * read. A driver ends with 0; with 3 when it has found that the client has nothing for what is asked; else with a message.
 */
import type { GitResult } from "../lib/git.ts";

export interface Client {
  /** Its row in the matrix. */
  row: string;
  /** What was run, with its version. */
  version: string;
  run(...words: string[]): Promise<GitResult>;
}

/** A row of the matrix that cannot be run on this machine, or not in this run, and why. */
export interface Absent {
  row: string;
  absent: string;
}

const lacksExitCode = 3;

/** What is asked for does not exist in the client. */
export class Lacks extends Error {}

/** Runs an operation that must succeed. */
export async function must(client: Client, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await client.run(...words);
  if (code === lacksExitCode) throw new Lacks(stderr.trim());
  if (code !== 0) throw new Error(`${client.row}: ${words.join(" ")}: exit ${code}\n${stdout}${stderr}`.slice(0, 4000));
  return stdout;
}

/** Runs an operation that must be refused, and returns what the client says. */
export async function refused(client: Client, ...words: string[]): Promise<string> {
  const { code, stdout, stderr } = await client.run(...words);
  if (code === lacksExitCode) throw new Lacks(stderr.trim());
  if (code === 0) throw new Error(`${client.row}: ${words.join(" ")} was not refused`);
  return `${stdout}${stderr}`;
}
