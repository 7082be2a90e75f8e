/** The repos that every row of the matrix reads, and what plain git makes of the same history without our server. */
import type { Api, Repo } from "../lib/api.ts";
import type { Workshop } from "../lib/git.ts";
import { held, type Held } from "./held.ts";

export class Fixture {
  readonly shop: Workshop;
  readonly api: Api;
  /** Bare repositories that git serves itself, from their folders. */
  readonly origin = "origin.git";
  readonly plainOrigin = "plain.git";
  /** Branches, merges, both kinds of tags, a file of 3 kB. */
  readonly repo: Repo;
  /** The same without tags, of which clients with a depth take different ones. */
  readonly plain: Repo;
  /** Nobody may push here. */
  readonly readOnly: Repo;
  readonly #references = new Map<string, Promise<Held>>();

  private constructor(shop: Workshop, api: Api, repos: { repo: Repo; plain: Repo; readOnly: Repo }) {
    this.shop = shop;
    this.api = api;
    ({ repo: this.repo, plain: this.plain, readOnly: this.readOnly } = repos);
  }

  static async make(shop: Workshop, api: Api): Promise<Fixture> {
    await shop.newRepo("history", 12);
    for (let n = 0; n < 2; n += 1) {
      await shop.git("history", "checkout", "--quiet", "-b", `side-${n}`, `HEAD~${2 + n}`);
      await shop.commit("history", `side-${n}/deep/er/file.txt`, `side ${n}\n`.repeat(40));
      await shop.git("history", "checkout", "--quiet", "main");
      await shop.git("history", "merge", "--quiet", "--no-edit", `side-${n}`);
      await shop.commit("history", "large.bin", Buffer.alloc(3000 + n, `${n}`));
      await shop.git("history", "tag", `light-${n}`, "HEAD~1");
      await shop.git("history", "tag", "-a", "-m", `version ${n}`, `v${n}`);
    }
    const [repo, plain, readOnly] = [await api.createRepo(), await api.createRepo(), await api.createRepo({ read_only: true })];
    await shop.git("history", "push", "--quiet", "--mirror", repo.url);
    await shop.git("history", "push", "--quiet", plain.url, "refs/heads/*:refs/heads/*");
    const fixture = new Fixture(shop, api, { repo, plain, readOnly });
    for (const [folder, refs] of [[fixture.origin, "+refs/*:refs/*"], [fixture.plainOrigin, "+refs/heads/*:refs/heads/*"]] as const) {
      await shop.git(".", "init", "--quiet", "--bare", folder);
      await shop.git(folder, "fetch", "--quiet", "--no-tags", "../history", refs);
      await shop.git(folder, "config", "uploadpack.allowFilter", "true");
    }
    return fixture;
  }

  /** What plain git holds after a clone with these options of one of the bare repositories. */
  reference(origin: string, ...options: string[]): Promise<Held> {
    const key = [origin, ...options].join(" ");
    const made = this.#references.get(key) ?? this.#makeReference(origin, options);
    this.#references.set(key, made);
    return made;
  }

  async #makeReference(origin: string, options: string[]): Promise<Held> {
    const folder = `reference-${this.#references.size}`;
    const url = `file://${this.shop.path(origin)}`;
    await this.shop.git(".", "clone", "--quiet", "--no-checkout", ...options, url, folder);
    return held(this.shop, folder);
  }
}
