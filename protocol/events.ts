/**
 * The events a gateway sends, who may see them, and what they carry.
 *
 * Source: wire captures of protocol version 4. A name that is not in this table is never delivered to a client.
 */
import type { Scope } from "./method.ts";

export interface EventSpec {
  /** The scope an operator needs to see it. Absent: every operator does. */
  readonly scope?: Scope;
  /** `session`: reaches only sockets that watch the session it names, or asked for all of them. */
  readonly audience?: "session";
  /** Sent to sockets of role node as well, with a sequence number. */
  readonly nodes?: true;
  /** Sent to one socket, without a sequence number; never broadcast. */
  readonly direct?: true;
  /** Sent, but not listed in hello-ok. */
  readonly hidden?: true;
  readonly summary: string;
  /** The payload in one line of TypeScript. */
  readonly payload: string;
}

export const EVENTS = {
  "connect.challenge": { direct: true, summary: "First frame of every connection: what a device has to sign.", payload: "{ nonce: string; ts: number; capabilities?: string[] }" },
  tick: { nodes: true, summary: "The gateway lives; every tickIntervalMs.", payload: "{ ts: number }" },
  shutdown: { nodes: true, summary: "The gateway stops; sockets then close with 1012.", payload: "{ reason: string; restartExpectedMs?: number }" },
  health: { summary: "What `health` answers; the frame carries stateVersion.", payload: "HealthSnapshot" },
  heartbeat: { nodes: true, summary: "An agent's heartbeat was sent, skipped or failed.", payload: "{ ts: number; status: 'sent' | 'skipped' | 'failed'; reason?: string }" },
  cron: {
    scope: "operator.read", summary: "A job was changed, started or ended.",
    payload:
      "{ jobId: string; action: 'added' | 'updated' | 'removed' | 'started' | 'finished'; job?: CronJob; runId?: string; " +
      "runAtMs?: number; nextRunAtMs?: number; status?: 'ok' | 'error' | 'skipped' | 'missed'; error?: string; summary?: string }",
  },
  presence: { scope: "operator.read", summary: "Everybody who is connected, whole list; the frame carries stateVersion.", payload: "{ presence: PresenceEntry[] }" },

  chat: {
    scope: "operator.read", audience: "session", summary: "A run as a chat shows it. deltaText is the new text only.",
    payload:
      "{ runId: string; sessionKey: string; agentId?: string; seq: number; state: 'status' | 'delta' | 'final' | 'aborted' | 'error'; " +
      "phase?: string; retry?: { attempt: number; maxAttempts: number; reason: string }; deltaText?: string; replace?: true; " +
      "message?: object; errorMessage?: string; errorKind?: string; stopReason?: string; " +
      "usage?: object }",
  },
  agent: {
    scope: "operator.read", audience: "session",
    summary: "One step of a run. Stream `tool` reaches only sockets with the capability tool-events.",
    payload:
      "{ runId: string; sessionKey?: string; agentId?: string; " +
      "stream: 'lifecycle' | 'assistant' | 'thinking' | 'tool' | 'item' | 'command_output' | 'usage' | 'run_status'; " +
      "seq: number; ts: number; data: object }",
  },
  "session.message": {
    scope: "operator.read", audience: "session", summary: "A message was added to a transcript.",
    payload: "{ sessionKey: string; agentId: string; message: object; messageId: string; messageSeq: number }",
  },
  "session.tool": { scope: "operator.read", audience: "session", summary: "As agent stream `tool`, for sockets that watch the session.", payload: "see agent" },
  "session.operation": { scope: "operator.read", audience: "session", summary: "Progress of something done to a session.", payload: "{ sessionKey: string; operation: string }" },
  "session.approval": { scope: "operator.approvals", audience: "session", summary: "An approval of this session is pending or ended.", payload: "{ sessionKey: string; phase: 'pending' | 'terminal'; updatedAtMs: number; approval: object }" },
  "sessions.changed": { scope: "operator.read", audience: "session", summary: "A session's row changed.", payload: "{ sessionKey?: string; agentId?: string; reason?: string; phase?: 'start' | 'model' | 'end' | 'error'; runId?: string; ts: number; session?: SessionRow }" },
  "chat.metadata.changed": { scope: "operator.read", summary: "Models or commands changed.", payload: "{}" },
  "skills.changed": { scope: "operator.read", summary: "An agent's skills are other ones now.", payload: "{ reason: 'watch' | 'manual' | 'config-change' }" },
  "models.snapshot": { direct: true, summary: "The model catalogue, after hello, when connect asked for it.", payload: "{ target: object; scope: object; catalog: object }" },
  "config.changed": { scope: "operator.read", hidden: true, summary: "The configuration was written.", payload: "{ path: string; hash: string; ts: number }" },

  "device.pair.requested": { scope: "operator.pairing", summary: "A device waits for approval.", payload: "DeviceRequest" },
  "device.pair.resolved": { scope: "operator.pairing", summary: "Its request was answered.", payload: "{ requestId: string; deviceId: string; decision: 'approved' | 'rejected'; ts: number }" },
  "device.pair.changed": { scope: "operator.pairing", summary: "The list of devices changed.", payload: "{}" },
  "device.pair.setup.completed": { scope: "operator.pairing", summary: "A setup code was used; the device has its tokens.", payload: "{ setupId: string; deviceId: string; deviceName?: string; access: 'full' | 'limited' | 'node'; ts: number }" },
  "device.pair.setup.deliveryUncertain": { scope: "operator.pairing", summary: "A setup code was used, and the device went away before it surely had its tokens.", payload: "{ setupId: string; deviceId: string; deviceName?: string; access: 'full' | 'limited' | 'node'; ts: number }" },
  "node.pair.requested": { scope: "operator.pairing", summary: "A node declares commands that nobody approved yet.", payload: "NodeRequest" },
  "node.pair.resolved": { scope: "operator.pairing", summary: "Its request was answered.", payload: "{ requestId: string; nodeId: string; decision: 'approved' | 'rejected' | 'removed'; ts: number }" },
  "node.presence": { scope: "operator.read", summary: "A node came or went.", payload: "{ nodeId: string; connected: boolean; ts: number }" },
  "node.hostStats": { scope: "operator.read", summary: "Load and memory of a node's machine.", payload: "{ nodeId: string; hostStats: object; sample: NodeSample }" },

  "node.invoke.request": { direct: true, summary: "To a node: carry this out.", payload: "InvokeRequestEvent" },
  "node.invoke.cancel": { direct: true, summary: "To a node: stop it.", payload: "{ invokeId: string; nodeId: string }" },
  "node.invoke.attach": { direct: true, hidden: true, summary: "To a node: where is this invocation?", payload: "InvokeAttachEvent" },
  "node.invoke.ack": { direct: true, hidden: true, summary: "To a node: the result is recorded, forget it.", payload: "InvokeAckEvent" },
  "voicewake.changed": { scope: "operator.read", summary: "The words that wake a device; to a node without a number.", payload: "{ triggers: string[] }" },
  "voicewake.routing.changed": { scope: "operator.read", summary: "Where spoken words go; to a node without a number.", payload: "{ config: object }" },

  "talk.mode": { scope: "operator.talk", summary: "A conversation by voice is on or off.", payload: "{ enabled: boolean; phase: string | null; ts: number }" },
  "alert.changed": { scope: "operator.read", hidden: true, summary: "An alert was raised, seen by a person, muted, or is over.", payload: "{ change: 'raised' | 'resolved' | 'acknowledged' | 'muted'; alert: Alert; ts: number }" },
  "channels.changed": { scope: "operator.read", hidden: true, summary: "An account stands otherwise, a sender waits or was answered, or a delivery is unsure or was settled.", payload: "{ channel: string; accountId: string; what: 'account' | 'pairing' | 'unsure'; ts: number }" },
  "queue.lagging": { scope: "operator.read", hidden: true, summary: "A queue is too far behind, or has caught up.", payload: "{ queue: string; jobs: number; dead: number; lagMs: number; lagging: boolean; ts: number }" },

  "exec.approval.requested": { scope: "operator.approvals", summary: "A side effect waits for a person.", payload: "{ approvalKind: 'exec'; id: string; request: object; createdAtMs: number; expiresAtMs: number }" },
  "exec.approval.resolved": { scope: "operator.approvals", summary: "It was answered.", payload: "{ id: string; decision: string; resolvedBy?: string; ts: number; request: object }" },
} as const satisfies Record<string, EventSpec>;

export type EventName = keyof typeof EVENTS;

/** The table's row, or undefined for a name that must not be sent. */
export function eventSpec(event: string): EventSpec | undefined {
  return Object.hasOwn(EVENTS, event) ? EVENTS[event as EventName] : undefined;
}
