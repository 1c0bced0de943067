/** What stands where in the settings, and the search over all of it: pure. */
import { words } from "../../words/en/settings.ts";
import type { Catalogue } from "./all-codes.ts";
import { fieldsBelow, type Item } from "./schema-fields.ts";

export const OWN = ["agents", "models", "channels", "abilities", "devices"] as const;
export const MACHINE = ["repairs", "backups", "codes", "about"] as const;
export type Own = (typeof OWN)[number] | (typeof MACHINE)[number] | "file";

export interface Hit {
  readonly title: string;
  readonly where: string;
  readonly help: string;
  /** Below `/settings`. */
  readonly path: readonly string[];
  readonly query?: string | undefined;
}

/** Of a part of the configuration; apart from the sections with a page of their own, such as agents. */
export function pathOfConfig(name: string): readonly string[] {
  return ["config", name];
}

export const HITS_MAX = 40;

/** All that carries every word, what is called so first. `codes`: none until they have come. */
export function search(query: string, groups: readonly Item[], codes: Catalogue = {}): readonly Hit[] {
  const parts = query.toLowerCase().split(/\s+/).filter((part) => part !== "");
  if (parts.length === 0) return [];
  const all: readonly Hit[] = [...placeHits(), ...groups.flatMap(configHits), ...codeHits(codes)];
  return all.flatMap((hit) => {
    const [title, rest] = [hit.title.toLowerCase(), `${hit.where} ${hit.help}`.toLowerCase()];
    if (!parts.every((part) => title.includes(part) || rest.includes(part))) return [];
    const where = hit.where.toLowerCase();
    const weigh = (part: string): number => (title.startsWith(part) ? 4 : title.includes(part) ? 3 : where.includes(part) ? 2 : 1);
    return [{ hit, score: parts.reduce((sum, part) => sum + weigh(part), 0) }];
  }).sort((a, b) => b.score - a.score).map(({ hit }) => hit);
}

function placeHits(): readonly Hit[] {
  const helps: Readonly<Record<Own, string>> = {
    agents: words.agents.help, models: words.models.help, channels: words.channels.help, abilities: words.abilities.skillsHelp,
    devices: words.devices.help,
    repairs: words.repairs.help, backups: words.backups.help, codes: words.codes.help, about: words.about.diagnosisHelp,
    file: words.file.help,
  };
  return [...OWN, ...MACHINE, "file" as const].map((name) => (
    { title: words.places[name], where: words.title, help: helps[name], path: [name] }
  ));
}

function configHits(group: Item): readonly Hit[] {
  const path = pathOfConfig(group.key);
  const fields = group.kind === "group" ? fieldsBelow(group.items) : fieldsBelow([group]);
  return [
    { title: group.label, where: words.groups.keys, help: group.help, path },
    ...fields.map(({ label, key, help }) => ({ title: label, where: key, help, path, query: `key=${encodeURIComponent(key)}` })),
  ];
}

function codeHits(codes: Catalogue): readonly Hit[] {
  return Object.entries(codes).map(([code, { text, next }]) => (
    { title: code, where: words.codes.title, help: `${text} ${next}`, path: ["codes"], query: `code=${code}` }
  ));
}
