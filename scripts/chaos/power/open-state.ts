/** Opens a state directory with the real engine and compares it with what the world outside had been told by then. */
import { createHash } from "node:crypto";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { hasCode } from "@openclaw/protocol";
import { systemClock as clock } from "../../../core/base/clock.ts";
import { systemIds as ids } from "../../../core/base/ids.ts";
import { createMemory } from "../../../core/cognition/memory.ts";
import { openSqliteEngine } from "../../../core/fabric/engine.ts";
import { HOME_TENANT, openIdentity, type Identity } from "../../../core/fabric/identity.ts";
import { createJournal, type Journal, type SessionLog } from "../../../core/fabric/journal.ts";
import { openVault } from "../../../core/fabric/vault.ts";
import type { Fact } from "./record-run.ts";

/** Sentences about what is missing or damaged; none when everything is there. */
export async function checkState(dir: string, facts: readonly Fact[]): Promise<readonly string[]> {
  const findings: string[] = [];
  await using engine = await openSqliteEngine({ dir, clock, ids });
  const vault = await openVault({ records: engine.records, keyFile: join(dir, "credentials", "key-encryption-key"), ids });
  const journal = createJournal({ engine, vault, clock, ids });
  const memory = createMemory({ records: engine.records, vault, clock });
  const logs = new Map<string, SessionLog | null>();
  const tenantKey = await vault.tenantKey(HOME_TENANT);
  await using identity = await openIdentity({
    records: engine.records, clock, ids, tokenKey: vault.derive("device-tokens"),
    seal: { seal: (to, plain) => tenantKey.seal(to, plain), unseal: (to, sealed) => tenantKey.unseal(to, sealed) },
  });
  for (const fact of facts) {
    const finding = await checkFact(fact, { dir, journal, memory, logs, identity });
    if (finding !== null) findings.push(finding);
  }
  for (const [session, log] of logs) {
    const report = log === null ? null : await journal.verify(journal.address(session));
    if (report !== null && report.brokenAt !== null) findings.push(`the chain of ${session} does not verify`);
  }
  findings.push(...checkBlobs(join(dir, "blobs")));
  return findings;
}

/** After the engine has let go. */
export function checkDatabase(dir: string): readonly string[] {
  const database = new DatabaseSync(join(dir, "state", "openclaw.sqlite"), { readOnly: true });
  try {
    const answer = Object.values(database.prepare("PRAGMA integrity_check").get() ?? {})[0];
    return answer === "ok" ? [] : [`the database does not verify: ${String(answer).slice(0, 120)}`];
  } finally {
    database.close();
  }
}

interface Opened {
  readonly dir: string;
  readonly journal: Journal;
  readonly memory: ReturnType<typeof createMemory>;
  readonly logs: Map<string, SessionLog | null>;
  readonly identity: Pick<Identity, "devices">;
}

/** Null when the fact stands. */
async function checkFact(fact: Fact, opened: Opened): Promise<string | null> {
  switch (fact.kind) {
    case "token": {
      const file = join(opened.dir, "credentials", "gateway-token");
      const token = existsSync(file) ? readFileSync(file, "utf8").trim() : "";
      return token === fact.token ? null : "the gateway's token is another one";
    }
    case "remembered": {
      const known = await opened.memory.recall("main", fact.text, 1_000);
      return known.some(({ text }) => text === fact.text) ? null : `the agent has forgotten "${fact.text}"`;
    }
    case "paired": {
      const isThere = opened.identity.devices().some((device) => JSON.stringify(device).includes(`"${fact.name}"`));
      return isThere ? null : `${fact.name} was told that it is paired, and is not known`;
    }
    case "deleted": {
      const key = await load(fact.session, opened).then((log) => log?.state.deleted ?? true, () => true);
      return key ? null : `${fact.session} was deleted and is back`;
    }
    default: {
      const state = (await load(fact.session, opened))?.state;
      if (fact.kind === "labelled") {
        const at = Number(/\d+$/.exec(state?.settings.label ?? "")?.[0] ?? -1);
        return at >= Number(/\d+$/.exec(fact.label)?.[0]) ? null : `${fact.session} has not the label "${fact.label}"`;
      }
      const { runId } = fact;
      // A deletion is asked for right after the answer: what has a tombstone, or no key, was not lost.
      if (state === undefined || state.deleted) return fact.session.includes("doomed") ? null : `${runId} is lost with its session`;
      const ended = state?.runs.has(runId) === true;
      const started = ended || state?.turn?.runId === runId;
      const present = started || state?.queue.some(({ message }) => message.runId === runId) === true;
      if (fact.kind === "accepted") return present ? null : `${runId} was acknowledged and is lost`;
      if (fact.kind === "answered") return ended ? null : `${runId} was answered, and its end is lost`;
      if (!started || !(ended || hasBegun(state))) return `${runId} had its effect, and no record of it was made before`;
      const open = ended ? null : state.turn?.open;
      // The next gateway asks the node after it: a node that does not know it would run it again.
      if (open?.kind !== "tool" || nodeKnows(opened.dir, open.invocationId)) return null;
      return `${runId} had its effect, its outcome is not recorded, and its node has forgotten it`;
    }
  }
}

function nodeKnows(dir: string, invocationId: string): boolean {
  try {
    const file = join(dir, "local-node", "journal", invocationId, "request.json");
    return (JSON.parse(readFileSync(file, "utf8")) as { readonly id: string }).id === invocationId;
  } catch {
    return false;
  }
}

/** A tool step is open, or a result of one is there. */
function hasBegun(state: SessionLog["state"] | undefined): boolean {
  return state?.turn?.open?.kind === "tool" || (state?.turn?.toolSteps ?? 0) > 0;
}

async function load(session: string, { journal, logs }: Opened): Promise<SessionLog | null> {
  const known = logs.get(session);
  if (known !== undefined) return known;
  const log = await journal.load(journal.address(session)).catch((error: unknown) => {
    if (hasCode(error, "KEY_DESTROYED")) return null;
    throw error;
  });
  // Segments are read too, so a blob that is missing is found.
  if (log !== null) await log.read(0, 10_000);
  logs.set(session, log);
  return log;
}

/** A name that exists holds the whole of what it names. */
function checkBlobs(dir: string): readonly string[] {
  const findings: string[] = [];
  if (!existsSync(dir)) return findings;
  for (const folder of readdirSync(dir)) {
    if (folder.length !== 2) continue;
    for (const digest of readdirSync(join(dir, folder))) {
      const found = createHash("sha256").update(readFileSync(join(dir, folder, digest))).digest("hex");
      if (found !== digest) findings.push(`the blob ${digest.slice(0, 12)} is not whole`);
    }
  }
  return findings;
}
