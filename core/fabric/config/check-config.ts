/**
 * What is wrong with a configuration, all of it at once, each complaint with its key; and what is merely odd in it.
 *
 * The general schema check stops at the first mistake, which is enough for a program; a person who mends a file wants every one.
 * It understands the whole schema dialect. A key that nobody knows is odd, not wrong: it may be of a newer program.
 */
import type { ErrorCode, JsonSchema } from "@openclaw/protocol";
import { isTimeZone } from "../../base/time-zone.ts";
import { schemaAt, type KeyPath } from "./config-key.ts";
import { suggest } from "./suggest-key.ts";

export interface ConfigIssue {
  /** Where it is not the file that was asked for but one that it includes. */
  readonly file?: string;
  readonly line: number;
  readonly column: number;
  /** The key, as a person writes it; empty for the whole file. */
  readonly path: string;
  readonly message: string;
  readonly code: Extract<ErrorCode, "CONFIG_INVALID" | "CONFIG_KEY_UNKNOWN" | "CONFIG_SECRET_INLINE">
    | "CONFIG_KEY_INERT" | "CONFIG_VARIABLE_UNSET";
}

export interface Complaint {
  readonly at: KeyPath;
  readonly message: string;
  readonly code: ConfigIssue["code"];
}

export interface Findings {
  /** Any of these, and the configuration is not taken. */
  readonly wrong: readonly Complaint[];
  readonly odd: readonly Complaint[];
  /** Where secrets stand in the clear. */
  readonly secrets: readonly KeyPath[];
}

const WRONG_MAX = 32;
/** A file of another program has many. */
const ODD_MAX = 256;

const SECRET_NAME = /(?:apikey|token|password|secret)$/;
/** A reference to the environment is not a secret. */
export const REFERENCE = /^\$\{[A-Z_][A-Z0-9_]*\}$/;

/** At most so many of each kind, in the order of the text. */
export function checkConfig(schema: JsonSchema, value: unknown): Findings {
  const [wrong, odd]: [Complaint[], Complaint[]] = [[], []];
  const complain: Complain = (at, message, code = "CONFIG_INVALID") => {
    if (isOdd(code) ? odd.length < ODD_MAX : wrong.length < WRONG_MAX) (isOdd(code) ? odd : wrong).push({ at, message, code });
  };
  check(schema, value, [], complain);
  const secrets = [...findSecrets(schema, value, [])];
  const inline = 'is a secret in the clear; "openclaw secrets move" puts it into the vault';
  for (const at of secrets) complain(at, inline, "CONFIG_SECRET_INLINE");
  return { wrong, odd, secrets };
}

type Complain = (at: KeyPath, message: string, code?: Complaint["code"]) => void;

function isOdd(code: Complaint["code"]): boolean {
  return code !== "CONFIG_INVALID";
}

function check(schema: JsonSchema, value: unknown, at: KeyPath, complain: Complain): void {
  const { anyOf } = schema;
  // What nothing acts on can do no harm, whatever it is.
  if (schema.inert === true) return complain(at, "is taken, and nothing here acts on it", "CONFIG_KEY_INERT");
  if (anyOf !== undefined) {
    const option = anyOf.find((one) => fits(one, value)) ?? anyOf.find((one) => fits(one, value, isOdd));
    if (option === undefined) return checkOptions(anyOf, value, at, complain);
    check(option, value, at, complain);
  }
  if (schema.const !== undefined && value !== schema.const) return complain(at, `must be ${JSON.stringify(schema.const)}`);
  if (schema.enum !== undefined && !schema.enum.includes(value as string)) {
    return complain(at, `must be one of ${schema.enum.map((option) => JSON.stringify(option)).join(", ")}; it is ${show(value)}`);
  }
  if (schema.type !== undefined && !isType(schema.type, value)) {
    return complain(at, `must be ${[schema.type].flat().map(article).join(" or ")}; it is ${show(value)}`);
  }
  if (typeof value === "string") checkString(schema, value, at, complain);
  else if (typeof value === "number") checkNumber(schema, value, at, complain);
  else if (Array.isArray(value)) checkList(schema, value, at, complain);
  else if (typeof value === "object" && value !== null) checkObject(schema, value as Record<string, unknown>, at, complain);
}

function fits(schema: JsonSchema, value: unknown, forgives: (code: Complaint["code"]) => boolean = () => false): boolean {
  let good = true;
  check(schema, value, [], (_at, _message, code = "CONFIG_INVALID") => {
    if (!forgives(code)) good = false;
  });
  return good;
}

