/**
 * The words that wake a device by voice: kept here, told to every node when it connects and to everybody when they change.
 *
 * The gateway hears nothing itself; it only keeps the list that devices listen by.
 */
import type { Records } from "@openclaw/sdk";
import type { NodeLink, NodeSession } from "./node-link.ts";

export interface VoiceWakeDeps {
  readonly records: Pick<Records, "get" | "write">;
  readonly seal: (belongsTo: string, plain: Uint8Array) => Uint8Array;
  readonly unseal: (belongsTo: string, sealed: Uint8Array) => Uint8Array;
  readonly tenant: string;
  readonly tell: (event: string, payload: unknown) => void;
}

export interface VoiceWake {
  readonly triggers: readonly string[];
  /** Where spoken words go. */
  readonly routing: unknown;
  /** Durable, and every connected node was told, when it resolves. Answers with what holds now. */
  change(wished: readonly string[]): Promise<readonly string[]>;
  /** A node came: it is told the words now, and again whenever they change, until its session is closed. */
  greet(link: NodeLink, session: NodeSession): NodeSession;
}

export const VOICE_WAKE_LIMITS = { triggers: 32, chars: 64 } as const;
const USUAL = ["openclaw", "claude", "computer"] as const;
const BUCKET = "voice-wake";
const ROUTING = { version: 1, defaultTarget: { mode: "current" }, routes: [], updatedAtMs: 0 } as const;

/** Reads what was kept. */
export async function openVoiceWake({ records, seal, unseal, tenant, tell }: VoiceWakeDeps): Promise<VoiceWake> {
  const belongsTo = `${BUCKET}/${tenant}`;
  const stored = await records.get(BUCKET, tenant);
  let triggers: readonly string[] = USUAL;
  let revision = stored?.revision ?? 0;
  if (stored !== null) {
    const { triggers: kept } = JSON.parse(Buffer.from(unseal(belongsTo, stored.value)).toString("utf8")) as { triggers: readonly string[] };
    triggers = kept;
  }
  const nodes = new Set<NodeLink>();
  return {
    get triggers() {
      return triggers;
    },
    routing: ROUTING,
    change: async (wished) => {
      const next = clean(wished);
      revision = await records.write(BUCKET, tenant, seal(belongsTo, Buffer.from(JSON.stringify({ v: 1, triggers: next }))), revision);
      triggers = next;
      for (const link of nodes) link.send("voicewake.changed", { triggers });
      tell("voicewake.changed", { triggers });
      return triggers;
    },
    greet: (link, session) => {
      nodes.add(link);
      link.send("voicewake.changed", { triggers });
      link.send("voicewake.routing.changed", { config: ROUTING });
      return {
        receive: (method, params) => session.receive(method, params),
        closed: () => {
          nodes.delete(link);
          session.closed();
        },
      };
    },
  };
}

/** Without blanks and repeats, as many and as long as is sensible. */
function clean(wished: readonly string[]): readonly string[] {
  const words = wished.map((word) => word.trim().slice(0, VOICE_WAKE_LIMITS.chars)).filter((word) => word !== "");
  const kept = [...new Set(words)].slice(0, VOICE_WAKE_LIMITS.triggers);
  return kept.length === 0 ? USUAL : kept;
}
