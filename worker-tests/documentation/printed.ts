/** Answers beside those that the documentation prints. */
import assert from "node:assert/strict";

const token = /^art_v1_[0-9a-f]{40}\?expires=\d+$/;
const timestamp = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;
const id = /^[0-9a-z]{16}$/;

/** Fields for which the documentation prints an example, and what they look like. */
const forms: Record<string, RegExp> = {
  id,
  remote: /^https:\/\/127\.0\.0\.1:\d+\/git\/[a-z-]+\/[a-z-]+\.git$/,
  token,
  plaintext: token,
  created_at: timestamp,
  updated_at: timestamp,
  last_push_at: timestamp,
  expires_at: timestamp,
};

export type Fields = Record<string, unknown>;

/**
 * Every field that is printed is in the answer, with the printed value or in its form; the answer may have more. `others` are the
 * values of fields which are not those of the example here.
 */
export function assertPrinted(answer: unknown, printed: unknown, others: Fields = {}): void {
  if (Array.isArray(printed)) {
    assert.ok(Array.isArray(answer) && answer.length === printed.length, JSON.stringify(answer));
    printed.forEach((value, at) => assertPrinted(answer[at], value, others));
  } else if (typeof printed === "object" && printed !== null) {
    const fields = answer as Fields;
    for (const [name, value] of Object.entries(printed)) {
      assert.ok(name in fields, `${name} is missing in ${JSON.stringify(answer)}`);
      const form = value === null ? undefined : forms[name];
      if (name in others) assert.deepEqual(fields[name], others[name], name);
      else if (form !== undefined) assert.match(String(fields[name]), form, name);
      else assertPrinted(fields[name], value, others);
    }
  } else {
    assert.deepEqual(answer, printed);
  }
}
