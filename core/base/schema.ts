/**
 * Checks values against our schema dialect.
 *
 * A schema becomes a chain of small functions at its first use, once; a value that fits costs no allocation. A keyword that is
 * not part of the dialect is refused then, for a rule that is not understood would be a rule that is not kept.
 */
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

/** The first thing that is wrong, undefined if nothing is. */
type Check = (value: unknown) => SchemaIssue | undefined;

const compiled = new WeakMap<JsonSchema, Check>();

/**
 * Never throws on bad values; the first issue is reported. Defaults are not filled in. Throws for a schema that says something
 * the dialect has no word for.
 */
export function checkSchema<const S extends JsonSchema>(schema: S, value: unknown): SchemaCheck<Infer<S>> {
  const issue = (compiled.get(schema) ?? compile(schema))(value);
  if (issue === undefined) return { ok: true, value: value as Infer<S> };
  return { ok: false, issues: [issue], text: `at ${issue.path === "" ? "root" : issue.path}: ${issue.message}` };
}

function compile(schema: JsonSchema): Check {
  const known = compiled.get(schema);
  if (known !== undefined) return known;
  for (const keyword of Object.keys(schema)) {
    if (!KEYWORDS.has(keyword)) throw new Error(`The schema says "${keyword}", which the dialect does not know.`);
  }
  const check = allOf([checkType(schema), ...checksOfKind(schema), checkConstant(schema), checkOptions(schema)]);
  compiled.set(schema, check);
  return check;
}

const KEYWORDS = new Set<string>([
  "type", "description", "default", "examples", "const", "enum", "anyOf", "properties", "required", "additionalProperties", "items",
  "minLength", "maxLength", "pattern", "minimum", "maximum", "minItems", "maxItems", "minProperties", "maxProperties", "uniqueItems",
  "timeZone", "secret", "inert",
] satisfies (keyof JsonSchema)[]);

const fine: Check = () => undefined;
const wrong = (message: string): SchemaIssue => ({ path: "", message });

function allOf(wanted: readonly (Check | undefined)[]): Check {
  const checks = wanted.filter((check) => check !== undefined);
  const [first = fine, second] = checks;
  if (second === undefined) return first;
  if (checks.length === 2) return (value) => first(value) ?? second(value);
  return (value) => {
    for (const check of checks) {
      const issue = check(value);
      if (issue !== undefined) return issue;
    }
    return undefined;
  };
}

/** The rules of a kind hold for values of that kind only, and are silent about all others. */
function checksOfKind(schema: JsonSchema): (Check | undefined)[] {
  return [...checksOfNumber(schema), ...checksOfText(schema), ...checksOfList(schema), ...checksOfObject(schema)];
}

function checkType({ type }: JsonSchema): Check | undefined {
  if (type === undefined) return undefined;
  const names = [type].flat();
  const issue = wrong(`must be ${names.join(" or ")}`);
  const tests = names.map((name) => {
    const test = TYPES[name];
    if (test === undefined) throw new Error(`The schema asks for the type "${name}", which the dialect does not know.`);
    return test;
  });
  const [only] = tests;
  if (only !== undefined && tests.length === 1) return (value) => (only(value) ? undefined : issue);
  return (value) => (tests.some((test) => test(value)) ? undefined : issue);
}

const TYPES: Readonly<Record<string, (value: unknown) => boolean>> = {
  object: isObject,
  array: Array.isArray,
  string: (value) => typeof value === "string",
  number: Number.isFinite,
  integer: Number.isInteger,
  boolean: (value) => typeof value === "boolean",
  null: (value) => value === null,
};

function isObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

// ── numbers and text ─────────────────────────────────────────────────────────────────────────────────────────────────

function checksOfNumber({ minimum, maximum }: JsonSchema): (Check | undefined)[] {
  const rule = (bound: number | undefined, sign: string, fits: (value: number, bound: number) => boolean): Check | undefined => {
    if (bound === undefined) return undefined;
    const issue = wrong(`must be ${sign} ${bound}`);
    return (value) => (typeof value !== "number" || fits(value, bound) ? undefined : issue);
  };
  return [rule(minimum, ">=", (value, bound) => value >= bound), rule(maximum, "<=", (value, bound) => value <= bound)];
}

function checksOfText({ minLength, maxLength, pattern }: JsonSchema): (Check | undefined)[] {
  const checks: Check[] = [];
  if (maxLength !== undefined) {
    const issue = tooMany(maxLength, "characters");
    checks.push((value) =>
      typeof value === "string" && value.length > maxLength && countCharacters(value) > maxLength ? issue : undefined);
  }
  if (minLength !== undefined) {
    const issue = tooFew(minLength, "characters");
    checks.push((value) =>
      typeof value === "string" && value.length < 2 * minLength && countCharacters(value) < minLength ? issue : undefined);
  }
  if (pattern !== undefined) {
    const wanted = new RegExp(pattern, "u");
    const issue = wrong(`must match pattern "${pattern}"`);
    checks.push((value) => (typeof value !== "string" || wanted.test(value) ? undefined : issue));
  }
  return checks;
}

/** A pair of surrogates is one. */
function countCharacters(text: string): number {
  let count = text.length;
  for (let at = 0; at < text.length - 1; at += 1) {
    const isPair = (text.charCodeAt(at) & 0xfc00) === 0xd800 && (text.charCodeAt(at + 1) & 0xfc00) === 0xdc00;
    if (!isPair) continue;
    count -= 1;
    at += 1;
  }
  return count;
}

