// Compares what is in R2 with what repos account for, over the REST API of a deployment.
//
// While repos are pushed to, forked, merged and deleted the two differ for a moment here and there: what is found is looked
// at again before it is told.
import { setTimeout as sleep } from "node:timers/promises";

const storageReadsMax = 8;
const looksMax = 4;
const betweenLooksMs = 3000;

/**
 * @typedef {{ namespace: string, name: string, id: string }} Place
 * @typedef {{
 *   packs: { repo_id: string, owner: Place, upload_id: string, segments: number }[],
 *   holders: { owner_id: string, upload_id: string, repo: Place, unchecked: boolean }[],
 *   uploads: { repo_id: string, upload_id: string }[],
 * }} Storage
 * @typedef {{ objects: number, packs: number, holders: number, unheld: string[], missing: string[] }} Found
 */

/**
 * Audits a deployment.
 * @param {{ url: string, token: string }} deployment
 * @returns {Promise<Found>}
 */
export async function audit(deployment) {
  let found = await look(deployment);
  for (let n = 1; n < looksMax && found.unheld.length + found.missing.length > 0; n += 1) {
    await sleep(betweenLooksMs);
    const again = await look(deployment);
    const still = (list, before) => list.filter((line) => before.includes(line));
    found = { ...again, unheld: still(again.unheld, found.unheld), missing: still(again.missing, found.missing) };
  }
  return found;
}

/** @param {{ url: string, token: string }} deployment @returns {Promise<Found>} */
async function look({ url, token }) {
  const get = getter(`${url.replace(/\/$/, "")}/v1/api`, token);
  // First what is stored: what is stored later may not be accounted for by then.
  const objects = await all(get, "/storage");
  const names = new Set(objects.flatMap(({ repo }) => (repo === null ? [] : [repo])));
  for (const { namespace } of await all(get, "/namespaces")) {
    for (const { name } of await all(get, `/namespaces/${namespace}/repos`)) names.add(place(namespace, name));
  }
  return compare(objects, await storages(get, names));
}

/** What every repo's object accounts for, of these names and of all that they lead to. */
async function storages(get, names) {
  const [seen, found] = [new Set(), /** @type {Storage[]} */ ([])];
  for (let next = [...names]; next.length > 0; ) {
    const some = next.splice(0, storageReadsMax);
    for (const name of some) seen.add(name);
    const read = await Promise.all(some.map((name) => pages(get, `/namespaces/${name.replace("/", "/repos/")}/storage`)));
    for (const result of read.flat()) {
      found.push(result);
      const places = [...result.packs.map(({ owner }) => owner), ...result.holders.map(({ repo }) => repo)];
      for (const { namespace, name } of places) {
        const key = place(namespace, name);
        if (!seen.has(key) && !next.includes(key)) next.push(key);
      }
    }
  }
  return found;
}

function compare(objects, found) {
  const packs = found.flatMap(({ packs }) => packs);
  const holders = found.flatMap(({ holders }) => holders);
  const uploads = found.flatMap(({ uploads }) => uploads);
  const held = new Set([
    ...holders.map(({ owner_id, upload_id }) => `${owner_id}/${upload_id}`),
    ...uploads.map(({ repo_id, upload_id }) => `${repo_id}/${upload_id}`),
  ]);
  // What a pack is made of, and nothing else below its name, if somebody has it.
  const partsOf = new Map(packs.map((pack) => [`${pack.owner.id}/${pack.upload_id}`, new Set(parts(pack))]));
  for (const { repo_id, upload_id } of uploads) partsOf.delete(`${repo_id}/${upload_id}`);
  const isHeld = (upload, key) => held.has(upload) && (partsOf.get(upload)?.has(key) ?? true);
  const unheld = objects
    .filter(({ key, repo_id, upload_id }) => !isHeld(`${repo_id}/${upload_id}`, key))
    .map(({ key, size, repo }) => `${key} (${size} bytes${repo === null ? "" : `, of ${repo}`})`);
  return { objects: objects.length, packs: packs.length, holders: holders.length, unheld, missing: missing(objects, packs, holders) };
}

/** What is held and not there, or is there for a holder that its owner does not know, or the other way round. */
function missing(objects, packs, holders) {
  const keys = new Set(objects.map(({ key }) => key));
  const having = new Set(packs.map(({ repo_id, owner, upload_id }) => `${owner.id}/${upload_id} ${repo_id}`));
  const known = new Set(holders.map(({ owner_id, upload_id, repo }) => `${owner_id}/${upload_id} ${repo.id}`));
  return [
    ...packs.flatMap((pack) => parts(pack).filter((key) => !keys.has(key)).map((key) => `${key}: not in R2, and repo ${pack.repo_id} has it`)),
    ...holders
      .filter(({ owner_id, upload_id }) => !keys.has(`v1/${owner_id}/${upload_id}/index`))
      .map(({ owner_id, upload_id, repo }) => `v1/${owner_id}/${upload_id}/index: not in R2, and repo ${repo.id} holds it`),
    ...[...having].filter((key) => !known.has(key)).map((key) => `${key}: the owner does not know of this holder`),
    ...holders
      .filter(({ unchecked }) => !unchecked)
      .map(({ owner_id, upload_id, repo }) => `${owner_id}/${upload_id} ${repo.id}`)
      .filter((key) => !having.has(key))
      .map((key) => `${key}: this holder has no such pack`),
  ];
}

/** The keys of a pack. */
function parts({ owner, upload_id, segments }) {
  const names = ["index", ...Array.from({ length: segments }, (_, n) => String(n).padStart(5, "0"))];
  return names.map((name) => `v1/${owner.id}/${upload_id}/${name}`);
}

/** Everything on every page of a list. */
async function all(get, path) {
  return (await pages(get, path)).flat();
}

/** The result of every page. */
async function pages(get, path) {
  const results = [];
  for (let cursor = ""; ; ) {
    const { result, result_info } = await get(`${path}?cursor=${encodeURIComponent(cursor)}`);
    results.push(result);
    cursor = result_info.cursor;
    if (cursor === "") return results;
  }
}

function getter(base, token) {
  return async (path) => {
    const response = await fetch(base + path, { headers: { Authorization: `Bearer ${token}` } });
    const answer = await response.json();
    if (!answer.success) throw new Error(`${path}: ${response.status} ${answer.errors[0]?.message}`);
    return answer;
  };
}

const place = (namespace, name) => `${namespace}/${name}`.toLowerCase();
