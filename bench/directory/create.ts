/** Many repos made at once, each pushed to once: what that takes, and whether all of them are there. */
import { secretOf, withPassword, type Api, type CreatedRepo, type RepoInfo } from "../../worker-tests/lib/api.ts";
import { change } from "../../worker-tests/lib/pack.ts";
import { pushPack } from "../../worker-tests/lib/wire.ts";

export async function createMany(api: Api, n_repos: number, n_clients: number): Promise<void> {
  const namespace = "many";
  let next = 0;
  const client = async () => {
    while (next < n_repos) {
      const n = next++;
      const answer = await api.request<CreatedRepo>("POST", `/${namespace}/repos`, { json: { name: `repo-${n}` } });
      if (answer.status !== 201) throw new Error(`repo ${n}: ${answer.status} ${answer.text}`);
      const made = answer.envelope.result;
      const repo = { ...made, namespace, url: withPassword(made.remote, secretOf(made.token)) };
      const { tip, pack } = change(`content of ${n}\n`);
      const report = await pushPack(repo, [{ name: "refs/heads/main", new_id: tip }], pack);
      if (report.refs.get("refs/heads/main") !== "ok") throw new Error(`push to ${n}: ${report.text}`);
    }
  };
  const began = performance.now();
  await Promise.all(Array.from({ length: n_clients }, client));
  const took = (performance.now() - began) / 1000;
  console.log(`${n_repos} repos made and pushed to by ${n_clients} clients in ${took.toFixed(1)} s: ${(n_repos / took).toFixed(0)} a second`);
  await expectAll(api, namespace, n_repos);
  console.log("every one of them is listed, with its push");
}

/** Waits until the list has all of them, each pushed to: it follows pushes by some seconds. */
async function expectAll(api: Api, namespace: string, n_repos: number): Promise<void> {
  const deadline = performance.now() + 30_000;
  for (;;) {
    const repos = await listed(api, namespace);
    const names = new Set(repos.map(({ name }) => name));
    const n_pushed = repos.filter(({ last_push_at }) => last_push_at !== null).length;
    if (names.size === n_repos && repos.length === n_repos && n_pushed === n_repos) return;
    if (performance.now() > deadline) throw new Error(`${repos.length} listed, ${names.size} names, ${n_pushed} pushed to`);
  }
}

async function listed(api: Api, namespace: string): Promise<RepoInfo[]> {
  const repos: RepoInfo[] = [];
  let cursor = "";
  do {
    const page = await api.request<RepoInfo[]>("GET", `/${namespace}/repos?limit=200&cursor=${cursor}`);
    repos.push(...page.envelope.result);
    cursor = String(page.envelope.result_info?.["cursor"]);
  } while (cursor !== "");
  return repos;
}
