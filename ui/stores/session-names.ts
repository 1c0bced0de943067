/** What a person calls a conversation whose key a machine made: how it began, asked for once when it is shown first. */
import { signal } from "@preact/signals";
import type { Link } from "../link.ts";
import { fieldsOf, lineOf } from "./fields.ts";
import { nameOfKey } from "./parse-run.ts";

const MADE = /[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/;

const names = signal<ReadonlyMap<string, string>>(new Map());
const asked = new Set<string>();

/** As far as it is known; whoever draws it is drawn again when more is. */
export function sessionName(link: Link, key: string): string {
  const known = names.value.get(key);
  if (known === undefined && MADE.test(key) && !asked.has(key)) void ask(link, key);
  return known ?? nameOfKey(key);
}

async function ask(link: Link, key: string): Promise<void> {
  asked.add(key);
  const answer = await link.call("sessions.describe", { key, includeDerivedTitles: true }).catch(() => undefined);
  const session = fieldsOf(answer?.session);
  const name = lineOf(session["displayName"]) ?? lineOf(session["derivedTitle"]);
  if (name === undefined) asked.delete(key); // nothing was said in it yet
  else names.value = new Map(names.peek()).set(key, name);
}
