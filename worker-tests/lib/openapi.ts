/** openapi.json, and whether an answer of the REST API is one that it describes. */
import { Ajv2020 } from "ajv/dist/2020.js";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { projectDir } from "./server.ts";

export interface Operation {
  operationId: string;
  responses: Record<string, object>;
}

interface Response {
  headers?: Record<string, object>;
  content?: Record<string, object>;
}

interface Document {
  info: { version: string };
  servers: { url: string }[];
  /** Operations by path and method. */
  paths: Record<string, Record<string, Operation>>;
}

/** A request, as far as it decides which answers are described. */
export interface Asked {
  method: string;
  url: string;
}

export interface Answered {
  status: number;
  headers: Headers;
  text: string;
}

export const document: Document = JSON.parse(readFileSync(join(projectDir, "openapi.json"), "utf8"));

const bases = document.servers.map(({ url }) => templatePattern(url));
const paths = Object.keys(document.paths).map((path) => ({ path, pattern: templatePattern(path, "$") }));
const methods = ["get", "put", "post", "delete", "options", "head", "patch", "trace"];

/** Schemas are found by their place in the document, which is no schema itself. Patterns say what formats would. */
const ajv = new Ajv2020({ allErrors: true, allowUnionTypes: true, validateFormats: false });
ajv.addVocabulary(Object.keys(document));
ajv.addSchema(document, "openapi.json");

/** The place of a part in the document, as a JSON pointer. */
export function pointer(...keys: string[]): string {
  return keys.map((key) => `/${key.replaceAll("~", "~0").replaceAll("/", "~1")}`).join("");
}

/** What the part at a place is, a reference followed to where it leads, and that place. */
function resolved<T>(place: string): { place: string; value: T } {
  let value: unknown = document;
  for (const key of place.split("/").slice(1)) {
    value = (value as Record<string, unknown>)[key.replaceAll("~1", "/").replaceAll("~0", "~")];
  }
  const { $ref } = value as { $ref?: string };
  return $ref === undefined ? { place, value: value as T } : resolved($ref.slice(1));
}

/** In words, why a value does not fit the schema at a place; null when it does. */
export function misfit(place: string, value: unknown): string | null {
  const fits = ajv.getSchema(`openapi.json#${encodeURI(place)}`);
  if (fits === undefined) throw new Error(`openapi.json holds nothing at ${place}`);
  if (fits(value)) return null;
  const all = fits.errors ?? [];
  return all.map(({ instancePath, message, params }) => `${instancePath || "it"} ${message} ${JSON.stringify(params)}`).join(", ");
}

/** Every operation, with its path and method. */
export function operations(): { method: string; path: string; operation: Operation }[] {
  return Object.entries(document.paths).flatMap(([path, item]) =>
    methods.flatMap((method) => {
      const operation = item[method];
      return operation === undefined ? [] : [{ method: method.toUpperCase(), path, operation }];
    }),
  );
}

/** Fails unless the description has this answer to this request. */
export function assertDescribed(asked: Asked, answered: Answered): void {
  const why = undescribed(asked, answered);
  if (why === null) return;
  const said = `${answered.status} ${answered.text}`.slice(0, 2000);
  throw new Error(`openapi.json does not describe this answer: ${why}\n${asked.method} ${asked.url}\n${said}`);
}

function undescribed({ method, url }: Asked, answered: Answered): string | null {
  const path = describedPath(new URL(url).pathname);
  if (path === undefined) return isNoRoute(answered) ? null : "it has no such path, and that is not what the answer says";
  // HEAD goes where GET does.
  const key = method === "HEAD" ? "get" : method.toLowerCase();
  const operation = document.paths[path]?.[key];
  if (operation === undefined) {
    const [status, response] = method === "OPTIONS" ? [204, "Methods"] : [405, "MethodNotAllowed"];
    if (answered.status !== status) return `${path} has no ${method}, and the status is not ${status}`;
    return mismatch(pointer("components", "responses", response), method, answered);
  }
  if (isNoRoute(answered)) return `${operation.operationId} is there, and that is not what the answer says`;
  const status = String(answered.status);
  const listed = Object.keys(operation.responses);
  if (!listed.includes(status)) return `${operation.operationId} lists ${listed.join(", ")}, not ${status}`;
  return mismatch(pointer("paths", path, key, "responses", status), method, answered);
}

/** What an address begins with that fits a template, or, with `$` at its end, is. */
function templatePattern(template: string, end = ""): RegExp {
  // Paths to files, which OpenAPI has no way to tell from names, have slashes.
  const pattern = template.replaceAll(".", "\\.").replaceAll("{path}", ".+").replaceAll(/\{\w+\}/g, "[^/]*");
  return new RegExp(`^${pattern}${end}`);
}

/** The template that an address fits, at any of the servers. */
function describedPath(pathname: string): string | undefined {
  const below = bases.filter((base) => base.test(pathname)).map((base) => pathname.replace(base, ""));
  return paths.find(({ pattern }) => below.some((rest) => pattern.test(rest)))?.path;
}

function isNoRoute({ status, text }: Answered): boolean {
  return status === 404 && text.includes('"No such route."') && misfit("/components/schemas/Failure", parsed(text)) === null;
}

/** How an answer differs from the response at a place. */
function mismatch(place: string, method: string, answered: Answered): string | null {
  const response = resolved<Response>(place);
  for (const name of Object.keys(response.value.headers ?? {})) {
    const why = headerMismatch(response.place + pointer("headers", name), answered.headers.get(name));
    if (why !== null) return `the header ${name} ${why}`;
  }
  const [type, ...others] = Object.keys(response.value.content ?? {});
  if (others.length > 0) throw new Error(`${place} has several kinds of content`);
  if (type === undefined || method === "HEAD") return answered.text === "" ? null : "it has a body";
  const told = answered.headers.get("content-type");
  if (type === "*/*") return told === null ? "it has no type" : null;
  if (told !== type) return `its body is ${type}, not ${told}`;
  // Of bytes no more is described.
  if (type !== "application/json") return null;
  return misfit(response.place + pointer("content", type, "schema"), parsed(answered.text));
}

function headerMismatch(place: string, value: string | null): string | null {
  const header = resolved<{ required?: boolean; schema: { type: string } }>(place);
  if (value === null) return header.value.required === true ? "is missing" : null;
  const isNumber = header.value.schema.type === "integer" && /^\d+$/.test(value);
  return misfit(`${header.place}/schema`, isNumber ? Number(value) : value);
}

/** What is no JSON fits no schema. */
function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}
