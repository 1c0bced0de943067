/**
 * One schema dialect: plain JSON Schema literals, written `as const satisfies JsonSchema`.
 *
 * The same object validates, gives the TypeScript type (`Infer`), documents, and is what a model is shown. Only the part
 * of JSON Schema listed here is used anywhere; nothing else is understood.
 */
export interface JsonSchema {
  readonly type?: "object" | "array" | "string" | "number" | "integer" | "boolean" | "null" | readonly string[];
  readonly description?: string;
  readonly default?: unknown;
  readonly examples?: readonly unknown[];
  readonly const?: string | number | boolean | null;
  readonly enum?: readonly (string | number | boolean | null)[];
  readonly anyOf?: readonly JsonSchema[];
  readonly properties?: { readonly [name: string]: JsonSchema };
  readonly required?: readonly string[];
  readonly additionalProperties?: boolean | JsonSchema;
  readonly items?: JsonSchema;
  readonly minLength?: number;
  readonly maxLength?: number;
  readonly pattern?: string;
  readonly minimum?: number;
  readonly maximum?: number;
  readonly minItems?: number;
  readonly maxItems?: number;
  readonly minProperties?: number;
  readonly maxProperties?: number;
  readonly uniqueItems?: boolean;
  /** A configuration value that has to be the name of a time zone. */
  readonly timeZone?: boolean;
  /** Marks a configuration value that must never be printed or stored in the clear. */
  readonly secret?: boolean;
  /** A configuration key of the well-known program that is taken, and that nothing here acts on. */
  readonly inert?: boolean;
}

type Simplify<T> = { [K in keyof T]: T[K] } & {};

type RequiredNames<S> = S extends { readonly required: readonly (infer R)[] } ? R : never;

type InferProperties<S, P extends { readonly [name: string]: JsonSchema }> = Simplify<
  { -readonly [K in keyof P as K extends RequiredNames<S> ? K : never]: Infer<P[K]> } & {
    -readonly [K in keyof P as K extends RequiredNames<S> ? never : K]?: Infer<P[K]>;
  } & (S extends { readonly additionalProperties: true } ? { [name: string]: unknown } : unknown)
>;

type InferRecord<S> = S extends { readonly additionalProperties: infer A extends JsonSchema }
  ? { [name: string]: Infer<A> }
  : { [name: string]: unknown };

type InferNamed<T, S> = T extends "string" ? string
  : T extends "number" | "integer" ? number
  : T extends "boolean" ? boolean
  : T extends "null" ? null
  : T extends "array" ? (S extends { readonly items: infer I extends JsonSchema } ? Infer<I>[] : unknown[])
  : T extends "object"
    ? (S extends { readonly properties: infer P extends { readonly [name: string]: JsonSchema } } ? InferProperties<S, P> : InferRecord<S>)
  : unknown;

/** The TypeScript type of the values a schema accepts. */
export type Infer<S> = S extends { readonly const: infer C } ? C
  : S extends { readonly enum: readonly (infer E)[] } ? E
  : S extends { readonly anyOf: readonly (infer U)[] } ? Infer<U>
  : S extends { readonly type: readonly (infer T)[] } ? (T extends unknown ? InferNamed<T, S> : never)
  : S extends { readonly type: infer T } ? InferNamed<T, S>
  : unknown;
