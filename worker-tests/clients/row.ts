/** One client on its way through the operations: its folders, and a repo of its own that git and the client both push to. */
import assert from "node:assert/strict";
import type { Repo } from "../lib/api.ts";
import type { Workshop } from "../lib/git.ts";
import { must, Lacks, type Client } from "./client.ts";
import type { Fixture } from "./fixture.ts";
import { assertSame, assertSameSet, assertSound, held, lines, reached } from "./held.ts";

let n_rows = 0;

export class Row {
  readonly client: Client;
  readonly fixture: Fixture;
  readonly shop: Workshop;
  /** A repo that only this row writes to. */
  readonly repo: Repo;
  /** A working copy in which plain git makes what the client fetches. */
  readonly author: string;
  /** The client's clone of the row's repo. */
  readonly clone: string;
  /** What plain git sees on the server. */
  readonly #mirror: string;
  readonly #number: number;

  private constructor(client: Client, fixture: Fixture, repo: Repo) {
    n_rows += 1;
    this.#number = n_rows;
    this.client = client;
    this.fixture = fixture;
    this.shop = fixture.shop;
    this.repo = repo;
    this.author = this.folder("author");
    this.clone = this.folder("clone");
    this.#mirror = this.folder("mirror");
  }

  static async make(client: Client, fixture: Fixture): Promise<Row> {
    const row = new Row(client, fixture, await fixture.api.createRepo());
    await row.shop.git(".", "clone", "--quiet", "history", row.author);
    await row.shop.git(row.author, "remote", "set-url", "origin", row.repo.url);
    await row.shop.git(row.author, "push", "--quiet", "origin", "main", "--tags");
    await row.shop.git(".", "init", "--quiet", "--bare", row.#mirror);
    return row;
  }

  folder(name: string): string {
    return `row-${this.#number}-${name}`;
  }

  path(folder: string): string {
    return this.shop.path(folder);
  }

  must(...words: string[]): Promise<string> {
    return must(this.client, ...words);
  }

  /** Lets the client push, or git in its place where the client cannot; false says that it was git. */
  pushed(folder: string, ...words: string[]): Promise<boolean> {
    const git = () => this.shop.git(folder, "push", "--quiet", "origin", ...words);
    return orGit(() => this.must("push", this.path(folder), ...words), git);
  }

  /** The same for a clone. */
  cloned(url: string, folder: string): Promise<boolean> {
    return orGit(() => this.must("clone", url, this.path(folder)), () => this.shop.git(".", "clone", "--quiet", url, folder));
  }

  /** Brings the mirror up to date and returns its name: refs of all kinds, and objects that were checked as they came. */
  async mirror(): Promise<string> {
    const strict = ["-c", "transfer.fsckObjects=true"];
    await this.shop.git(this.#mirror, ...strict, "fetch", "--quiet", "--prune", this.repo.url, "+refs/*:refs/*");
    return this.#mirror;
  }

  async serverRefs(): Promise<Map<string, string>> {
    const listed = lines(await this.shop.git(".", "ls-remote", "--refs", this.repo.url));
    return new Map(listed.map((line) => line.split("\t").reverse() as [string, string]));
  }

  /** The server has these refs as the folder has them, with the same objects, and no other refs than before but these. */
  async assertOnServer(folder: string, ...refs: string[]): Promise<void> {
    const mirror = await this.mirror();
    for (const ref of refs) {
      assert.equal(await this.shop.git(mirror, "rev-parse", ref), await this.shop.git(folder, "rev-parse", ref), ref);
    }
    assertSameSet(await reached(this.shop, mirror, ...refs), await reached(this.shop, folder, ...refs), "objects");
  }

  /** A clone holds the branches and tags of the row's repo and their objects, no more and no less. */
  async assertUpToDate(folder: string): Promise<void> {
    await assertSound(this.shop, folder);
    const mirror = await this.mirror();
    const refs = await this.shop.git(mirror, "for-each-ref", "--format=%(objectname) %(refname)", "refs/heads", "refs/tags");
    const objects = await reached(this.shop, mirror, "--branches", "--tags");
    assertSame(await held(this.shop, folder), { refs: lines(refs).sort(), objects, shallow: [] });
  }
}

/** False when git did it, if that is to be, since the client has no way to. */
export async function orGit(client: () => Promise<unknown>, git?: () => Promise<unknown>): Promise<boolean> {
  try {
    await client();
    return true;
  } catch (error) {
    if (!(error instanceof Lacks)) throw error;
    await git?.();
    return false;
  }
}
