// What some tests need beyond the tools: installed into the checkout (.tools), once. What cannot be had here is left out, and it is
// said why.

import { existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { output, step, Told } from "./process.mjs";
import { digest } from "./toolchain.mjs";

/** Installs into a folder, unless that was done when `madeOf` was the same. */
export async function ensured(what, folder, madeOf, install) {
  const stamp = join(folder, ".installed");
  const wanted = digest(madeOf);
  if (existsSync(stamp) && readFileSync(stamp, "utf8") === wanted) return;
  rmSync(folder, { recursive: true, force: true });
  mkdirSync(folder, { recursive: true });
  try {
    await install(folder);
    writeFileSync(stamp, wanted);
  } catch (error) {
    if (!(error instanceof Told)) throw error;
    rmSync(folder, { recursive: true, force: true });
    console.log(`${what}: left out, ${error.message}`);
  }
}

/** Installs Python packages into an environment of their own: those that a file lists. */
export async function ensuredPython(what, folder, requirements) {
  await ensured(what, folder, readFileSync(requirements), async () => {
    if (output("python3", ["-c", "import ensurepip, venv"]) === null) throw new Told("there is no python3 with venv here");
    await step("Making a Python environment (some seconds)", "python3", ["-m", "venv", folder]);
    const args = ["-m", "pip", "install", "--disable-pip-version-check", "-r", requirements];
    await step(`Installing ${what} (some seconds)`, join(folder, "bin", "python"), args);
  });
}
