/** `/config`: the configuration read and written by its owner from a chat, through the methods that a client has for it. */

export interface ConfigCommandDeps {
  /** Has the owner allowed it: `commands.config`. */
  readonly allowed: () => boolean;
  /** The configuration in force, its secrets hidden. */
  readonly show: () => Promise<unknown>;
  /** As `config.patch`. */
  readonly patch: (change: object) => Promise<void>;
}

const SHOWN_CHARS = 4_000;
const PATH = /^[A-Za-z0-9_-]+(?:\.[A-Za-z0-9_-]+){0,15}$/;
const USE = "Use /config show [PATH], /config get PATH, /config set PATH=VALUE or /config unset PATH.";

export async function configCommand(rest: string, isAdmin: boolean, { allowed, show, patch }: ConfigCommandDeps): Promise<string> {
  if (!allowed()) return "⚠️ /config is switched off. Set commands.config to true to use it.";
  if (!isAdmin) return "⚠️ /config is for the owner: it needs the scope operator.admin.";
  const [, action = "show", argument = ""] = /^(\S+)?\s*([^]*)$/.exec(rest) ?? [];
  const [, path = "", value] = /^([^=]*)(?:=([^]*))?$/.exec(argument) ?? [];
  const place = path.trim().split(".");
  if (path.trim() !== "" && (!PATH.test(path.trim()) || place.some((name) => Object.hasOwn(Object.prototype, name)))) return USE;
  switch (action.toLowerCase()) {
    case "show": case "get": {
      if (path.trim() === "" && action === "get") return USE;
      const found = path.trim() === "" ? await show() : place.reduce<unknown>(memberOf, await show());
      if (found === undefined) return `${path.trim()} is not set.`;
      const text = JSON.stringify(found, null, 2);
      return text.length > SHOWN_CHARS ? `${text.slice(0, SHOWN_CHARS).toWellFormed()}\n… Name a path to see the rest.` : text;
    }
    case "set": {
      if (path.trim() === "" || value === undefined) return USE;
      await patch(changeOf(place, parseValue(value.trim())));
      return `⚙️ ${path.trim()} is set.`;
    }
    case "unset": {
      if (path.trim() === "" || value !== undefined) return USE;
      await patch(changeOf(place, null));
      return `⚙️ ${path.trim()} is no longer set.`;
    }
    default: return USE;
  }
}

/** What is set may be a secret: it is kept nowhere but in the configuration. */
export function withoutValue(rest: string): string {
  return rest.replace(/=[^]*$/, "=…");
}

function memberOf(value: unknown, name: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, name)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[name];
}

function changeOf(place: readonly string[], value: unknown): object {
  return place.reduceRight<unknown>((inner, name) => ({ [name]: inner }), value) as object;
}

/** What is no JSON is text. */
function parseValue(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
