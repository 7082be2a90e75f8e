/** What each repo must serve and what it must not, worked out from what was done to it. */
import type { Objects } from "../differential/objects.ts";
import { reached } from "../differential/reach.ts";
import type { Repo } from "../lib/api.ts";

export type Refs = ReadonlyMap<string, string>;

export const mainRef = "refs/heads/main";

export class Member {
  readonly repo: Repo;
  readonly #objects: Objects;
  #refs: Refs = new Map();
  /** Everything that its refs ever reached. What they no longer do it may serve, or not. */
  readonly #had = new Set<string>();
  /** What those that it comes from had, and it never got: in its packs, maybe, and not to be seen. */
  readonly hidden = new Set<string>();

  constructor(objects: Objects, repo: Repo, refs: Refs = new Map(), source?: Member) {
    this.#objects = objects;
    this.repo = repo;
    for (const id of source ? [...source.#had, ...source.hidden] : []) this.hidden.add(id);
    this.move(refs);
  }

  get name(): string {
    return this.repo.name;
  }

  get refs(): Refs {
    return this.#refs;
  }

  /** What a fork of it starts with. */
  refsOfFork(default_branch_only: boolean): Refs {
    return new Map([...this.#refs].filter(([name]) => !default_branch_only || name === mainRef));
  }

  /** A push has moved its refs, and has brought all that they reach. */
  move(refs: Refs): void {
    this.#refs = new Map(refs);
    for (const id of this.reached()) {
      this.#had.add(id);
      this.hidden.delete(id);
    }
  }

  /** Exactly what a clone gets. */
  reached(): Set<string> {
    return reached(this.#objects, this.#refs.values());
  }

  /** As git lists them. */
  listed(): string[] {
    const lines = [...this.#refs].sort(([one], [other]) => (one < other ? -1 : 1));
    return lines.map(([name, id]) => `${id} ${this.#objects.get(id).type} ${name}`);
  }
}

export function areAlike(some: Refs, others: Refs): boolean {
  return some.size === others.size && [...some].every(([name, id]) => others.get(name) === id);
}
