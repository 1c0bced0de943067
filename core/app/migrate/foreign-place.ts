/** Where the other program keeps what it knows, and whether it is at work there. Looks only. */
import { existsSync } from "node:fs";
import { readdir } from "node:fs/promises";
import { join } from "node:path";
import { OpenClawError } from "@openclaw/protocol";
import { readForeignDatabase, type ForeignDatabase } from "./foreign-database.ts";

export interface ForeignPlace {
  readonly dir: string;
  readonly configPath: string;
  /** Shared by all agents; undefined where there is none yet. */
  readonly state: ForeignDatabase | undefined;
  readonly agents: readonly ForeignAgent[];
  /** Of the program that wrote there last. */
  readonly version: string;
  readonly running: boolean;
}

export interface ForeignAgent {
  readonly id: string;
  readonly dir: string;
  readonly database: ForeignDatabase | undefined;
  /** Where older releases kept transcripts as files. */
  readonly sessionsDir: string;
}

export interface LookDeps {
  readonly dir: string;
  readonly nowMs: number;
  /** Closes every copy that had to be made. */
  readonly stack: AsyncDisposableStack;
}

const AGENT_ID = /^[a-z0-9][a-z0-9_-]{0,63}$/;

/** Throws NOT_FOUND where nothing of the other program is there. */
export async function lookAt({ dir, nowMs, stack }: LookDeps): Promise<ForeignPlace> {
  const statePath = join(dir, "state", "openclaw.sqlite");
  const agentsDir = join(dir, "agents");
  const configPath = join(dir, "openclaw.json");
  if (![statePath, agentsDir, configPath].some((path) => existsSync(path))) {
    throw new OpenClawError("NOT_FOUND", {
      why: `${dir} holds no state of the well-known program: no openclaw.json, no agents, no database.`,
      next: "Name its directory: openclaw migrate from-openclaw --from DIR",
    });
  }
  const open = async (path: string): Promise<ForeignDatabase | undefined> =>
    existsSync(path) ? stack.use(await readForeignDatabase(path)) : undefined;
  const state = await open(statePath);
  const agents: ForeignAgent[] = [];
  for (const id of (existsSync(agentsDir) ? await readdir(agentsDir) : []).sort()) {
    if (!AGENT_ID.test(id)) continue;
    const agentDir = join(agentsDir, id);
    const database = await open(join(agentDir, "agent", "openclaw-agent.sqlite"));
    agents.push({ id, dir: agentDir, database, sessionsDir: join(agentDir, "sessions") });
  }
  const meta = state?.rows("select app_version from schema_meta where meta_key = 'primary'")[0];
  return {
    dir, configPath, state, agents, version: String(meta?.["app_version"] ?? "unknown"), running: state !== undefined
      && isRunning(state, nowMs),
  };
}

/** It renews a lease while it runs, and may have been killed since. */
function isRunning(state: ForeignDatabase, nowMs: number): boolean {
  const leases = state.rows("select expires_at, payload_json from state_leases where scope = 'gateway-owner'");
  return leases.some(({ expires_at: expires, payload_json: payload }) => Number(expires) > nowMs && isAlive(pidIn(payload)));
}

function pidIn(payload: unknown): number | undefined {
  try {
    const { owner } = JSON.parse(String(payload)) as { readonly owner?: { readonly pid?: unknown } };
    return Number.isInteger(owner?.pid) ? Number(owner?.pid) : undefined;
  } catch {
    return undefined;
  }
}

function isAlive(pid: number | undefined): boolean {
  if (pid === undefined) return true;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && "code" in error && error.code === "EPERM";
  }
}
