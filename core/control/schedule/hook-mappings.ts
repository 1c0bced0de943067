/**
 * Hooks of the owner's own, by the last part of their address: as an object under their names, or as the list that the
 * well-known program keeps. A template says what the agent is told; `{{path.to.value}}` is what stands there in the body.
 */
import type { HooksConfig } from "./config.ts";

export interface Mapping {
  readonly action: "agent" | "wake";
  /** Said before the body. */
  readonly text?: string;
  /** Said instead of the body. */
  readonly template?: string;
  readonly agentId?: string;
  readonly sessionKey?: string;
  readonly mode?: "now" | "next-heartbeat";
  readonly model?: string;
  readonly thinking?: string;
  readonly timeoutSeconds?: number;
  readonly deliver?: boolean;
  readonly channel?: string;
  readonly to?: string;
}

type Listed = Exclude<NonNullable<HooksConfig["mappings"]>, { readonly [name: string]: unknown }>[number];

export function findMapping({ mappings = {} }: Pick<HooksConfig, "mappings">, name: string): Mapping | undefined {
  if (Array.isArray(mappings)) {
    const listed = (mappings as readonly Listed[]).find(({ id, match }) => (match?.path ?? id) === name);
    return listed === undefined ? undefined : readListed(listed);
  }
  const byName = mappings as Readonly<Record<string, Partial<Mapping>>>;
  const found = Object.hasOwn(byName, name) ? byName[name] : undefined;
  return found === undefined ? undefined : { ...found, action: found.action ?? "agent" };
}

function readListed(listed: Listed): Mapping {
  const { id: _, match: __, name: ___, messageTemplate, textTemplate, wakeMode, action = "agent", ...rest } = listed;
  const template = action === "wake" ? (textTemplate ?? messageTemplate) : (messageTemplate ?? textTemplate);
  return {
    ...(rest as Partial<Mapping>), action, ...(template === undefined ? {} : { template }),
    ...(wakeMode === undefined ? {} : { mode: wakeMode }),
  };
}

const PLACE = /\{\{\s*([A-Za-z0-9_$.[\]-]{1,256})\s*\}\}/g;

/** What is not in the body is left out. A value that is no text is written as JSON. */
export function renderTemplate(template: string, body: unknown): string {
  return template.replace(PLACE, (_, path: string) => {
    const value = path.split(/[.[\]]+/).filter((step) => step !== "").reduce<unknown>(stepInto, body);
    if (value === undefined || value === null) return "";
    return typeof value === "string" ? value : JSON.stringify(value);
  });
}

function stepInto(value: unknown, step: string): unknown {
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, step)) return undefined;
  return (value as Readonly<Record<string, unknown>>)[step];
}
