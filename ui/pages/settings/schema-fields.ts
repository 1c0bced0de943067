/**
 * From the configuration's schema to what a form shows: pure, and bounded by the schema, not by what a file says.
 *
 * What nothing acts on is left out. What has no control of its own is edited as JSON, so that nothing is out of reach.
 */
import type { JsonSchema } from "@openclaw/protocol";

export type Path = readonly string[];
export type Scalar = string | number | boolean | null;

export type Control =
  | { readonly kind: "text"; readonly long: boolean }
  | { readonly kind: "number"; readonly step: "1" | "any"; readonly minimum?: number | undefined; readonly maximum?: number | undefined }
  | { readonly kind: "switch" }
  | { readonly kind: "choice"; readonly options: readonly Scalar[] }
  /** One text a line. */
  | { readonly kind: "lines" }
  /** `keeps`: the file can hold a reference to where it is. */
  | { readonly kind: "secret"; readonly keeps: boolean }
  | { readonly kind: "json" };

interface Named {
  readonly path: Path;
  /** As the command line writes it: `gateway.port`. */
  readonly key: string;
  readonly label: string;
  readonly help: string;
}

export interface Field extends Named {
  readonly kind: "field";
  readonly unit?: string | undefined;
  readonly control: Control;
  /** In force where nothing is said. */
  readonly usual: unknown;
  /** Takes effect at the next start. */
  readonly restart: boolean;
}

export interface Group extends Named {
  readonly kind: "group";
  readonly items: readonly Item[];
  /** An entry of a map: it can be taken away. */
  readonly entry: boolean;
}

export interface MapItem extends Named {
  readonly kind: "map";
  readonly entries: readonly Item[];
}

/** The same key in one of several shapes. */
export interface OneOf extends Named {
  readonly kind: "oneOf";
  readonly options: readonly { readonly shape: "text" | "details" | "list" | "value"; readonly item: Item }[];
  readonly active: number;
}

export type Item = Field | Group | MapItem | OneOf;

export interface Hint {
  readonly help?: string | undefined;
  readonly reloadKind?: string | undefined;
  readonly sensitive?: boolean | undefined;
}

export type Hints = ReadonlyMap<string, Hint>;
type Values = Readonly<Record<string, unknown>>;

const DEPTH_MAX = 12;

interface Place {
  readonly schema: JsonSchema;
  readonly path: Path;
  readonly hintPath: string;
  readonly label: string;
  readonly unit?: string | undefined;
  readonly entry?: boolean;
}

/** The groups of a configuration, in the schema's order. `values` says which entries maps have. */
export function groupsOf(schema: JsonSchema, hints: Hints, values: Values): readonly Item[] {
  return Object.entries(schema.properties ?? {}).flatMap(([name, own]) => {
    const item = itemOf({ schema: own, path: [name], hintPath: name, ...labelOf(name) }, hints, values[name]);
    return item === undefined ? [] : [item];
  });
}

function itemOf(place: Place, hints: Hints, value: unknown): Item | undefined {
  const { schema, path, hintPath, label, unit, entry = false } = place;
  const hint = hints.get(hintPath);
  if (hint?.reloadKind === "none" || path.length > DEPTH_MAX) return undefined;
  const named = { path, key: formatKey(path), label, help: schema.description ?? hint?.help ?? "" };
  const restart = hint?.reloadKind === "restart";
  const field = (control: Control): Field => ({ ...named, kind: "field", unit, control, usual: schema.default, restart });
  if (hint?.sensitive === true) return field({ kind: "secret", keeps: schema.anyOf?.some(isReference) === true });
  if (schema.anyOf !== undefined) return oneOf(place, schema.anyOf, named, hints, value);
  if (schema.enum !== undefined) return field({ kind: "choice", options: schema.enum });
  if (schema.type === "object" && schema.properties !== undefined && Object.keys(schema.properties).length > 0) {
    const items = Object.entries(schema.properties).flatMap(([name, own]) => {
      const child = { schema: own, path: [...path, name], hintPath: `${hintPath}.${name}`, ...labelOf(name) };
      return itemOf(child, hints, fieldsOf(value)[name]) ?? [];
    });
    return items.length === 0 && !entry ? undefined : { ...named, kind: "group", items, entry };
  }
  const each = schema.additionalProperties;
  if (schema.type === "object" && typeof each === "object") {
    const entries = Object.entries(fieldsOf(value)).flatMap(([name, own]) => {
      const child = { schema: each, path: [...path, name], hintPath: `${hintPath}.*`, label: name, entry: true };
      return itemOf(child, hints, own) ?? [];
    });
    return { ...named, kind: "map", entries };
  }
  return field(controlOf(schema));
}

