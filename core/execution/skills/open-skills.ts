/** The skills of each agent, as the folders and the configuration have them. */
import { createHash } from "node:crypto";
import { OpenClawError, type Label } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { SkillsConfig } from "./config.ts";
import type { BrokenSkill, SkillPlace } from "./find-skills.ts";
import type { WeighedSkill } from "./weigh-skill.ts";

export interface SkillsDeps {
  /** Where an agent's skills lie, the first place of a name first. */
  readonly places: (agentId: string) => readonly SkillPlace[];
  readonly config: () => SkillsConfig;
  /** Skills the agent may use; all where undefined. */
  readonly allowedOf: (agentId: string) => readonly string[] | undefined;
  readonly isConfigured: (key: string) => boolean;
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly platform: string;
  readonly clock: Clock;
  /** What a look at the folders brought is not what it was. */
  readonly onChanged: () => void;
}

/** What an agent has at one moment. Never changes. */
export interface AgentSkills {
  readonly all: readonly WeighedSkill[];
  readonly broken: readonly BrokenSkill[];
  /** What a model is told: a line for each skill; empty where there is none. */
  readonly list: string;
  /** Whose words the list is. */
  readonly label: Label;
  /** Of everything a model can read of it. */
  readonly revision: string;
}

export interface Skills {
  /** As the last look found them; none before the first. */
  of(agentId: string): AgentSkills;
  /** Looks again, unless that was done a moment ago. Never rejects. */
  refresh(agentId: string): Promise<AgentSkills>;
  /** Looks again now. */
  look(agentId: string): Promise<AgentSkills>;
  /** A skill's instructions. Throws NOT_FOUND for one the agent may not use, or has not. */
  read(agentId: string, name: string): Promise<{ readonly text: string; readonly label: Label }>;
}

const FRESH_MS = 2_000;
const NONE: AgentSkills = { all: [], broken: [], list: "", label: "agent", revision: "none" };
const AGENTS_MAX = 1_000;

/** Owns nothing that must be closed. */
export function openSkills(deps: SkillsDeps): Skills {
  const { clock } = deps;
  const known = new Map<string, { readonly atMs: number; readonly skills: AgentSkills; readonly config: SkillsConfig }>();
  const looking = new Map<string, Promise<AgentSkills>>();
  let hasProgram: ((name: string) => Promise<boolean>) | undefined;

  const look = async (agentId: string): Promise<AgentSkills> => {
    const [{ findSkills }, { listSkills }, { createProgramLookup, weighSkill }] =
      await Promise.all([import("./find-skills.ts"), import("./list-skills.ts"), import("./weigh-skill.ts")]);
    hasProgram ??= createProgramLookup(deps.environment["PATH"] ?? "", () => clock.monotonic());
    const config = deps.config();
    const allowed = deps.allowedOf(agentId);
    const { environment, platform, isConfigured } = deps;
    const world = { config, environment, platform, hasProgram, isConfigured, ...(allowed === undefined ? {} : { allowed }) };
    const found = await Promise.all(deps.places(agentId).map(findSkills));
    const first = new Map(found.flatMap(({ skills }) => skills).toReversed().map((skill) => [skill.name.toLowerCase(), skill]));
    const all = await Promise.all([...first.values()].sort((a, b) => (a.name < b.name ? -1 : 1)).map((skill) => weighSkill(skill, world)));
    const { list, label } = listSkills(all);
    const digests = all.map(({ skill, modelVisible }) => [skill.name, skill.digest, modelVisible]);
    const revision = createHash("sha256").update(JSON.stringify([list, digests])).digest("base64url").slice(0, 12);
    const skills = { all, broken: found.flatMap(({ broken }) => broken), list, label, revision };
    const before = known.get(agentId)?.skills;
    if (known.size >= AGENTS_MAX) known.clear();
    known.set(agentId, { atMs: clock.monotonic(), skills, config });
    if (before !== undefined && before.revision !== revision) deps.onChanged();
    return skills;
  };
  /** Two who ask at once are given the same answer. */
  const together = (agentId: string): Promise<AgentSkills> => {
    const under = looking.get(agentId);
    if (under !== undefined) return under;
    const promise = look(agentId).finally(() => looking.delete(agentId));
    looking.set(agentId, promise);
    return promise;
  };

  return {
    of: (agentId) => known.get(agentId)?.skills ?? NONE,
    look: together,
    refresh: async (agentId) => {
      const before = known.get(agentId);
      const fresh = before !== undefined && before.config === deps.config() && clock.monotonic() - before.atMs < FRESH_MS;
      return fresh ? before.skills : await together(agentId).catch(() => before?.skills ?? NONE);
    },
    read: async (agentId, name) => {
      const { all } = known.get(agentId)?.skills ?? (await together(agentId));
      const wanted = name.trim().toLowerCase();
      const found = all.find(({ skill, eligible, blockedByAgentFilter }) =>
        eligible && !blockedByAgentFilter && skill.name.toLowerCase() === wanted);
      if (found === undefined) {
        const names = all.filter(({ modelVisible }) => modelVisible).map(({ skill }) => skill.name).join(", ") || "none";
        throw new OpenClawError("NOT_FOUND", { why: `There is no skill ${JSON.stringify(name.slice(0, 64))}. Skills: ${names}.` });
      }
      const { skill, label } = found;
      return { text: skill.body.replaceAll("{baseDir}", skill.baseDir), label };
    },
  };
}
