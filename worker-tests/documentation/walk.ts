/** A page of the documentation, `fixtures/documentation/`, walked through in one shell, block by block in the page's order. */
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { Workshop } from "../lib/git.ts";
import { projectDir } from "../lib/server.ts";
import { assertPrinted, type Fields } from "./printed.ts";
import { Shell } from "./shell.ts";

/** What a page leaves to its reader, and what stands there instead. */
export type Substitutions = Record<string, string>;

interface Block {
  commands: string;
  /** The answer that is printed under them. */
  printed: string | undefined;
}

function blocksOf(page: string): Block[] {
  const text = readFileSync(join(projectDir, "fixtures", "documentation", `${page}.md`), "utf8");
  const found = text.matchAll(/^```sh\n([^]*?)^```$(?:\n\n^```json\n([^]*?)^```$)?/gm);
  return [...found].map(([, commands = "", printed]) => ({ commands, printed }));
}

export class Walk {
  readonly #blocks: Block[];
  readonly #passed: Block[] = [];
  readonly #shell: Shell;

  /** The shell begins in a new folder of the workshop. */
  constructor(page: string, shop: Workshop, folder: string) {
    this.#blocks = blocksOf(page);
    mkdirSync(shop.path(folder));
    this.#shell = new Shell(shop, folder);
  }

  /** Runs the next block, which begins so, unchanged but for the substitutions; what it prints. */
  run(beginning: string, substitutions: Substitutions = {}): Promise<string> {
    return this.#shell.run(substituted(this.#next(beginning).commands, substitutions));
  }

  /** Runs the next block; its answer has all that is printed there, but for `others`, fields that the example has otherwise. */
  async ask<T>(beginning: string, others: Fields = {}, substitutions: Substitutions = {}): Promise<T> {
    const { commands, printed } = this.#next(beginning);
    const answer: unknown = JSON.parse(await this.#shell.run(substituted(commands, substitutions)));
    assertPrinted(answer, JSON.parse(printed ?? assert.fail(`nothing is printed under ${commands}`)), others);
    return (answer as { result: T }).result;
  }

  /** Passes over the next block. */
  leaveOut(beginning: string): void {
    this.#next(beginning);
  }

  /** Runs a block once more, as it is. */
  again(beginning: string): Promise<string> {
    const block = this.#passed.find(({ commands }) => commands.startsWith(beginning));
    return this.#shell.run(block?.commands ?? assert.fail(`no block begins with ${beginning}`));
  }

  /** Runs what the page does not have. */
  between(commands: string): Promise<string> {
    return this.#shell.run(commands);
  }

  /** The blocks that were not come to. */
  get left(): string[] {
    return this.#blocks.map(({ commands }) => commands);
  }

  end(): Promise<void> {
    return this.#shell.end();
  }

  #next(beginning: string): Block {
    const block = this.#blocks.shift() ?? assert.fail("the page has ended");
    assert.ok(block.commands.startsWith(beginning), block.commands);
    this.#passed.push(block);
    return block;
  }
}

function substituted(commands: string, substitutions: Substitutions): string {
  return Object.entries(substitutions).reduce((text, [placeholder, value]) => {
    assert.ok(text.includes(placeholder), `there is no ${placeholder} in ${commands}`);
    return text.replaceAll(placeholder, value);
  }, commands);
}
