/** What adding a model, or taking one away, changes in the configuration's text. Where a key is stands there, never the key. */
import { OpenClawError } from "@openclaw/protocol";
import { editText, type TextEdit } from "../../fabric/config.ts";
import type { Candidate } from "./model-places.ts";

type Source = unknown;
export type ModelChange = (text: string, source: Source) => Promise<string>;

export interface AddOptions {
  /** The name of its key in the vault's store. */
  readonly keyId?: string | undefined;
  /** Agents that name no model of their own use it from then on. */
  readonly isDefault: boolean;
}

/**
 * A new provider gets a list with this model on it: it is then shown wherever models are, and takes no other name. One that is there
 * without a list goes on taking any name: sessions and jobs may use some that stand nowhere in the configuration.
 */
export function changeForCandidate(candidate: Candidate, { keyId, isDefault }: AddOptions): ModelChange {
  const { provider, baseUrl, api, model, contextTokens } = candidate;
  return async (text, source) => {
    const known = fieldsAt(source, "models", "providers", provider);
    const listed = known?.["models"];
    const entry = { id: model, ...(contextTokens === undefined ? {} : { contextTokens }) };
    const models = Array.isArray(listed)
      ? [...listed.filter((one: unknown) => fieldsAt(one)?.["id"] !== model), entry]
      : known === undefined ? [entry] : undefined;
    const at = ["models", "providers", provider];
    const section = {
      api, baseUrl, ...(keyId === undefined ? {} : { apiKey: { source: "store", provider: "default", id: keyId } }),
      ...(models === undefined ? {} : { models }),
    };
    const edits: TextEdit[] = known === undefined ? [{ at, value: section }]
      : Object.entries(section).map(([name, value]) => ({ at: [...at, name], value }));
    if (known?.["use"] !== undefined) edits.push({ at: [...at, "use"], value: undefined });
    if (isDefault) edits.push({ at: ["agents", "defaults", "model"], value: `${provider}/${model}` });
    return await editText(text, edits) ?? text;
  };
}

export interface Removal {
  /** `provider`, or `provider/model`. */
  readonly what: string;
}

/** Throws NOT_FOUND for what the configuration does not hold, and CONFLICT where an agent of its own still uses it. */
export function changeForRemoval({ what }: Removal): ModelChange {
  const slash = what.indexOf("/");
  const [provider, model] = slash < 0 ? [what, undefined] : [what.slice(0, slash), what.slice(slash + 1)];
  const uses = (ref: unknown): boolean => typeof ref === "string"
    && (model === undefined ? ref.startsWith(`${provider}/`) : ref === what);
  return async (text, source) => {
    const known = fieldsAt(source, "models", "providers", provider);
    if (known === undefined) {
      const names = Object.keys(fieldsAt(source, "models", "providers") ?? {});
      throw new OpenClawError("NOT_FOUND", {
        why: `The configuration has no provider "${provider}"${names.length === 0 ? "." : `; it has ${names.slice(0, 8).join(", ")}.`}`,
        next: "openclaw model list",
      });
    }
    for (const [id, agent] of Object.entries(fieldsAt(source, "agents", "entries") ?? {})) {
      if (uses(fieldsAt(agent)?.["model"])) throw new OpenClawError("CONFLICT", {
        why: `The agent ${id} uses it.`, next: `openclaw config set agents.entries.${id}.model PROVIDER/MODEL`,
      });
    }
    const models = known["models"];
    const rest = Array.isArray(models) && model !== undefined ? models.filter((one: unknown) => fieldsAt(one)?.["id"] !== model) : [];
    const at = ["models", "providers", provider];
    const edits: TextEdit[] = [rest.length > 0 ? { at: [...at, "models"], value: rest } : { at, value: undefined }];
    if (uses(fieldsAt(source, "agents", "defaults")?.["model"])) edits.push({ at: ["agents", "defaults", "model"], value: undefined });
    return await editText(text, edits) ?? text;
  };
}

function fieldsAt(value: unknown, ...path: readonly string[]): Readonly<Record<string, unknown>> | undefined {
  let now = value;
  for (const name of path) now = typeof now === "object" && now !== null ? (now as Readonly<Record<string, unknown>>)[name] : undefined;
  return typeof now === "object" && now !== null && !Array.isArray(now) ? now as Readonly<Record<string, unknown>> : undefined;
}
