/** Every client of the matrix, as this machine has it. */
import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, readdirSync, realpathSync } from "node:fs";
import { delimiter, dirname, join } from "node:path";
import type { Workshop } from "../lib/git.ts";
import { projectDir } from "../lib/server.ts";
import type { Absent, Client } from "./client.ts";
import { inWorker } from "./in-worker.ts";

const drivers = join(projectDir, "worker-tests", "clients");
/** Where scripts/clients.mjs puts them. */
const installed = join(projectDir, ".tools", "clients");

/** Whether the clients are tried, too, that take minutes to install. */
const all = process.env["ALL_CLIENTS"] !== undefined;

/** The rows of the matrix in their order; git has several of one, if it is here in several versions. */
export function clientsOf(shop: Workshop): (Client | Absent)[] {
  const quick = [...gitClients(shop), pythonClient(shop, "pygit2"), pythonClient(shop, "dulwich"), ...isomorphicGit(shop)];
  return [...quick, jgit(shop), goGit(shop), gitoxide(shop)];
}

/** A client whose driver is a program. */
function program(shop: Workshop, row: string, version: string, command: string[], env: Record<string, string> = {}): Client {
  const [file = "", ...before] = command;
  return { row, version, run: (...words) => shop.run(file, { env }, ...before, ...words) };
}

/** What a program prints of its version; nothing where it does not run. */
function printed(file: string, ...args: string[]): string | undefined {
  try {
    return execFileSync(file, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] }).trim();
  } catch {
    return undefined;
  }
}

/** Every git of another version on this machine: the first is the one that the other tests use. */
function gits(): { file: string; version: string }[] {
  const folders = [...(process.env["PATH"] ?? "").split(delimiter), "/usr/bin"];
  const found = new Map<string, string>();
  for (const file of folders.map((folder) => join(folder, "git"))) {
    const version = existsSync(file) ? printed(file, "--version") : undefined;
    if (version !== undefined && !found.has(version)) found.set(version, realpathSync(file));
  }
  return [...found].map(([version, file]) => ({ version: version.replace("version ", ""), file }));
}

function gitClients(shop: Workshop): (Client | Absent)[] {
  const command = ["sh", join(drivers, "git", "driver.sh")];
  const found = gits();
  const clients = found.flatMap(({ file, version }) =>
    [0, 1, 2].map((protocol) => {
      const env = { CLIENT_GIT: file, CLIENT_GIT_PROTOCOL: String(protocol) };
      return program(shop, `git, protocol v${protocol}`, version, command, env);
    }),
  );
  const second = { row: "git, protocol v2", absent: "there is one git on PATH and in /usr/bin: no second version to try" };
  return found.length > 1 ? clients : [...clients, second];
}

function pythonClient(shop: Workshop, name: string): Client | Absent {
  const python = join(installed, "python", "bin", "python");
  const version = printed(python, "-c", `import ${name}, importlib.metadata as m; print(m.version("${name}"))`);
  if (version === undefined) return { row: name, absent: "not installed: npm test does, where there is a python3 with venv" };
  // Without -B it would leave compiled files beside the driver.
  return program(shop, name, `${name} ${version}`, [python, "-B", join(drivers, "python", `${name}_driver.py`)]);
}

function isomorphicGit(shop: Workshop): Client[] {
  const path = join(projectDir, "node_modules", "isomorphic-git", "package.json");
  const version = `isomorphic-git ${(JSON.parse(readFileSync(path, "utf8")) as { version: string }).version}`;
  const command = [process.execPath, join(drivers, "isomorphic-git", "driver.mjs")];
  return [
    program(shop, "isomorphic-git in Node", version, command),
    { row: "isomorphic-git in a Worker", version, run: inWorker },
  ];
}

/** A client that takes minutes to install; `test` is a file that is there when it is. */
function slow(row: string, test: string, client: () => Client): Client | Absent {
  if (!all) return { row, absent: "npm run test:clients tries it" };
  if (!existsSync(test)) return { row, absent: "not installed: npm run test:clients says what is missing" };
  return client();
}

function jgit(shop: Workshop): Client | Absent {
  const folder = join(installed, "jgit");
  return slow("JGit", join(folder, "Driver.class"), () => {
    const jars = [join(installed, "debian", "usr", "share", "java"), "/usr/share/java"];
    const found = (name: string) => jars.map((jars) => join(jars, `${name}.jar`)).filter((file) => existsSync(file));
    const jgit = found("org.eclipse.jgit");
    const needed = ["javaewah", "jsch", "slf4j-api", "slf4j-nop"].flatMap(found);
    const names = readdirSync(dirname(jgit[0] ?? "")).join("\n");
    const version = /^org\.eclipse\.jgit-([\d.]+?)\.\d{8}/m.exec(names)?.[1];
    const classPath = [folder, ...jgit, ...needed].join(":");
    // The compiler that makes code faster after minutes is no use to programs of a second.
    return program(shop, "JGit", `JGit ${version}`, ["java", "-XX:TieredStopAtLevel=1", "-cp", classPath, "Driver"]);
  });
}

function goGit(shop: Workshop): Client | Absent {
  const folder = join(installed, "go-git");
  const driver = join(folder, "driver");
  // The library does not know its version: what installed it has noted it.
  const version = () => `go-git ${readFileSync(join(folder, "version"), "utf8")}`;
  return slow("go-git", driver, () => program(shop, "go-git", version(), [driver]));
}

function gitoxide(shop: Workshop): Client | Absent {
  const driver = join(installed, "gitoxide", "driver");
  const lock = readFileSync(join(drivers, "gitoxide", "Cargo.lock"), "utf8");
  const version = /name = "gix"\nversion = "([^"]+)"/.exec(lock)?.[1];
  return slow("gitoxide", driver, () => program(shop, "gitoxide", `gix ${version}`, [driver]));
}
