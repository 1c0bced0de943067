/** Which programs the owner of the old machine let run there, for the node that stands beside the gateway here. */
import { existsSync } from "node:fs";
import { mkdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Ids } from "../../base/ids.ts";
import { makePrivate } from "../../fabric/vault.ts";
import type { ForeignPlace } from "./foreign-place.ts";
import type { Target } from "./open-target.ts";
import { isObject } from "./read-foreign-config.ts";
import type { Report } from "./report.ts";

export interface MoveApprovalsDeps {
  readonly place: ForeignPlace;
  readonly stateDir: string;
  readonly target: Target | undefined;
  readonly ids: Ids;
  readonly report: Report;
}

const RULE = ["id", "pattern", "argPattern", "source", "commandText", "lastUsedAt", "lastUsedCommand", "lastResolvedPath"];
const POLICY = ["security", "ask"];

/** The file is the local node's own; the gate here decides first, and the stricter of both holds. */
export async function moveApprovals({ place, stateDir, target, ids, report }: MoveApprovalsDeps): Promise<void> {
  const part = "approvals";
  const file = await readRules(place);
  if (file === undefined) return;
  const { kept, rules, lost, unmet } = convert(file);
  if (unmet) report.add({ part, outcome: "left", what: "askFallback and autoAllowSkills",
    why: "what nobody approved is not run here, and a skill brings no programs along" });
  if (lost > 0) report.add({ part, outcome: "left", what: "rules for tools of other servers", count: lost,
    why: "they have no counterpart here" });
  if (rules === 0 && Object.keys(kept.defaults).length === 0 && Object.keys(kept.agents).length === 0) return;
  const why = "for the machine of the gateway; its own gate still asks where it would, and the stricter of both holds";
  report.add({ part, outcome: "kept", what: "programs that may run, and how they are asked for", count: Math.max(rules, 1), why });
  if (target === undefined) return;
  const dir = join(stateDir, "local-node");
  await mkdir(dir, { recursive: true, mode: 0o700 });
  const path = join(dir, "exec-approvals.json");
  const text = `${JSON.stringify(kept, null, 2)}\n`;
  if ((await makePrivate(path, Buffer.from(text), ids)) || (await target.readText(path)) === text) return;
  report.add({ part, outcome: "left", what: "the rules of the old machine", why: "there are rules here already",
    next: "Compare: openclaw approvals get" });
}

async function readRules({ state, dir }: ForeignPlace): Promise<Readonly<Record<string, unknown>> | undefined> {
  const stored = state?.rows("select raw_json from exec_approvals_config where config_key = 'current'")[0]?.["raw_json"];
  const legacy = join(dir, "exec-approvals.json");
  const text = typeof stored === "string" ? stored : existsSync(legacy) ? await readFile(legacy, "utf8") : "";
  try {
    const value: unknown = JSON.parse(text);
    return isObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

interface Converted {
  readonly kept: { readonly version: 1; readonly defaults: Fields; readonly agents: Readonly<Record<string, Fields>> };
  readonly rules: number;
  readonly lost: number;
  /** It says more of how it is asked than is done here. */
  readonly unmet: boolean;
}

type Fields = Readonly<Record<string, unknown>>;

/** The socket and its token are the old program's own. */
function convert(file: Fields): Converted {
  let rules = 0;
  let lost = 0;
  let unmet = false;
  const policyOf = (said: unknown): Fields => {
    const part = isObject(said) ? said : {};
    unmet ||= (part["askFallback"] ?? "deny") !== "deny" || part["autoAllowSkills"] === true;
    return pick(part, POLICY);
  };
  const agents = Object.entries(isObject(file["agents"]) ? file["agents"] : {}).map(([id, entry]) => {
    const { allowlist, mcpTools } = isObject(entry) ? entry : {};
    const listed = (Array.isArray(allowlist) ? allowlist.filter(isObject) : [])
      .filter(({ pattern }) => typeof pattern === "string" && pattern !== "").map((rule) => pick(rule, RULE));
    rules += listed.length;
    lost += Array.isArray(mcpTools) ? mcpTools.length : 0;
    return [id, { ...policyOf(entry), ...(listed.length === 0 ? {} : { allowlist: listed }) }] as const;
  });
  const defaults = policyOf(file["defaults"]);
  return { kept: { version: 1, defaults, agents: Object.fromEntries(agents) }, rules, lost, unmet };
}

function pick(from: Fields, names: readonly string[]): Fields {
  return Object.fromEntries(names.filter((name) => from[name] !== undefined && from[name] !== null).map((name) => [name, from[name]]));
}
