// Running other programs, and the words for when one fails.

import { spawn, spawnSync } from "node:child_process";

/** An error that is told in words, without a stack: the person can do something about it. */
export class Told extends Error {}

/** Says what is being done, runs a program for it, and says how long it took. Its output is shown only if it fails. */
export async function step(what, command, args, options) {
  console.log(`${what} …`);
  const started = Date.now();
  await quietly(command, args, options);
  console.log(`  done in ${Math.round((Date.now() - started) / 1000)} s`);
}

function quietly(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] });
    const printed = [];
    child.stdout.on("data", (chunk) => printed.push(chunk));
    child.stderr.on("data", (chunk) => printed.push(chunk));
    child.on("error", (error) => reject(new Told(`${command}: ${error.message}`)));
    child.on("close", (code, signal) => {
      if (code === 0) return resolve();
      process.stderr.write(Buffer.concat(printed));
      reject(new Told(`${[command, ...args].join(" ")} ended with ${signal ?? `exit code ${code}`}`));
    });
  });
}

/** Runs a program on this terminal, and returns its exit code. */
export function attached(command, args, options) {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: "inherit" });
    child.on("error", reject);
    child.on("close", (code) => resolve(code ?? 1));
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