function controlOf(schema: JsonSchema): Control {
  switch (schema.type) {
    case "string": return { kind: "text", long: (schema.maxLength ?? 0) >= 10_000 };
    case "boolean": return { kind: "switch" };
    case "integer": case "number":
      return {
        kind: "number", step: schema.type === "integer" ? "1" : "any", minimum: schema.minimum,
        maximum: schema.maximum === Number.MAX_SAFE_INTEGER ? undefined : schema.maximum,
      };
    case "array": return schema.items?.type === "string" && schema.items.enum === undefined ? { kind: "lines" } : { kind: "json" };
    default: return { kind: "json" };
  }
}

function oneOf(place: Place, all: readonly JsonSchema[], named: Named, hints: Hints, value: unknown): Item | undefined {
  const hasObject = all.some(({ type }) => type === "object");
  // A list without a word about its entries is only taken, for files of others.
  const shapes = all.filter(({ type, items }) => !(hasObject && type === "array" && items === undefined));
  const options = shapes.flatMap((schema) => {
    const described = { ...schema, description: schema.description ?? named.help, default: schema.default ?? place.schema.default };
    const item = itemOf({ ...place, schema: described }, hints, value);
    return item === undefined ? [] : [{ shape: shapeOf(schema), item, schema }];
  });
  const only = options[0];
  if (options.length < 2) return only?.item;
  const meant = value ?? place.schema.default;
  const found = options.findIndex(({ schema }) => fits(meant, schema));
  return { ...named, kind: "oneOf", active: Math.max(0, found), options: options.map(({ shape, item }) => ({ shape, item })) };
}

function shapeOf({ type }: JsonSchema): OneOf["options"][number]["shape"] {
  return type === "string" ? "text" : type === "object" ? "details" : type === "array" ? "list" : "value";
}

function fits(value: unknown, { type, enum: options, const: only }: JsonSchema): boolean {
  if (value === undefined) return false;
  if (options !== undefined) return options.includes(value as Scalar);
  if (only !== undefined) return only === value;
  const own = value === null ? "null" : Array.isArray(value) ? "array" : typeof value;
  return type === own || (own === "number" && type === "integer");
}

function isReference({ properties }: JsonSchema): boolean {
  return properties?.["source"] !== undefined && properties["id"] !== undefined;
}

/** Every field below, for a search; in the order of the form. */
export function fieldsBelow(items: readonly Item[]): readonly (Field | MapItem)[] {
  return items.flatMap((item): readonly (Field | MapItem)[] => {
    if (item.kind === "field") return [item];
    if (item.kind === "group") return fieldsBelow(item.items);
    if (item.kind === "map") return [item, ...fieldsBelow(item.entries)];
    return fieldsBelow(item.options.slice(item.active, item.active + 1).map((option) => option.item));
  });
}

const UNITS: Readonly<Record<string, string>> = { ms: "ms", seconds: "s", minutes: "min", hours: "h", days: "days", bytes: "bytes" };
const CAPITALS: ReadonlySet<string> = new Set("ui http https tls url id api ssh dns mdns sql json ttl".split(" "));

/** `callTimeoutMs` as words, and its unit. */
export function labelOf(name: string): { readonly label: string; readonly unit?: string } {
  const parts = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[-_]/g, " ").split(" ").filter((part) => part !== "");
  const unit = parts.length > 1 ? UNITS[(parts.at(-1) ?? "").toLowerCase()] : undefined;
  const spoken = (unit === undefined ? parts : parts.slice(0, -1)).map((part) => part.toLowerCase())
    .map((part) => (CAPITALS.has(part) ? part.toUpperCase() : part)).join(" ");
  const label = spoken.charAt(0).toUpperCase() + spoken.slice(1);
  return unit === undefined ? { label } : { label, unit };
}

/** As the gateway writes keys. */
export function formatKey(path: Path): string {
  return path.reduce((text, part) => {
    if (!/^[^.[\]"]+$/.test(part)) return `${text}[${JSON.stringify(part)}]`;
    return text === "" ? part : `${text}.${part}`;
  }, "");
}

export function fieldsOf(value: unknown): Values {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Values) : {};
}
