/** The configuration's schema as clients see it: plain JSON Schema, hints for a form, and what a change of a key takes. */
import type { JsonSchema } from "@openclaw/protocol";

/** What is read once, at the start. Everything else that is acted on is read where it is used. */
const RESTART_KEYS = [
  "gateway.port", "gateway.bind", "gateway.customBindHost", "gateway.auth.mode", "gateway.auth.token", "gateway.auth.password",
  "gateway.auth.rateLimit", "gateway.tls", "gateway.tailscale", "gateway.controlUi", "gateway.nodes.reattachWaitMs",
  "actuators", "listeners", "discovery",
];

export type ReloadKind = "restart" | "hot" | "none";

export interface ConfigHint {
  readonly label: string;
  readonly help?: string;
  readonly group: string;
  readonly order: number;
  readonly advanced: boolean;
  /** What a change of it takes; none: nothing acts on it. Ours. */
  readonly reloadKind: ReloadKind;
  readonly sensitive?: true;
}

interface Place {
  readonly path: string;
  readonly name: string;
  readonly schema: JsonSchema;
  readonly order: number;
}

/** Does a change of this key, or of one below it, take effect only at the next start? */
export function needsRestart(path: string): boolean {
  return RESTART_KEYS.some((key) => isWithin(path, key) || isWithin(key, path));
}

function isWithin(path: string, holder: string): boolean {
  return path === holder || path.startsWith(`${holder}.`) || path.startsWith(`${holder}[`);
}

function reloadKindOf({ path, schema }: Place): ReloadKind {
  if (schema.inert === true) return "none";
  return RESTART_KEYS.some((key) => isWithin(path, key)) ? "restart" : "hot";
}

export interface DescribedConfig {
  /** `config.schema`. */
  describe(): Readonly<Record<string, unknown>>;
  /** `config.schema.lookup`; undefined for a path that nothing is known of. */
  lookUp(path: string): Readonly<Record<string, unknown>> | undefined;
}

export function createConfigDescription(schema: JsonSchema, version: string, nowMs: () => number): DescribedConfig {
  let made: Readonly<Record<string, unknown>> | undefined;
  return {
    describe: () => (made ??= {
      schema: { $schema: "http://json-schema.org/draft-07/schema#", title: "OpenClaw configuration", ...toPlain(schema) },
      uiHints: Object.fromEntries([...walk({ path: "", name: "", schema, order: 0 })].map((place) => [place.path, hintOf(place)])),
      version, generatedAt: new Date(nowMs()).toISOString(),
    }),
    lookUp: (path) => {
      const place = find(schema, path);
      if (place === undefined) return undefined;
      const { properties: _, ...own } = toPlain(place.schema);
      return {
        path, schema: own, reloadKind: reloadKindOf(place), hint: hintOf(place), hintPath: place.path,
        children: childrenOf(place).map((child) => ({
          key: child.name, path: childPath(path, child.name), ...(child.schema.type === undefined ? {} : { type: child.schema.type }),
          required: place.schema.required?.includes(child.name) ?? false, hasChildren: childrenOf(child).length > 0,
          reloadKind: reloadKindOf(child), hint: hintOf(child), hintPath: child.path,
        })),
      };
    },
  };
}

/** `a.b[0].c`, `a/b/0/c`, `a.*.c`; a place in a map or a list is described by `*` and `[]`. */
function find(schema: JsonSchema, path: string): Place | undefined {
  const parts = path.replaceAll("/", ".").replace(/\[(\d*|\*)\]/g, ".[]").split(".").filter((part) => part !== "");
  let place: Place | undefined = { path: "", name: "", schema, order: 0 };
  for (const part of parts) place = place === undefined ? undefined : step(place, part);
  return place;
}

function step(place: Place, part: string): Place | undefined {
  const children = childrenOf(place);
  const isIndex = /^(?:\[\]|\d+|\*)$/.test(part);
  return children.find(({ name }) => name === part) ?? children.find(({ name }) => name === "*" || (name === "[]" && isIndex));
}

function childrenOf({ path, schema }: Place): readonly Place[] {
  const { properties = {}, additionalProperties, items, anyOf = [] } = schema;
  const named = Object.entries(properties).map(([name, own], order) => ({ path: childPath(path, name), name, schema: own, order }));
  if (typeof additionalProperties === "object") {
    named.push({ path: childPath(path, "*"), name: "*", schema: additionalProperties, order: 0 });
  }
  if (items !== undefined) named.push({ path: `${path}[]`, name: "[]", schema: items, order: 0 });
  const further = anyOf.flatMap((option) => childrenOf({ path, name: "", schema: option, order: 0 }));
  return [...named, ...further.filter(({ name }) => !named.some((known) => known.name === name))];
}

function childPath(path: string, name: string): string {
  if (name === "[]") return `${path}[]`;
  return path === "" ? name : `${path}.${name}`;
}

function* walk(place: Place): Generator<Place> {
  if (place.path !== "") yield place;
  for (const child of childrenOf(place)) yield* walk(child);
}

function hintOf(place: Place): ConfigHint {
  const { path, name, schema, order } = place;
  const group = path.split(".", 1)[0] ?? "";
  return {
    label: labelOf(name), ...(schema.description === undefined ? {} : { help: schema.description }), group: labelOf(group), order,
    advanced: schema.inert === true || !USUAL.has(group), reloadKind: reloadKindOf(place),
    ...(schema.secret === true ? { sensitive: true } : {}),
  };
}

/** Sections that people look for first. */
const USUAL: ReadonlySet<string> = new Set(["gateway", "agents", "models", "session", "tools", "channels", "skills"]);

/** `callTimeoutMs` as words. */
function labelOf(name: string): string {
  const words = name.replace(/([a-z0-9])([A-Z])/g, "$1 $2").replace(/[-_]/g, " ");
  return words.charAt(0).toUpperCase() + words.slice(1);
}

/** Without the words only this program's dialect has. */
function toPlain(schema: JsonSchema): Record<string, unknown> {
  const { secret: _, inert: __, timeZone: ___, properties, additionalProperties, items, anyOf, ...rest } = schema;
  return {
    ...rest,
    ...(properties === undefined ? {} : { properties: mapValues(properties, toPlain) }),
    // A key that nobody knows is a warning here, not a mistake.
    ...(typeof additionalProperties === "object" ? { additionalProperties: toPlain(additionalProperties) } : {}),
    ...(items === undefined ? {} : { items: toPlain(items) }),
    ...(anyOf === undefined ? {} : { anyOf: anyOf.map(toPlain) }),
  };
}

function mapValues<T, U>(object: Readonly<Record<string, T>>, map: (value: T) => U): Record<string, U> {
  return Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]));
}
