/** What a conversation is called, wherever it is named. */
import { plainLine } from "../../kit/plain-line.ts";
import { words } from "../../words/en/chat.ts";

export interface Titled { readonly key: string; readonly name?: string; readonly isMain?: boolean }

const KEY_CHARS_MAX = 40;

/** Its name; else Main; else its key without the agent: one that only a machine named is untitled. */
export function titleOf({ key, name = "", isMain = false }: Titled): string {
  if (name !== "") return plainLine(name);
  if (isMain) return words.sessions.main;
  const rest = plainLine(key.split(":").slice(2).join(":"));
  return rest.replace(/^(?:dashboard|branch):(.{0,8}).*$/, `${words.sessions.untitled} $1`).slice(0, KEY_CHARS_MAX);
}

export const agentOf = (key: string): string => /^agent:([^:]+):/.exec(key)?.[1] ?? "main";