// ── lists and objects ────────────────────────────────────────────────────────────────────────────────────────────────

function checksOfList({ minItems, maxItems, uniqueItems, items }: JsonSchema): (Check | undefined)[] {
  const checks: (Check | undefined)[] = [
    ruleOfSize(minItems, tooFew, "items", (value, bound) => Array.isArray(value) && value.length < bound),
    ruleOfSize(maxItems, tooMany, "items", (value, bound) => Array.isArray(value) && value.length > bound),
  ];
  if (items !== undefined) {
    const check = compile(items);
    checks.push((value) => {
      if (!Array.isArray(value)) return undefined;
      for (let at = 0; at < value.length; at += 1) {
        const issue = check(value[at]);
        if (issue !== undefined) return below(at, issue);
      }
      return undefined;
    });
  }
  if (uniqueItems === true) {
    const issue = wrong("must NOT have duplicate items");
    checks.push((value) => (Array.isArray(value) && new Set(value.map(formOf)).size < value.length ? issue : undefined));
  }
  return checks;
}

/** Equal for equal JSON values, whatever the order of their keys. */
function formOf(value: unknown): string {
  if (Array.isArray(value)) return `[${value.map(formOf).join()}]`;
  if (typeof value === "string") return JSON.stringify(value);
  if (!isObject(value)) return String(value);
  return `{${Object.keys(value).sort().map((key) => `${JSON.stringify(key)}:${formOf(value[key])}`).join()}}`;
}

function checksOfObject(schema: JsonSchema): (Check | undefined)[] {
  return [
    ruleOfSize(schema.minProperties, tooFew, "properties", (value, bound) => isObject(value) && Object.keys(value).length < bound),
    ruleOfSize(schema.maxProperties, tooMany, "properties", (value, bound) => isObject(value) && Object.keys(value).length > bound),
    checkPresence(schema),
    checkOthers(schema),
    checkProperties(schema),
  ];
}

function checkPresence({ required }: JsonSchema): Check | undefined {
  if (required === undefined || required.length === 0) return undefined;
  return (value) => {
    if (!isObject(value)) return undefined;
    for (const name of required) if (value[name] === undefined) return wrong(`must have required property '${name}'`);
    return undefined;
  };
}

/** Properties the schema does not name. */
function checkOthers({ properties = {}, additionalProperties: others = true }: JsonSchema): Check | undefined {
  if (others === true) return undefined;
  const known = new Set(Object.keys(properties));
  const check = others === false ? undefined : compile(others);
  return (value) => {
    if (!isObject(value)) return undefined;
    for (const name in value) {
      if (known.has(name)) continue;
      if (check === undefined) return wrong(`unexpected property '${name}'`);
      const issue = check(value[name]);
      if (issue !== undefined) return below(name, issue);
    }
    return undefined;
  };
}

function checkProperties({ properties = {} }: JsonSchema): Check | undefined {
  const checks = Object.entries(properties).map(([name, inner]) => [name, compile(inner)] as const).filter(([, check]) => check !== fine);
  if (checks.length === 0) return undefined;
  return (value) => {
    if (!isObject(value)) return undefined;
    for (const [name, check] of checks) {
      const inner = value[name];
      const issue = inner === undefined ? undefined : check(inner);
      if (issue !== undefined) return below(name, issue);
    }
    return undefined;
  };
}

/** What is wrong inside, seen from one level further out. */
function below(name: string | number, { path, message }: SchemaIssue): SchemaIssue {
  return { path: `/${String(name).replaceAll("~", "~0").replaceAll("/", "~1")}${path}`, message };
}

function ruleOfSize(
  bound: number | undefined, issueOf: (bound: number, what: string) => SchemaIssue, what: string,
  breaks: (value: unknown, bound: number) => boolean,
): Check | undefined {
  if (bound === undefined) return undefined;
  const issue = issueOf(bound, what);
  return (value) => (breaks(value, bound) ? issue : undefined);
}

function tooFew(bound: number, what: string): SchemaIssue {
  return wrong(`must NOT have fewer than ${bound} ${what}`);
}

function tooMany(bound: number, what: string): SchemaIssue {
  return wrong(`must NOT have more than ${bound} ${what}`);
}

// ── values that are named ────────────────────────────────────────────────────────────────────────────────────────────

function checkConstant({ const: only, enum: several }: JsonSchema): Check | undefined {
  const checks: Check[] = [];
  if (only !== undefined) checks.push(oneOf([only], `must be equal to constant: ${JSON.stringify(only)}`));
  if (several !== undefined) checks.push(oneOf(several, `must be equal to one of the allowed values: ${JSON.stringify(several)}`));
  return checks.length === 0 ? undefined : allOf(checks);
}

function oneOf(values: readonly unknown[], message: string): Check {
  const issue = wrong(message);
  return (value) => (values.includes(value) ? undefined : issue);
}

/** Where no form fits, what each of them misses is said. */
function checkOptions({ anyOf }: JsonSchema): Check | undefined {
  if (anyOf === undefined) return undefined;
  const checks = anyOf.map(compile);
  return (value) => {
    const issues: SchemaIssue[] = [];
    for (const check of checks) {
      const issue = check(value);
      if (issue === undefined) return undefined;
      issues.push(issue);
    }
    const said = issues.map(({ path, message }) => (path === "" ? message : `at ${path}: ${message}`));
    return wrong([...new Set(said)].join(", or "));
  };
}
