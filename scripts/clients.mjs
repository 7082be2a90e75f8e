// The clients that the tests try: installed into the checkout (.tools/clients), once. One that cannot be had here is left
// out, and it is said why.

import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { ensured, ensuredPython } from "./installed.mjs";
import { output, step, Told } from "./process.mjs";
import { root } from "./toolchain.mjs";

const installed = join(root, ".tools", "clients");
const sources = join(root, "worker-tests", "clients");
/** Debian packages are unpacked here, not installed: that takes no rights, and leaves the system as it was. */
const debian = join(installed, "debian");
const debianPackages = ["libjgit-java", "golang-go", "golang-github-go-git-go-git-dev"];

/** Those that take seconds: dulwich and pygit2, and `cloudflare`, a client of the REST API. */
export async function ensureQuickClients() {
  await ensuredPython("dulwich, pygit2 and cloudflare", join(installed, "python"), join(sources, "python", "requirements.txt"));
}

/** Those that take minutes: JGit, go-git and gitoxide. */
export async function ensureSlowClients() {
  await ensured("JGit and go-git", debian, debianPackages.join(), unpackDebian);
  await ensured("JGit", join(installed, "jgit"), sourceOf("jgit", "Driver.java"), buildJgit);
  await ensured("go-git", join(installed, "go-git"), sourceOf("go-git", "main.go"), buildGoGit);
  const crate = sourceOf("gitoxide", "Cargo.lock") + sourceOf("gitoxide", "src", "main.rs");
  await ensured("gitoxide", join(installed, "gitoxide"), crate, buildGitoxide);
}

function sourceOf(...parts) {
  return readFileSync(join(sources, ...parts), "utf8");
}

async function unpackDebian(folder) {
  if (output("apt-get", ["--version"]) === null) throw new Told("there is no apt-get here, and they are had from Debian");
  const args = ["install", "--simulate", "--no-install-recommends", ...debianPackages];
  const plan = output("apt-get", args, { env: { ...process.env, LC_ALL: "C" } });
  if (plan === null) throw new Told(`apt-get does not find ${debianPackages.join(", ")}: apt-get update may help`);
  const missing = [...plan.matchAll(/^Inst (\S+)/gm)].map(([, name]) => name);
  const downloads = join(folder, "downloads");
  mkdirSync(downloads);
  const get = ["download", ...missing];
  if (missing.length > 0) await step(`Downloading ${missing.length} Debian packages`, "apt-get", get, { cwd: downloads });
  const unpack = 'for package in downloads/*.deb; do [ ! -e "$package" ] || dpkg-deb --extract "$package" .; done';
  await step("Unpacking them", "sh", ["-euc", unpack], { cwd: folder });
  rmSync(downloads, { recursive: true });
}

/** A folder below /usr: of the packages that were unpacked here, or of the system, which had them already. */
function belowUsr(...parts) {
  const found = [debian, "/"].map((above) => join(above, "usr", ...parts)).find((path) => existsSync(path));
  if (found === undefined) throw new Told(`there is no /usr/${parts.join("/")}`);
  return found;
}

/** All jars there are: JGit's and those it needs. */
export const jgitClassPath = [join(installed, "jgit"), join(debian, "usr/share/java/*"), "/usr/share/java/*"].join(":");

async function buildJgit(folder) {
  belowUsr("share", "java", "org.eclipse.jgit.jar");
  if (output("javac", ["-version"]) === null) throw new Told("there is no javac here");
  const args = ["-cp", jgitClassPath, "-d", folder, join(sources, "jgit", "Driver.java")];
  await step("Compiling the driver of JGit", "javac", args);
}

async function buildGoGit(folder) {
  const go = belowUsr("lib", "go");
  const env = {
    ...process.env,
    GOROOT: go,
    GOPATH: `${join(debian, "usr/share/gocode")}:/usr/share/gocode`,
    // Without modules, whose sources would be asked for: Debian's packages are in GOPATH.
    GO111MODULE: "off",
    GOCACHE: join(folder, "cache"),
  };
  const args = ["build", "-o", join(folder, "driver"), "."];
  await step("Compiling the driver of go-git (some seconds)", join(go, "bin", "go"), args, { cwd: join(sources, "go-git"), env });
  rmSync(env.GOCACHE, { recursive: true });
  const changes = gunzipSync(readFileSync(belowUsr("share", "doc", "golang-github-go-git-go-git-dev", "changelog.Debian.gz")));
  writeFileSync(join(folder, "version"), /\((?:\d+:)?([\d.]+)/.exec(changes.toString())?.[1] ?? "");
}

async function buildGitoxide(folder) {
  const target = join(folder, "target");
  const env = { ...process.env, CARGO_TARGET_DIR: target };
  const args = ["build", "--release", "--locked"];
  await step("Compiling the driver of gitoxide (two minutes)", "cargo", args, { cwd: join(sources, "gitoxide"), env });
  cpSync(join(target, "release", "gitoxide-driver"), join(folder, "driver"));
  rmSync(target, { recursive: true });
}
