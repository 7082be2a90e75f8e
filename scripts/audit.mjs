// Lists objects in R2 that no repo holds, and what repos hold that is not there: both lists should be empty.

import { parseArgs } from "node:util";
import { audit } from "./holdings.mjs";
import { main, Told } from "./process.mjs";

const usage = "npm run audit -- --url https://artifacts.example.workers.dev --token API_TOKEN";

await main(async () => {
  const { objects, packs, holders, unheld, missing } = await audit(options());
  console.log(`${objects} objects in R2, ${packs} packs of repos, ${holders} holders`);
  list("Objects in R2 that nobody holds", unheld);
  list("Held, and not there", missing);
  if (unheld.length + missing.length > 0) process.exitCode = 1;
});

function options() {
  const text = { type: "string" };
  let values;
  try {
    ({ values } = parseArgs({ options: { url: text, token: text } }));
  } catch (error) {
    throw new Told(`${error.message}\nusage: ${usage}`);
  }
  const { url, token } = values;
  if (url === undefined || token === undefined) throw new Told(`a deployment and an API token for all namespaces\nusage: ${usage}`);
  return { url, token };
}

function list(title, lines) {
  console.log(lines.length === 0 ? `${title}: none` : `${title}:\n${lines.map((line) => `  ${line}`).join("\n")}`);
}
