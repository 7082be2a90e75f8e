// Running other programs, and the words for when one fails.

import { spawn, spawnSync } from "node:child_process";

/** An error that is told in words, without a stack: the person can do something about it. */
export class Told extends Error {}

/** Runs a program with its output on the terminal; says which one failed and how. */
export function run(command, args, { env, cwd, what = `${command} ${args.join(" ")}` }) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env, cwd, stdio: ["ignore", "inherit", "inherit"] });
    child.on("error", (error) => reject(new Told(`${what}: ${error.message}`)));
    child.on("exit", (code, signal) => {
      if (code === 0) resolve();
      else reject(new Told(`${what}: ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** What a program prints, trimmed, or null when it is missing or fails. */
export function output(command, args, options = {}) {
  const result = spawnSync(command, args, { encoding: "utf8", ...options });
  return result.status === 0 ? result.stdout.trim() : null;
}

/** Runs a script's main function; an error ends it with exit code 1. */
export async function main(body) {
  try {
    await body();
  } catch (error) {
    console.error(error instanceof Told ? `error: ${error.message}` : error);
    process.exitCode = 1;
  }
}
