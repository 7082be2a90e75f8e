// Makes an API token: shows it once, adds its hash to a list, and says how a deployment gets the list.
//
// The list holds no secrets, but whoever can change it decides who may do what: it is not committed.

import { createHash, randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { parseArgs } from "node:util";
import { main, Told } from "./process.mjs";

const usage = "npm run token -- [--permission edit|read] [--namespaces a,b] [--name TEXT] [--file api-tokens.json]";

/** What the platform takes as the value of a secret, in bytes. */
const secretLengthMax = 5 * 1024;

await main(async () => {
  const { permission, namespaces, name, file } = options();
  const list = listIn(file);
  // 160 random bits, as a repo's token has.
  const token = `art_api_${randomBytes(20).toString("hex")}`;
  const entry = { sha256: createHash("sha256").update(token).digest("hex"), permission };
  if (namespaces !== undefined) entry.namespaces = namespaces;
  if (name !== undefined) entry.name = name;
  const text = `${JSON.stringify([...list, entry])}\n`;
  if (text.length > secretLengthMax) {
    throw new Told(`${file} would have ${text.length} bytes, and a secret has ${secretLengthMax} at most: take out tokens that are not used`);
  }
  write(file, text);
  const what = permission === "edit" ? "reads and edits" : "reads";
  const where = namespaces === undefined ? "all namespaces" : namespaces.join(", ");
  console.log(`This API token ${what} ${where}. It is shown this once:\n\n  ${token}\n`);
  console.log(`Its hash is in ${file} (tokens listed there: ${list.length + 1}). To put the list into the deployment:\n`);
  console.log(`  npx wrangler secret put API_TOKENS < ${file}`);
});

function options() {
  const text = { type: "string" };
  let values;
  try {
    ({ values } = parseArgs({ options: { permission: text, namespaces: text, name: text, file: text } }));
  } catch (error) {
    throw new Told(`${error.message}\nusage: ${usage}`);
  }
  const { permission = "edit", name, file = "api-tokens.json" } = values;
  if (!["edit", "read"].includes(permission)) throw new Told(`--permission ${permission}: must be edit or read`);
  const namespaces = values.namespaces?.split(",").map((namespace) => namespace.trim());
  const wrong = namespaces?.find((namespace) => !isName(namespace));
  if (wrong !== undefined) throw new Told(`--namespaces: ${JSON.stringify(wrong)} is no namespace's name`);
  return { permission, namespaces, name, file };
}

/** The rule of src/names.rs, which the deployment applies once more. */
function isName(name) {
  return /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/.test(name) && !name.includes("..") && !/\.(git|lock)$/i.test(name);
}

function write(file, text) {
  try {
    writeFileSync(file, text, { mode: 0o600 });
  } catch (error) {
    throw new Told(`${file} cannot be written: ${error.message}`);
  }
}

function listIn(file) {
  if (!existsSync(file)) return [];
  try {
    const list = JSON.parse(readFileSync(file, "utf8"));
    if (Array.isArray(list)) return list;
  } catch {
    // Told below.
  }
  throw new Told(`${file} is no list of tokens: it must be a JSON array, as this command writes it`);
}
