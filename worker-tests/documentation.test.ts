/** The walkthroughs of the product documentation: their commands as they are printed, over https. */
import assert from "node:assert/strict";
import { spawnSync } from "node:child_process";
import { after, test } from "node:test";
import { Walk, type Substitutions } from "./documentation/walk.ts";
import { accountId, editToken, secretOf, type CreatedRepo, type CreatedToken, type Envelope } from "./lib/api.ts";
import { Workshop } from "./lib/git.ts";
import { Server } from "./lib/server.ts";

const absent = ["curl", "jq"].filter((program) => spawnSync(program, ["--version"]).status !== 0);
const skip = absent.length > 0 && `not on this machine: ${absent.join(", ")}`;

const shop = new Workshop();
// With http, the commands would cut `https://` off a remote that does not begin with it.
const server = skip === false ? await Server.start({ protocol: "https" }) : undefined;
const origin = server?.origin ?? "";
after(async () => {
  shop.remove();
  await server?.stop();
});

/** What every page that speaks of the REST API leaves to its reader. */
const settings = { "<YOUR_ACCOUNT_ID>": accountId, "<YOUR_API_TOKEN>": editToken, "https://api.cloudflare.com": origin };

const namespace = (name: string): Substitutions => ({ 'ARTIFACTS_NAMESPACE="default"': `ARTIFACTS_NAMESPACE="${name}"` });
const head = (repo: string) => shop.git(repo, "rev-parse", "HEAD");

/** Walks through a page in a new folder: every block has to be run or left out. */
function walk(name: string, page: string, folder: string, body: (walk: Walk) => Promise<void>): void {
  test(name, { skip }, async () => {
    const walk = new Walk(page, shop, folder);
    try {
      await body(walk);
      assert.deepEqual(walk.left, []);
    } finally {
      await walk.end();
    }
  });
}

/** The end of either way to get started. */
async function pushAndClone(walk: Walk, folder: string): Promise<void> {
  await walk.run("mkdir artifacts-demo");
  await walk.run("export ARTIFACTS_TOKEN_SECRET=");
  const pushed = await head(`${folder}/artifacts-demo`);
  assert.match(await walk.run("cd ..\n"), new RegExp(`^${pushed.slice(0, 7)} Initial commit$`, "m"));
  assert.equal(await head(`${folder}/artifacts-clone`), pushed);
  // The other way to clone, into the same folder.
  await walk.between("rm -r artifacts-clone");
  await walk.run("git clone");
  assert.equal(await head(`${folder}/artifacts-clone`), pushed);
}

/** Sets the remote and the token of the repo that the pages about Git begin with. */
let starterRepo = "";

walk("get started over REST, pasting from the answers", "get-started-rest-api", "by-hand", async (walk) => {
  await walk.run("export ARTIFACTS_NAMESPACE=", { ...settings, ...namespace("by-hand") });
  const created = await walk.ask<CreatedRepo>("curl --request POST");
  await walk.run("export ARTIFACTS_REMOTE=", {
    "<PASTE_RESULT_REMOTE_FROM_RESPONSE>": created.remote,
    "<PASTE_RESULT_TOKEN_FROM_RESPONSE>": created.token,
  });
  walk.leaveOut("CREATE_RESPONSE=");
  await walk.ask("curl");
  await pushAndClone(walk, "by-hand");
});

walk("get started over REST, with jq", "get-started-rest-api", "with-jq", async (walk) => {
  await walk.run("export ARTIFACTS_NAMESPACE=", settings);
  walk.leaveOut("curl --request POST");
  walk.leaveOut("export ARTIFACTS_REMOTE=");
  await walk.run("CREATE_RESPONSE=");
  await walk.ask("curl");
  await pushAndClone(walk, "with-jq");
  starterRepo = await walk.between(`echo export "ARTIFACTS_REMOTE='$ARTIFACTS_REMOTE' ARTIFACTS_TOKEN='$ARTIFACTS_TOKEN'"`);
});

walk("the Git client finds that repo by its name", "examples-git-client", "git-client", async (walk) => {
  await walk.run("export ACCOUNT_ID=", settings);
  const pushed = await head("with-jq/artifacts-demo");
  assert.equal(await head("git-client/artifacts-clone"), pushed);
  await walk.between("rm -r artifacts-clone");
  await walk.run("ARTIFACTS_TOKEN_SECRET=");
  assert.equal(await head("git-client/artifacts-clone"), pushed);
});

walk("git clones and pushes with either form of a token", "api-git-protocol", "git-protocol", async (walk) => {
  await walk.between(starterRepo);
  await walk.run("git -c http.extraHeader=");
  assert.equal(await head("git-protocol/artifacts-clone"), await head("with-jq/artifacts-demo"));
  await walk.between("rm -r artifacts-clone");
  await walk.run("export ARTIFACTS_TOKEN_SECRET=");
  await walk.run("git clone");
  const commit = await shop.commit("git-protocol/artifacts-clone", "README.md", "# Changed\n");
  await walk.between("cd artifacts-clone");
  await walk.run("git push");
  assert.equal(await walk.between('git ls-remote "$ARTIFACTS_AUTH_REMOTE" main'), `${commit}\trefs/heads/main`);
});

