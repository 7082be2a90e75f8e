// The driver of isomorphic-git in Node.

import fs from "node:fs";
import http from "isomorphic-git/http/node";
import { Lacks, operate } from "./operations.mjs";

const [operation, ...words] = process.argv.slice(2);
try {
  await operate({ fs, http }, operation, words);
} catch (error) {
  const lacks = error instanceof Lacks;
  console.error(lacks ? `lacks: ${error.message}` : `${error.name}: ${error.message}`);
  process.exitCode = lacks ? 3 : 1;
}
