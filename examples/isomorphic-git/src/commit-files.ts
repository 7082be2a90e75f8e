/** One commit with isomorphic-git: the last one is cloned into memory, files are written over it, and the new one is pushed. */
import git, { Errors } from "isomorphic-git";
import http from "isomorphic-git/http/web";
import { Refused } from "../../shared/refused.ts";
import { FsError, MemoryFs } from "./memory-fs.ts";

export interface Target {
  remote: string;
  branch: string;
  /** One that may push: `art_v1_<secret>?expires=<unix seconds>`. */
  token: string;
}

export interface Change {
  message: string;
  /** Texts by their paths in the repo. */
  files: Map<string, string>;
}

const author = { name: "Artifacts example", email: "artifacts@example.com" };

/**
 * Commits to the branch, as its first commit if it has none.
 *
 * @throws Refused (409) when the branch has moved in the meantime, and the request may be sent again;
 *         (422) when no repo may hold such files.
 */
export async function commitFiles({ remote, branch, token }: Target, { message, files }: Change) {
  const fs = new MemoryFs();
  // Apart from each other, so that no path of a caller's is one of Git's own files: its configuration could send the token elsewhere.
  const local = { fs, dir: "/files", gitdir: "/git" };
  await fs.mkdir(local.dir);
  // What follows the question mark is for people; the secret before it is the password, with any user name.
  const [password = ""] = token.split("?");
  const there = { ...local, http, url: remote, onAuth: () => ({ username: "x", password }) };
  // The clone of an empty repo ends before it has named a branch.
  await git.init({ ...local, defaultBranch: branch });
  await git.clone({ ...there, ref: branch, singleBranch: true, depth: 1 });
  try {
    for (const [filepath, content] of files) {
      await fs.place(`${local.dir}/${filepath}`, content);
      await git.add({ ...local, filepath });
    }
    const commit = await git.commit({ ...local, message, author });
    const { refs } = await git.push({ ...there, ref: branch });
    return { commit, refs };
  } catch (error) {
    throw refusalOf(error) ?? error;
  }
}

/** What the caller is told, if the caller can do something about it. */
function refusalOf(error: unknown): Refused | undefined {
  // The client sees that the branch has moved, or the server does if that happens later: it has then taken the pack and not the ref.
  const hasMoved = error instanceof Errors.PushRejectedError || (error instanceof Errors.GitPushError && error.data.result.ok);
  if (hasMoved) return new Refused(409, "The branch has moved: send the request again.");
  const isOfFiles = error instanceof Errors.GitPushError || error instanceof Errors.UnsafeFilepathError || error instanceof FsError;
  return isOfFiles ? new Refused(422, error.message) : undefined;
}