walk("the REST API makes, lists, shows and deletes repos and tokens", "api-rest-api", "reference", async (walk) => {
  await walk.run("export ACCOUNT_ID=", { ...settings, ...namespace("reference") });
  const { id } = await walk.ask<CreatedRepo>("curl --request POST");
  await walk.ask('curl "$ARTIFACTS_BASE_URL/repos?', { last_push_at: null, cursor: "" });
  await walk.ask('curl "$ARTIFACTS_BASE_URL/repos/', { last_push_at: null });
  await walk.ask("curl --request DELETE", { id });
  // What follows is about a repo that is there.
  await walk.again("curl --request POST");
  // It is empty, and the description is the one that was asked for.
  const differs = { description: "Fork for testing", objects: 0 };
  await walk.ask('curl --request POST "$ARTIFACTS_BASE_URL/repos/$ARTIFACTS_REPO/fork"', differs);
  // It asks another host.
  walk.leaveOut('curl --request POST "$ARTIFACTS_BASE_URL/repos/react-mirror/import"');
  await walk.ask('curl "$ARTIFACTS_BASE_URL/repos/', { scope: "write" });
  const token = await walk.ask<CreatedToken>("curl --request POST");
  await walk.ask("curl --request DELETE", { id: token.id }, { tok_123: token.id });
});

walk("each kind of token opens what it is for", "guides-authentication", "authentication", async (walk) => {
  await walk.run("export ACCOUNT_ID=", { ...settings, ...namespace("authentication") });
  assert.match(await walk.run('curl "$ARTIFACTS_BASE_URL/repos/starter-repo"'), /Repository not found: starter-repo\./);
  const { result } = JSON.parse(await walk.run("curl --request POST")) as Envelope<CreatedRepo>;
  const reader = `curl "$ARTIFACTS_BASE_URL/tokens" --header "Authorization: Bearer $CLOUDFLARE_API_TOKEN" \
    --header "Content-Type: application/json" --data '{"repo":"starter-repo","scope":"read"}' | jq --raw-output .result.plaintext`;
  await walk.run("export ARTIFACTS_REMOTE=", { "<PASTE_REMOTE_FROM_CREATE_OR_GET_RESPONSE>": result.remote });
  await walk.run("git", { "<YOUR_READ_TOKEN>": await walk.between(reader) });
  const commit = await shop.commit("authentication/artifacts-clone", "README.md", "# Starter\n");
  await walk.between("cd artifacts-clone");
  await walk.run("git", { "<YOUR_WRITE_TOKEN>": result.token });
  const header = `http.extraHeader=Authorization: Bearer ${result.token}`;
  assert.equal(await walk.between(`git -c "${header}" ls-remote "$ARTIFACTS_REMOTE" main`), `${commit}\trefs/heads/main`);
});

walk("notes hold what belongs to a commit and is no part of it, and travel", "concepts-best-practices", "notes", async (walk) => {
  await walk.between(`${starterRepo}; git -c http.extraHeader="Authorization: Bearer $ARTIFACTS_TOKEN" clone "$ARTIFACTS_REMOTE" work; cd work`);
  const note = await walk.run("git notes add");
  assert.match(note, /^user: .*\n\nassistant: .*$/);
  await walk.between('git -c http.extraHeader="Authorization: Bearer $ARTIFACTS_TOKEN" push origin "refs/notes/*"');
  await walk.between('cd .. && git -c http.extraHeader="Authorization: Bearer $ARTIFACTS_TOKEN" clone "$ARTIFACTS_REMOTE" other && cd other');
  await walk.between('git -c http.extraHeader="Authorization: Bearer $ARTIFACTS_TOKEN" fetch origin "refs/notes/*:refs/notes/*"');
  assert.equal(await walk.between("git notes show HEAD"), note);
});

walk("the addresses of the first announcement work", "platform-changelog", "announcement", async (walk) => {
  const host = { "artifacts.cloudflare.net": origin.replace("https://", "") };
  await walk.between(`CLOUDFLARE_API_TOKEN=${editToken}`);
  const { result } = JSON.parse(await walk.run("curl --request POST", host)) as Envelope<CreatedRepo>;
  await walk.between(`REPO_TOKEN=${secretOf(result.token)}`);
  await walk.run("# Agents know git.", host);
  const commit = await shop.commit("announcement/agent-007", "README.md", "# Agent\n");
  await walk.between("cd agent-007 && git push origin main");
  assert.equal(await walk.between("git ls-remote origin main"), `${commit}\trefs/heads/main`);
});
