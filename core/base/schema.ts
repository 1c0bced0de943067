/** Checks values against our schema dialect. A schema is compiled at its first use, once. */
import { createRequire } from "node:module";
import type { Ajv as AjvClass, ValidateFunction } from "ajv";
import type { Infer, JsonSchema } from "@openclaw/protocol";

export interface SchemaIssue {
  /** JSON pointer into the value; empty for the root. */
  readonly path: string;
  /** `must have required property 'x'`, `unexpected property 'y'`, … */
  readonly message: string;
}

export type SchemaCheck<T> = { readonly ok: true; readonly value: T } | { readonly ok: false; readonly issues: readonly SchemaIssue[]; readonly text: string };

const require = createRequire(import.meta.url);
const compiled = new WeakMap<JsonSchema, ValidateFunction>();
let ajv: AjvClass | undefined;

/** Never throws on bad values; at most eight issues are reported. Defaults are not filled in. */
export function checkSchema<const S extends JsonSchema>(schema: S, value: unknown): SchemaCheck<Infer<S>> {
  const validate = compile(schema);
  if (validate(value)) return { ok: true, value: value as Infer<S> };
  const issues = (validate.errors ?? []).slice(0, 8).map((error): SchemaIssue => {
    if (error.keyword === "additionalProperties") {
      return { path: error.instancePath, message: `unexpected property '${String(error.params["additionalProperty"])}'` };
    }
    const allowed: unknown = error.params["allowedValues"] ?? error.params["allowedValue"];
    return { path: error.instancePath, message: `${error.message ?? "is not valid"}${allowed === undefined ? "" : `: ${JSON.stringify(allowed)}`}` };
  });
  return { ok: false, issues, text: issues.map((issue) => (issue.path === "" ? `at root: ${issue.message}` : `at ${issue.path}: ${issue.message}`)).join("; ") };
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
