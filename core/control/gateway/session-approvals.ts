/**
 * Approvals as the clients of one session see them: told to those who asked for them with their subscription, and to no other.
 * Whoever subscribes is told first what waits already, so that a client that comes back asks nobody what it has missed.
 */

export interface SessionApprovals {
  /** Answers what waits now; all that changes from here on is told. */
  subscribe(connId: string, sessionKey: string, signal: AbortSignal): ApprovalReplay;
  unsubscribe(connId: string, sessionKey: string): void;
  /** An approval was opened or ended. */
  told(event: string, payload: unknown): void;
}

export interface ApprovalReplay {
  readonly sessionKey: string;
  readonly updatedAtMs: number;
  /** Oldest first. */
  readonly approvals: readonly object[];
  /** There are more than are shown. */
  readonly truncated: boolean;
}

export interface SessionApprovalsDeps {
  readonly broadcast: (event: string, payload: unknown, options: { readonly only: readonly string[] }) => void;
  /** The approval as it is shown; null when it is not known any more. */
  readonly show: (id: string) => object | null;
  /** All that wait, oldest first. */
  readonly waiting: () => readonly { readonly id: string; readonly request: { readonly sessionKey: string } }[];
  readonly now: () => number;
}

const SESSIONS_MAX = 4_096;
const REPLAYED_MAX = 100;

export function createSessionApprovals({ broadcast, show, waiting, now }: SessionApprovalsDeps): SessionApprovals {
  const replay = (sessionKey: string): ApprovalReplay => {
    const ofSession = waiting().filter(({ request }) => request.sessionKey === sessionKey);
    const approvals = ofSession.slice(0, REPLAYED_MAX).flatMap(({ id }) => show(id) ?? []);
    return { sessionKey, updatedAtMs: now(), approvals, truncated: ofSession.length > REPLAYED_MAX };
  };
  const watching = new Map<string, Set<string>>();
  const unsubscribe = (connId: string, sessionKey: string): void => {
    const connections = watching.get(sessionKey);
    if (connections?.delete(connId) === true && connections.size === 0) watching.delete(sessionKey);
  };
  return {
    subscribe: (connId, sessionKey, signal) => {
      if (signal.aborted || (watching.size >= SESSIONS_MAX && !watching.has(sessionKey))) return replay(sessionKey);
      const connections = watching.get(sessionKey) ?? new Set();
      watching.set(sessionKey, connections);
      if (!connections.has(connId)) signal.addEventListener("abort", () => unsubscribe(connId, sessionKey), { once: true });
      connections.add(connId);
      return replay(sessionKey);
    },
    unsubscribe,
    told: (event, payload) => {
      const { id, request } = payload as { readonly id: string; readonly request: { readonly sessionKey: string } };
      const only = [...(watching.get(request.sessionKey) ?? [])];
      const approval = only.length === 0 ? null : show(id);
      if (approval === null) return;
      const { sessionKey } = request;
      const phase = event === "exec.approval.requested" ? "pending" : "terminal";
      broadcast("session.approval", { sessionKey, sourceSessionKey: sessionKey, updatedAtMs: now(), phase, approval }, { only });
    },
  };
}
