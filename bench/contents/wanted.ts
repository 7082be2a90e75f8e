/** What the Worker that reads is asked, and what it answers. */

/** What is asked for, all of it at the same time. */
export interface Wanted {
  repo: string;
  files?: { ref: string; path: string }[];
  /** Commits. */
  log?: number;
}

/** Sizes of the files in bytes, and how many commits there were. */
export interface Found {
  files: number[];
  n_commits: number;
}
