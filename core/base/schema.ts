/** Checks values against our schema dialect. A schema is compiled at its first use, once. */
import { createRequire } from "node:module";
import type { Ajv as AjvClass, ErrorObject, ValidateFunction } from "ajv";
import type { Infer, JsonSchema } from "@openclaw/protocol";

export interface SchemaIssue {
  /** JSON pointer into the value; empty for the root. */
  readonly path: string;
  /** `must have required property 'x'`, `unexpected property 'y'`, … */
  readonly message: string;
}

export type SchemaCheck<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly issues: readonly SchemaIssue[]; readonly text: string };

const require = createRequire(import.meta.url);
const compiled = new WeakMap<JsonSchema, ValidateFunction>();
let ajv: AjvClass | undefined;

/** Never throws on bad values; at most eight issues are reported. Defaults are not filled in. */
export function checkSchema<const S extends JsonSchema>(schema: S, value: unknown): SchemaCheck<Infer<S>> {
  const validate = compile(schema);
  if (validate(value)) return { ok: true, value: value as Infer<S> };
  const issues = (validate.errors ?? []).slice(0, 8).map(issueOf);
  return { ok: false, issues, text: issues.map(({ path, message }) => `at ${path === "" ? "root" : path}: ${message}`).join("; ") };
}

function issueOf({ keyword, instancePath: path, message = "is not valid", params }: ErrorObject): SchemaIssue {
  if (keyword === "additionalProperties") return { path, message: `unexpected property '${String(params["additionalProperty"])}'` };
  const allowed: unknown = params["allowedValues"] ?? params["allowedValue"];
  return { path, message: allowed === undefined ? message : `${message}: ${JSON.stringify(allowed)}` };
}

function compile(schema: JsonSchema): ValidateFunction {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  if (ajv === undefined) {
    const { Ajv } = require("ajv") as { Ajv: typeof AjvClass };
    ajv = new Ajv({ allErrors: false, strict: false, validateSchema: false, messages: true, inlineRefs: false });
  }
  const made = ajv.compile(schema);
  compiled.set(schema, made);
  return made;
}
