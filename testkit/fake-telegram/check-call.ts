/** What Telegram says of a call's parameters before it does anything: read from the schema, nothing is named here by hand. */
import { readFileSync } from "node:fs";

export interface FieldFacts {
  readonly types: readonly string[];
  readonly required?: true;
  readonly requiredUnless?: readonly string[];
  readonly values?: readonly string[];
  readonly charsMin?: number;
  readonly charsMax?: number;
  /** The characters are those that are left once the formatting is read. */
  readonly afterEntities?: true;
  readonly min?: number;
  readonly max?: number;
  readonly itemsMax?: number;
  readonly pattern?: string;
}

export type ObjectFacts = Readonly<Record<string, FieldFacts>>;

export interface Schema {
  readonly about: string;
  readonly methods: Readonly<Record<string, { readonly returns: readonly string[]; readonly parameters: ObjectFacts }>>;
  readonly types: Readonly<Record<string, ObjectFacts>>;
}

export const SCHEMA = JSON.parse(readFileSync(new URL("./schema.json", import.meta.url), "utf8")) as Schema;

export type Given = Readonly<Record<string, unknown>>;

/** What is wrong, in words; undefined where nothing is. Parameters that no method has are let pass, as Telegram does. */
export function checkCall(method: string, given: Given): string | undefined {
  const facts = SCHEMA.methods[method]?.parameters ?? {};
  return checkFields(facts, given, "");
}

/** What is wrong with something the fake says itself, unknown fields included. */
export function checkObject(type: string, given: unknown): string | undefined {
  const facts = SCHEMA.types[type];
  if (facts === undefined) return undefined;
  if (!isRecord(given)) return `${type} is no object`;
  const unknown = Object.keys(given).find((name) => !Object.hasOwn(facts, name));
  return unknown === undefined ? checkFields(facts, given, `${type}.`) : `${type} has no field ${unknown}`;
}

function checkFields(facts: ObjectFacts, given: Given, path: string): string | undefined {
  for (const [name, field] of Object.entries(facts)) {
    const value = given[name];
    if (value === undefined || value === null) {
      if (field.required === true) return missing(name, path);
      if (field.requiredUnless?.every((other) => given[other] === undefined) === true) return missing(name, path);
      continue;
    }
    const wrong = field.types.map((type) => checkValue(type, value, field, path + name));
    if (!wrong.includes(undefined)) return wrong[0];
  }
  return undefined;
}

const missing = (name: string, path: string): string =>
  name === "text" ? "message text is empty" : `parameter "${path}${name}" is required`;

function checkValue(type: string, value: unknown, field: FieldFacts, name: string): string | undefined {
  const list = /^Array of (.+)$/.exec(type)?.[1];
  if (list !== undefined) {
    if (!Array.isArray(value)) return `can't parse ${name}: it is no array`;
    if (field.itemsMax !== undefined && value.length > field.itemsMax) return `can't parse ${name}: too many entries`;
    return value.map((each) => checkValue(list, each, { types: [list] }, name)).find((wrong) => wrong !== undefined);
  }
  if (type === "String") {
    if (typeof value !== "string") return `can't parse ${name}: it is no string`;
    if (field.values !== undefined && !field.values.includes(value)) return `wrong parameter ${name} in request`;
    if (field.pattern !== undefined && !new RegExp(field.pattern, "u").test(value)) return `invalid ${name} specified`;
    if (field.afterEntities === true) return undefined;
    const { charsMin = 0, charsMax = Number.POSITIVE_INFINITY } = field;
    return value.length < charsMin || value.length > charsMax ? `invalid ${name} specified` : undefined;
  }
  if (type === "Number") {
    if (typeof value !== "number" || !Number.isFinite(value)) return `can't parse ${name}: it is no number`;
    const { min = Number.NEGATIVE_INFINITY, max = Number.POSITIVE_INFINITY } = field;
    return value < min || value > max ? `invalid ${name} specified` : undefined;
  }
  if (type === "Boolean") return typeof value === "boolean" ? undefined : `can't parse ${name}: it is no boolean`;
  const facts = SCHEMA.types[type];
  if (!isRecord(value)) return `can't parse ${name}: it is no object`;
  return facts === undefined ? undefined : checkFields(facts, value, `${name}.`);
}

export function isRecord(value: unknown): value is Given {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}
