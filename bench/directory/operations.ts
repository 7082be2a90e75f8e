/** The requests that are measured. */
import type { Answer, Api, CreatedRepo, RepoInfo } from "../../worker-tests/lib/api.ts";

export interface Operation {
  name: string;
  /** Below what 99 of 100 are to be. */
  goal_ms?: number;
  /** What has to be there for `run`, and is not measured. */
  prepare?: (n: number) => Promise<void>;
  run: (n: number) => Promise<void>;
}

const path = "/directory/repos";

export function operations(api: Api, n_repos: number, nameOf: (n: number) => string): Operation[] {
  const made = (n: number) => `made-${n}`;
  const list = (query: string): Promise<Answer<RepoInfo[]>> => expected(200, api.request("GET", `${path}?${query}`));
  const listed = (query: string, goal_ms?: number): Operation => ({
    name: `list, ${query.replace("&", ", ")}`,
    ...(goal_ms === undefined ? {} : { goal_ms }),
    run: async () => void (await list(query)),
  });
  const create = async (n: number) => void (await expected(201, api.request<CreatedRepo>("POST", path, { json: { name: made(n) } })));
  const remove = async (n: number) => void (await expected(202, api.request("DELETE", `${path}/${made(n)}`)));
  const sorts = ["created_at", "updated_at", "last_push_at", "name"];
  let cursor = "";
  return [
    // What is above this is the work of the request; what is in it is the machine's, and the client's.
    { name: "nothing: an address that is none", run: async () => void (await expected(404, api.requestUrl("GET", `${api.origin}/nowhere`))) },
    { name: "create", goal_ms: 10, run: create },
    { name: "get", goal_ms: 10, run: async (n) => void (await expected(200, api.request("GET", `${path}/${made(n)}`))) },
    { name: "delete", goal_ms: 10, run: remove },
    ...sorts.flatMap((sort) => ["desc", "asc"].map((direction) => listed(`sort=${sort}&direction=${direction}`, 10))),
    ...sorts.map((sort): Operation => ({
      name: `list, sort=${sort}, the page after that`,
      goal_ms: 10,
      prepare: async () => void (cursor = String((await list(`sort=${sort}`)).envelope.result_info?.["cursor"])),
      run: async () => void (await list(`sort=${sort}&cursor=${cursor}`)),
    })),
    listed("search=agent", 50),
    listed(`search=${nameOf(Math.floor(n_repos / 2)).slice(3)}`, 50),
    listed("search=nowhere", 50),
    listed("search=nowhere&sort=name", 50),
    listed("page=1"),
    listed(`page=${Math.floor(n_repos / 100)}`),
  ];
}

async function expected<T>(status: number, asked: Promise<Answer<T>>): Promise<Answer<T>> {
  const answer = await asked;
  if (answer.status !== status) throw new Error(`${answer.status} instead of ${status}: ${answer.text}`);
  return answer;
}
