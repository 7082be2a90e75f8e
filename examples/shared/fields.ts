/** The JSON bodies of requests. */
import { Refused } from "./refused.ts";

/** The fields of a body. */
export async function fieldsOf(request: Request): Promise<Record<string, unknown>> {
  const body: unknown = await request.json().catch((error: unknown) => {
    if (!(error instanceof SyntaxError)) throw error;
    throw new Refused(400, "The body is not JSON.");
  });
  if (!isRecord(body)) throw new Refused(400, "The body is not an object.");
  return body;
}

export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** A field that has to be there. */
export function textOf(fields: Record<string, unknown>, name: string): string {
  const { [name]: value } = fields;
  if (typeof value !== "string" || value === "") throw new Refused(400, `The field ${name} has to be text.`);
  return value;
}
