/** Random decisions that depend on a seed alone. */
import { randomNumbers } from "../../bench/history.ts";

export class Numbers {
  readonly #next: () => number;

  constructor(seed: number) {
    this.#next = randomNumbers(seed);
  }

  /** A whole number from 0 to below `bound`. */
  below(bound: number): number {
    return Math.floor(this.#next() * bound);
  }

  /** A whole number from `min` to `max`. */
  between(min: number, max: number): number {
    return min + this.below(max - min + 1);
  }

  chance(probability: number): boolean {
    return this.#next() < probability;
  }

  pick<T>(from: readonly T[]): T {
    if (from.length === 0) throw new Error("nothing to pick from");
    return from[this.below(from.length)] as T;
  }

  /** Up to `n` different ones, in a random order. */
  sample<T>(from: readonly T[], n: number): T[] {
    const rest = [...from];
    const sampled: T[] = [];
    while (sampled.length < n && rest.length > 0) {
      const [taken] = rest.splice(this.below(rest.length), 1);
      if (taken !== undefined) sampled.push(taken);
    }
    return sampled;
  }

  /** One of these, each as likely as its weight. */
  weighted<T extends string>(weights: Record<T, number>): T {
    const entries = Object.entries(weights) as [T, number][];
    let at = this.#next() * entries.reduce((sum, [, weight]) => sum + weight, 0);
    for (const [name, weight] of entries) {
      at -= weight;
      if (at < 0) return name;
    }
    return (entries.at(-1) as [T, number])[0];
  }

  bytes(length: number): Buffer {
    const bytes = Buffer.alloc(length);
    for (let at = 0; at < length; at += 1) bytes[at] = this.below(256);
    return bytes;
  }
}
