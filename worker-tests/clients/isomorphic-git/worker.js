// isomorphic-git inside a Worker. It has no disk: a driver's command comes with the files of the repository, and they go back with
// the outcome. `/example` is what the documentation shows: a repository that begins in a Worker.

import git from "isomorphic-git";
import http from "isomorphic-git/http/web";
import { MemoryFs } from "../../../examples/isomorphic-git/src/memory-fs.ts";
import { Lacks, operate } from "./operations.mjs";

export default {
  async fetch(request) {
    const { pathname } = new URL(request.url);
    if (pathname === "/example") return Response.json(await example(await request.json()));
    if (pathname === "/operation") return Response.json(await operation(await request.json()));
    return new Response("isomorphic-git in a Worker\n");
  },
};

async function operation({ operation, words, dir, files }) {
  const fs = new MemoryFs();
  for (const [path, content] of Object.entries(files)) await fs.place(`${dir}/${path}`, Buffer.from(content, "base64"));
  try {
    await operate({ fs, http }, operation, words);
  } catch (error) {
    const lacks = error instanceof Lacks;
    return { code: lacks ? 3 : 1, stderr: lacks ? `lacks: ${error.message}` : `${error.name}: ${error.message}` };
  }
  return { code: 0, stderr: "", files: Object.fromEntries(await filesOf(fs, dir)) };
}

/** Every file below a folder by its path from there, as base64. */
async function filesOf(fs, folder) {
  const found = [];
  for (const name of await fs.readdir(folder)) {
    const path = `${folder}/${name}`;
    const entry = await fs.lstat(path);
    if (entry.isFile()) found.push([name, Buffer.from(await fs.readFile(path)).toString("base64")]);
    if (entry.isDirectory()) for (const [below, content] of await filesOf(fs, path)) found.push([`${name}/${below}`, content]);
  }
  return found;
}

/** Two files, one commit, one push. */
async function example({ remote, token }) {
  const tokenSecret = token.split("?expires=")[0];
  const [dir, fs] = ["/workspace", new MemoryFs()];
  const file = async (filepath, content) => {
    await fs.place(`${dir}/${filepath}`, content);
    await git.add({ fs, dir, filepath });
  };
  await git.init({ fs, dir, defaultBranch: "main" });
  await file("README.md", "# A repo made from a Worker\n");
  await file("src/index.ts", 'export const message = "hello";\n');
  const author = { name: "A U Thor", email: "author@example.com" };
  const commit = await git.commit({ fs, dir, message: "Create starter files", author });
  const onAuth = () => ({ username: "x", password: tokenSecret });
  const { refs } = await git.push({ fs, http, dir, url: remote, ref: "main", onAuth });
  return { commit, refs };
}
