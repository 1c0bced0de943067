/** A second opinion on whether a value fits a schema of our dialect: that of a validator the world uses. */
import { Ajv } from "ajv";
import type { JsonSchema } from "@openclaw/protocol";

const ajv = new Ajv({ allErrors: false, strict: false, validateSchema: false });

export function judgeOf(schema: JsonSchema): (value: unknown) => boolean {
  return ajv.compile(schema);
}
