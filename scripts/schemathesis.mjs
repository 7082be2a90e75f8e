// Schemathesis, which makes up requests to the REST API from openapi.json.

import { join } from "node:path";
import { ensuredPython } from "./installed.mjs";
import { root } from "./toolchain.mjs";

export async function ensureSchemathesis() {
  const requirements = join(root, "worker-tests", "schemathesis", "requirements.txt");
  await ensuredPython("Schemathesis", join(root, ".tools", "schemathesis"), requirements);
}
