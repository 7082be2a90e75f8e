// The operations of the drivers' command line with isomorphic-git, in Node and in a Worker alike: what differs is the file system
// and how HTTP is spoken.

import git from "isomorphic-git";

/** The client has nothing for what is asked: found by looking at what it sends, not taken for granted. */
export class Lacks extends Error {}

/** Does what a driver's command line says, and returns what it prints. */
export async function operate({ fs, http }, operation, words) {
  const positional = words.filter((word) => !word.startsWith("--"));
  const options = Object.fromEntries(words.filter((word) => word.startsWith("--")).map(optionOf));
  const doing = { clone, fetch, push }[operation];
  if (doing === undefined) throw new Error(`no such operation: ${operation}`);
  await doing({ fs, http: recorded(http) }, positional, options);
}

function optionOf(word) {
  const [name, value = ""] = word.slice(2).split("=");
  return [name, value];
}

/** The same HTTP, and the bodies that were sent over it. */
function recorded(http) {
  const sent = [];
  return {
    sent,
    request: async ({ body, ...rest }) => {
      const chunks = [];
      for await (const chunk of body ?? []) chunks.push(chunk);
      sent.push(chunks.map((chunk) => new TextDecoder("latin1").decode(chunk)).join(""));
      return http.request({ ...rest, ...(body === undefined ? {} : { body: chunks }) });
    },
  };
}

/** The remote as a person would give it, and what answers when the server asks for a password; a refused one is given once. */
function remoteOf(url) {
  const { username, password } = new URL(url);
  const bare = new URL(url);
  bare.username = "";
  bare.password = "";
  return { url: bare.href, onAuth: () => ({ username, password: decodeURIComponent(password) }) };
}

async function clone(place, [url, dir], { depth, filter }) {
  const shallow = depth === undefined ? {} : { depth: Number(depth) };
  await git.clone({ ...place, dir, ...remoteOf(url), ...shallow, filter });
  await git.setConfig({ ...place, dir, path: "remote.origin.url", value: url });
  if (filter !== undefined) mustBeSent(place, "filter ");
}

/** Unknown options are ignored by this client: what it does with one is seen in what it sends. */
function mustBeSent({ http }, words) {
  if (!http.sent.some((body) => body.includes(words))) throw new Lacks(`no request has "${words.trim()}" in it`);
}

async function fetch(place, [dir, ...refspecs], { depth, unshallow }) {
  const remote = remoteOf(await git.getConfig({ ...place, dir, path: "remote.origin.url" }));
  if (refspecs.length > 0) return fetchRefs(place, dir, remote, refspecs);
  // What git itself sends for --unshallow.
  const wanted = unshallow === undefined ? depth : 2147483647;
  const shallow = wanted === undefined ? {} : { depth: Number(wanted) };
  await git.fetch({ ...place, dir, ...remote, remote: "origin", tags: true, ...shallow });
}

/** It fetches refs of any kind by name, into refs/remotes; where they are to be is left to the caller. */
async function fetchRefs(place, dir, remote, refspecs) {
  for (const refspec of refspecs) {
    const [source, target] = refspec.replace(/^\+/, "").replaceAll("*", "").split(":");
    const found = await git.listServerRefs({ ...place, ...remote, prefix: source });
    for (const { ref, oid } of found) {
      await git.fetch({ ...place, dir, ...remote, remote: "origin", ref, remoteRef: ref, singleBranch: true });
      await git.writeRef({ ...place, dir, ref: target + ref.slice(source.length), value: oid, force: true });
    }
  }
}

async function push(place, [dir, ...refspecs], { force, atomic }) {
  const remote = remoteOf(await git.getConfig({ ...place, dir, path: "remote.origin.url" }));
  if (atomic !== undefined) {
    // One ref at a time: that it be done wholly or not at all would have to be asked for none the less.
    await pushOne(place, dir, remote, refspecs.at(-1), { atomic: true });
    mustBeSent(place, " atomic");
  }
  for (const refspec of refspecs) await pushOne(place, dir, remote, refspec, { force: force !== undefined });
}

async function pushOne(place, dir, remote, refspec, options) {
  const [source, remoteRef] = refspec.split(":");
  const what = source === "" ? { ref: remoteRef, remoteRef, delete: true } : { ref: source, remoteRef };
  const { ok, error, refs } = await git.push({ ...place, dir, ...remote, remote: "origin", ...what, ...options });
  if (!ok) throw new Error(error ?? JSON.stringify(refs));
}
