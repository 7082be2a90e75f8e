/** What is in files, and how it changes from one version to the next. */
import type { Numbers } from "./numbers.ts";

const words = "tree blob commit tag object pack delta base index shallow deepen filter ref branch merge want have".split(" ");

/** A new file: mostly text, sometimes bytes that nothing compresses, sometimes nothing. */
export function newContent(random: Numbers, largest: number): Buffer {
  const kind = random.weighted({ text: 12, binary: 3, empty: 1, long: 1 });
  if (kind === "empty") return Buffer.alloc(0);
  if (kind === "binary") return random.bytes(random.between(1, Math.min(3000, largest)));
  if (kind === "long") return random.bytes(random.between(1, largest));
  return Buffer.from(Array.from({ length: random.between(1, 120) }, () => line(random)).join(""));
}

/** The next version of a file. */
export function edited(content: Buffer, random: Numbers): Buffer {
  const how = random.weighted({ lines: 10, appended: 3, cut: 1, bytes: 2, new: 1 });
  if (how === "new") return newContent(random, 2000);
  if (how === "appended") return Buffer.concat([content, Buffer.from(line(random))]);
  const at = random.below(content.length + 1);
  const end = Math.min(content.length, at + random.below(200));
  const put = { lines: () => Buffer.from(line(random) + line(random)), cut: () => Buffer.alloc(0), bytes: () => random.bytes(5) }[how]();
  return Buffer.concat([content.subarray(0, at), put, content.subarray(end)]);
}

function line(random: Numbers): string {
  const chosen = Array.from({ length: random.between(2, 9) }, () => random.pick(words));
  return `${chosen.join(" ")} ${random.below(1000)}\n`;
}
