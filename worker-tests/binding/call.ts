/** Asks a caller, `caller.ts`, for what it does with its binding. */
import assert from "node:assert/strict";
import type { Bound } from "../lib/bound.ts";

/** What a caller catches. */
export interface Thrown {
  name: string;
  message: string;
  code?: string;
  numericCode?: number;
}

export interface Outcome<T> {
  value?: T;
  error?: Thrown;
}

export class Caller {
  readonly #bound: Bound;
  readonly #name: string;

  constructor(bound: Bound, name: string) {
    this.#bound = bound;
    this.#name = name;
  }

  /** What comes of a scenario. */
  async tried<T>(scenario: string, ...args: unknown[]): Promise<Outcome<T>> {
    const answer = await this.#bound.fetch(this.#name, `/${scenario}`, { method: "POST", body: JSON.stringify(args) });
    return (await answer.json()) as Outcome<T>;
  }

  async run<T>(scenario: string, ...args: unknown[]): Promise<T> {
    const { value, error } = await this.tried<T>(scenario, ...args);
    assert.equal(error, undefined, `${scenario}: ${JSON.stringify(error)}`);
    return value as T;
  }

  /** Calls methods, each of what the one before returned. */
  follow<T>(...steps: [method: string, ...args: unknown[]][]): Promise<T> {
    return this.run("follow", ...steps);
  }

  /** What is thrown. */
  async failed(scenario: string, ...args: unknown[]): Promise<Thrown> {
    const { value, error } = await this.tried(scenario, ...args);
    return error ?? assert.fail(`${scenario}: nothing is thrown, but returned ${JSON.stringify(value)}`);
  }
}