/** Of several forms, the complaint of the one that was meant, as far as its kind tells. */
function checkOptions(options: readonly JsonSchema[], value: unknown, at: KeyPath, complain: Complain): void {
  const meant = options.filter((option) => option.type !== undefined && isType(option.type, value));
  const [only] = meant;
  if (meant.length === 1 && only !== undefined) check(only, value, at, complain);
  else complain(at, `has none of the allowed forms; it is ${show(value)}`);
}
function checkString(schema: JsonSchema, value: string, at: KeyPath, complain: Complain): void {
  const { minLength = 0, maxLength = Infinity, pattern } = schema;
  if (value.length < minLength) complain(at, minLength === 1 ? "must not be empty" : `must have at least ${minLength} characters`);
  if (value.length > maxLength) complain(at, `must have at most ${maxLength} characters`);
  if (pattern !== undefined && !new RegExp(pattern, "u").test(value)) complain(at, `must match ${pattern}`);
  if (schema.timeZone === true && !isTimeZone(value)) complain(at, "must be a time zone this machine knows, such as Europe/Berlin");
}

function checkNumber(schema: JsonSchema, value: number, at: KeyPath, complain: Complain): void {
  const { minimum = -Infinity, maximum = Infinity } = schema;
  if (value < minimum) complain(at, `must be at least ${minimum}; it is ${value}`);
  if (value > maximum) complain(at, `must be at most ${maximum}; it is ${value}`);
}

function checkList(schema: JsonSchema, value: readonly unknown[], at: KeyPath, complain: Complain): void {
  const { minItems = 0, maxItems = Infinity, uniqueItems = false, items } = schema;
  if (value.length < minItems) complain(at, `must have at least ${minItems} entries`);
  if (value.length > maxItems) complain(at, `must have at most ${maxItems} entries`);
  if (uniqueItems && new Set(value.map((item) => JSON.stringify(item))).size < value.length) complain(at, "must not name anything twice");
  if (items !== undefined) for (const [index, item] of value.entries()) check(items, item, [...at, index], complain);
}

function checkObject(schema: JsonSchema, value: Readonly<Record<string, unknown>>, at: KeyPath, complain: Complain): void {
  const { properties = {}, additionalProperties, required = [], minProperties = 0, maxProperties = Infinity } = schema;
  const names = Object.keys(value);
  if (names.length < minProperties) complain(at, `must have at least ${minProperties} entries`);
  if (names.length > maxProperties) complain(at, `must have at most ${maxProperties} entries`);
  for (const name of required) if (!Object.hasOwn(value, name)) complain(at, `needs the key "${name}"`);
  for (const name of names) {
    const others = typeof additionalProperties === "object" ? additionalProperties : undefined;
    const known = Object.hasOwn(properties, name) ? properties[name] : others;
    // An object that took it would change its own kind.
    if (name === "__proto__") complain([...at, name], "is not a key");
    else if (known !== undefined) check(known, value[name], [...at, name], complain);
    else if (additionalProperties === false) {
      complain([...at, name], `is not a key${suggest(name, Object.keys(properties))}`, "CONFIG_KEY_UNKNOWN");
    }
  }
}

/** Where a value holds a secret in the clear. */
export function* findSecrets(schema: JsonSchema | undefined, value: unknown, at: KeyPath): Generator<KeyPath> {
  if (typeof value === "string") {
    if (isSecretPlace(schema, at) && value !== "" && !REFERENCE.test(value)) yield at;
    return;
  }
  if (typeof value !== "object" || value === null || schema?.inert === true) return;
  for (const [name, inner] of Object.entries(value)) {
    const part = Array.isArray(value) ? Number(name) : name;
    yield* findSecrets(schema === undefined ? undefined : schemaAt(schema, [part]), inner, [...at, part]);
  }
}

/** Providers of models are drop-ins, whose own schemas are not known here: of what stands there the name tells. */
export function isSecretPlace(schema: JsonSchema | undefined, at: KeyPath): boolean {
  if (schema?.secret === true) return true;
  return at[0] === "models" && SECRET_NAME.test(String(at.at(-1) ?? "").toLowerCase().replace(/[-_]/g, ""));
}

function isType(type: NonNullable<JsonSchema["type"]>, value: unknown): boolean {
  return [type].flat().some((name) => {
    switch (name) {
      case "null": return value === null;
      case "array": return Array.isArray(value);
      case "object": return typeof value === "object" && value !== null && !Array.isArray(value);
      case "integer": return Number.isInteger(value);
      case "number": return Number.isFinite(value);
      default: return typeof value === name;
    }
  });
}

function article(name: string): string {
  if (name === "null") return "null";
  if (name === "boolean") return "true or false";
  if (name === "string") return "text";
  return name === "array" ? "a list" : name === "integer" ? "a whole number" : name === "number" ? "a number" : "an object";
}

/** The kind of a value, and the value itself only where it is short: a mistyped secret is not repeated. */
function show(value: unknown): string {
  if (typeof value === "number" || typeof value === "boolean" || value === null) return String(value);
  return Array.isArray(value) ? "a list" : typeof value === "string" ? "text" : "an object";
}
