/** May a skill be used here and now: what it needs, what is missing, what the configuration says. */
import { access, constants } from "node:fs/promises";
import { delimiter, join } from "node:path";
import type { Label } from "@openclaw/protocol";
import type { SkillsConfig } from "./config.ts";
import type { FoundSkill } from "./find-skills.ts";
import type { SkillNeeds } from "./read-skill.ts";

export interface SkillWorld {
  readonly config: SkillsConfig;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  /** Is the program on the path? */
  readonly hasProgram: (name: string) => Promise<boolean>;
  /** Is the configuration's value at this key there and not false? */
  readonly isConfigured: (key: string) => boolean;
  /** Skills the agent may use; all unless given. */
  readonly allowed?: readonly string[];
}

export interface WeighedSkill {
  readonly skill: FoundSkill;
  readonly missing: SkillNeeds;
  readonly disabled: boolean;
  readonly blockedByAllowlist: boolean;
  readonly blockedByAgentFilter: boolean;
  readonly platformIncompatible: boolean;
  /** Nothing stands against using it. */
  readonly eligible: boolean;
  /** A model is told of it. */
  readonly modelVisible: boolean;
  readonly commandVisible: boolean;
  /** Whose words its text is: see `labelOf`. */
  readonly label: Label;
}

export async function weighSkill(skill: FoundSkill, world: SkillWorld): Promise<WeighedSkill> {
  const { config, allowed } = world;
  const missing = await missingOf(skill, world);
  const entry = config.entries?.[skill.skillKey];
  const disabled = entry?.enabled === false;
  const bundled = skill.place.source === "openclaw-bundled";
  const blockedByAllowlist = bundled && config.allowBundled !== undefined && !config.allowBundled.includes(skill.name);
  const blockedByAgentFilter = allowed !== undefined && !allowed.includes(skill.name) && !allowed.includes(skill.skillKey);
  const platformIncompatible = missing.os.length > 0;
  const lacks = [missing.bins, missing.anyBins, missing.env, missing.config].some((names) => names.length > 0);
  const usable = !disabled && !blockedByAllowlist && !platformIncompatible && (skill.always || !lacks);
  const eligible = usable && !blockedByAgentFilter;
  return {
    skill, missing, disabled, blockedByAllowlist, blockedByAgentFilter, platformIncompatible, eligible: usable,
    modelVisible: eligible && skill.modelInvocable, commandVisible: eligible && skill.userInvocable,
    label: labelOf(skill, entry?.enabled === true),
  };
}

/**
 * Where only the owner writes, the owner has put it, and the agent may follow it as it follows its own ideas. In the workspace
 * anybody's program may have put it: outside text, until the owner enables it by name.
 */
function labelOf({ place }: FoundSkill, enabled: boolean): Label {
  return place.owned || enabled ? "agent" : "outside";
}

async function missingOf({ needs, skillKey, primaryEnv }: FoundSkill, world: SkillWorld): Promise<SkillNeeds> {
  const entry = world.config.entries?.[skillKey];
  const lacking = async (names: readonly string[]): Promise<readonly string[]> => {
    const present = await Promise.all(names.map((name) => world.hasProgram(name)));
    return names.filter((_, index) => present[index] !== true);
  };
  const isSet = (name: string): boolean =>
    (world.environment[name] ?? "") !== "" || (entry?.env?.[name] ?? "") !== "" || (name === primaryEnv && entry?.apiKey !== undefined);
  const [bins, ofAny] = await Promise.all([lacking(needs.bins), lacking(needs.anyBins)]);
  return {
    bins, anyBins: ofAny.length === needs.anyBins.length ? ofAny : [],
    env: needs.env.filter((name) => !isSet(name)), config: needs.config.filter((key) => !world.isConfigured(key)),
    os: needs.os.length === 0 || needs.os.includes(world.platform) ? [] : needs.os,
  };
}

/** Programs of one machine, looked up once in a while. */
export function createProgramLookup(path: string, now: () => number): (name: string) => Promise<boolean> {
  const known = new Map<string, { readonly atMs: number; readonly found: Promise<boolean> }>();
  const dirs = path.split(delimiter).filter((dir) => dir.startsWith("/"));
  const look = async (name: string): Promise<boolean> => {
    if (!/^[\w.+-]{1,128}$/.test(name)) return false;
    for (const dir of dirs) {
      if (await access(join(dir, name), constants.X_OK).then(() => true, () => false)) return true;
    }
    return false;
  };
  return (name) => {
    const before = known.get(name);
    if (before !== undefined && now() - before.atMs < LOOKUP_MS) return before.found;
    if (known.size >= LOOKUPS_MAX) known.clear();
    const found = look(name);
    known.set(name, { atMs: now(), found });
    return found;
  };
}

const LOOKUP_MS = 60_000;
const LOOKUPS_MAX = 2_000;
