/**
 * Reading what a gateway answered without believing its shape: an older or newer gateway may leave things out, and what a
 * node reports is outside text. Every reader gives undefined or nothing for what is not there.
 */
export type Payload = Readonly<Record<string, unknown>>;

export function asPayload(value: unknown): Payload {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? (value as Payload) : {};
}

/** The value at a path of names, or undefined. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  return path.reduce<unknown>((inner, name) => asPayload(inner)[name], value);
}

export function textAt(value: unknown, ...path: readonly string[]): string | undefined {
  const found = at(value, ...path);
  return typeof found === "string" && found !== "" ? found : undefined;
}

export function numberAt(value: unknown, ...path: readonly string[]): number | undefined {
  const found = at(value, ...path);
  return typeof found === "number" && Number.isFinite(found) ? found : undefined;
}

export function listAt(value: unknown, ...path: readonly string[]): readonly Payload[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.map(asPayload) : [];
}

export function textsAt(value: unknown, ...path: readonly string[]): readonly string[] {
  const found = at(value, ...path);
  return Array.isArray(found) ? found.filter((item): item is string => typeof item === "string") : [];
}

/** The text of a message's content, which is a string or a list of parts. */
export function messageText(message: unknown): string {
  const content = at(message, "content");
  if (typeof content === "string") return content;
  return listAt(message, "content").map((part) => textAt(part, "text") ?? "").filter((text) => text !== "").join("\n");
}
