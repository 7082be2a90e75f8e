/** The requests that are measured. */
import type { Client } from "./client.ts";

export interface Operation {
  name: string;
  /** Below what 99 of 100 are to be. */
  goal_ms?: number;
  /** What has to be there for `run`, and is not measured. */
  prepare?: (n: number) => Promise<void>;
  run: (n: number) => Promise<unknown>;
}

const path = "/directory/repos";

export function operations(client: Client, n_repos: number, nameOf: (n: number) => string): Operation[] {
  const made = (n: number) => `made-${n}`;
  const list = (query: string) => client.ask(200, "GET", `${path}?${query}`);
  const listed = (query: string, goal_ms?: number): Operation => ({
    name: `list, ${query.replace("&", ", ")}`,
    ...(goal_ms === undefined ? {} : { goal_ms }),
    run: () => list(query),
  });
  const sorts = ["created_at", "updated_at", "last_push_at", "name"];
  let cursor = "";
  return [
    // What is above this is the work of the request; what is in it is the machine's, and the client's.
    { name: "nothing: an address that is none", run: () => client.get(404, "/nowhere") },
    { name: "create", goal_ms: 10, run: (n) => client.ask(201, "POST", path, { name: made(n) }) },
    { name: "get", goal_ms: 10, run: (n) => client.ask(200, "GET", `${path}/${made(n)}`) },
    { name: "delete", goal_ms: 10, run: (n) => client.ask(202, "DELETE", `${path}/${made(n)}`) },
    ...sorts.flatMap((sort) => ["desc", "asc"].map((direction) => listed(`sort=${sort}&direction=${direction}`, 10))),
    ...sorts.map((sort): Operation => ({
      name: `list, sort=${sort}, the page after that`,
      goal_ms: 10,
      prepare: async () => void (cursor = /"cursor":"([^"]*)"/.exec(await list(`sort=${sort}`))?.[1] ?? ""),
      run: () => list(`sort=${sort}&cursor=${cursor}`),
    })),
    listed("search=agent", 50),
    listed(`search=${nameOf(Math.floor(n_repos / 2)).slice(3)}`, 50),
    listed("search=nowhere", 50),
    listed("search=nowhere&sort=name", 50),
    listed("page=1"),
    listed(`page=${Math.floor(n_repos / 100)}`),
  ];
}
