/** openapi.json: well-formed, true of the routes there are, exact in what it says of answers, and served as it stands. */
import { Validator } from "@seriousme/openapi-schema-validator";
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { after, test } from "node:test";
import { Api } from "./lib/api.ts";
import { assertDescribed, document, misfit, operations, pointer } from "./lib/openapi.ts";
import { Server, projectDir } from "./lib/server.ts";

const server = await Server.start();
after(() => server.stop());
const api = new Api(server.origin);

const read = (...path: string[]) => readFileSync(join(projectDir, ...path), "utf8");

/** An address of a path of the description. */
const address = (path: string) => `${server.origin}/v1/api${path.replaceAll(/\{\w+\}/g, "x")}`;

/** Values that a part of the description gives as examples, with the places of the schemas that they are examples of. */
function examples(part: unknown = document, place = ""): { schema: string; value: unknown }[] {
  if (typeof part !== "object" || part === null) return [];
  const { example, examples: given, ...rest } = part as Record<string, unknown>;
  const values = Array.isArray(given) ? given : Object.values(given ?? {}).map(({ value }) => value);
  if (example !== undefined) values.push(example);
  const schema = "schema" in rest ? `${place}/schema` : place;
  const inside = Object.entries(rest).flatMap(([key, value]) => examples(value, place + pointer(key)));
  return [...values.map((value) => ({ schema, value })), ...inside];
}

/** Every object in a value. */
function objectsIn(value: unknown): Record<string, unknown>[] {
  if (typeof value !== "object" || value === null) return [];
  const inside = Object.values(value).flatMap(objectsIn);
  return Array.isArray(value) ? inside : [value as Record<string, unknown>, ...inside];
}

test("it is OpenAPI 3.1, written as a machine would write it", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate({ ...document });
  assert.ok(valid, JSON.stringify(errors, null, 2));
  assert.equal(validator.version, "3.1");
  assert.equal(read("openapi.json"), `${JSON.stringify(document, null, 2)}\n`);
});

test("its version is that of the Worker", () => {
  assert.equal(document.info.version, /^version = "(.+)"$/m.exec(read("Cargo.toml"))?.[1]);
});

// Queries for metrics are none of them: GraphQL describes itself, in docs/metrics.graphql and to who asks.
test("its operations are the calls of the route table", () => {
  const enums = read("src", "http", "calls.rs").matchAll(/enum ((?:Rest|Namespace)Call|RepoPart) \{\n([^]*?)\n\}/g);
  const variants = [...enums].flatMap(([, of, body = ""]) =>
    [...body.matchAll(/^ {4}(\w+)/gm)].map(([, name = ""]) => (of === "RepoPart" ? `Read${name}` : name)),
  );
  const names = variants.map((name) => name.charAt(0).toLowerCase() + name.slice(1));
  // The calls in a namespace are an enum of their own, and so are the parts of a repo that are read.
  const calls = names.filter((name) => name !== "in" && name !== "readRepo");
  assert.deepEqual(operations().map(({ operation }) => operation.operationId).sort(), calls.sort());
});

for (const { method, path } of operations()) {
  test(`${method} ${path} is there, and asks who is asking`, async () => {
    assert.equal((await api.requestUrl(method, address(path), { token: null })).status, 401);
  });
}

test("paths have the methods that are described, and HEAD where there is GET", async () => {
  for (const path of Object.keys(document.paths)) {
    const described = operations().filter((operation) => operation.path === path).map(({ method }) => method);
    const methods = [...described, ...(described.includes("GET") ? ["HEAD"] : []), "OPTIONS"];
    const { status, headers } = await api.requestUrl("OPTIONS", address(path));
    assert.deepEqual([status, headers.get("allow")?.split(", ").sort()], [204, methods.sort()], path);
    assert.equal((await api.requestUrl("PUT", address(path))).status, 405);
  }
});

test("every example fits its schema", () => {
  assert.notEqual(examples().length, 0);
  for (const { schema, value } of examples()) assert.equal(misfit(schema, value), null, `${schema}: ${JSON.stringify(value)}`);
});

test("an answer has the fields that are described, all of them and no more", () => {
  const answers = examples().filter(({ schema }) => schema.includes("/responses/") && !schema.includes("/headers/"));
  assert.notEqual(answers.length, 0);
  for (const { schema, value } of structuredClone(answers)) {
    for (const object of objectsIn(value)) {
      object["undescribed"] = 1;
      assert.match(misfit(schema, value) ?? "", /undescribed/, schema);
      delete object["undescribed"];
      for (const [key, held] of Object.entries(object).filter(([key]) => key !== "source")) {
        delete object[key];
        assert.match(misfit(schema, value) ?? "", new RegExp(`"${key}"`), schema);
        object[key] = held;
      }
    }
  }
});

test("an answer that is not described is told in words", () => {
  const asked = { method: "DELETE", url: address("/namespaces/{namespace}/repos/{name}") };
  const deleted = { result: { id: "0123456789abcdef" }, success: true, errors: [], messages: [] };
  const json = { "Content-Type": "application/json" };
  const why = (status: number, body: object, told: Record<string, string> = json, { method, url } = asked) => {
    try {
      assertDescribed({ method, url }, { status, headers: new Headers(told), text: JSON.stringify(body) });
    } catch (error) {
      return String(error);
    }
    return "";
  };
  assert.equal(why(202, deleted), "");
  assert.match(why(200, deleted), /deleteRepo lists 202, .*, not 200\nDELETE http/);
  assert.match(why(202, { ...deleted, colour: "blue" }), /it must NOT have additional properties .*"colour"/);
  assert.match(why(202, { ...deleted, result: { id: 7 } }), /\/result\/id must be string/);
  assert.match(why(202, deleted, { "Content-Type": "text/html" }), /its body is application\/json, not text\/html/);
  const refused = (code: number, message: string) => ({ result: null, success: false, errors: [{ code, message }], messages: [] });
  assert.match(why(409, refused(10301, "creating")), /the header Retry-After is missing/);
  assert.match(why(409, refused(10301, "creating"), { ...json, "Retry-After": "soon" }), /the header Retry-After it must be integer/);
  assert.match(why(404, refused(10201, "taken")), /\/errors\/0\/code must be equal to one of the allowed values/);
  assert.match(why(200, deleted, json, { ...asked, method: "PUT" }), /has no PUT, and the status is not 405/);
  const elsewhere = { method: "GET", url: `${server.origin}/v1/api/nowhere` };
  assert.match(why(404, refused(10200, "Lost."), json, elsewhere), /it has no such path/);
  assert.equal(why(404, refused(10200, "No such route."), json, elsewhere), "");
});

test("it is served as it stands, to everybody", async () => {
  const answer = await fetch(`${server.origin}/openapi.json`);
  assert.deepEqual([answer.status, answer.headers.get("content-type")], [200, "application/json"]);
  assert.deepEqual(await answer.json(), document);
});
