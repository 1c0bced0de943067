/** Approvals as the clients of one session see them: told to those who asked for them with their subscription, and to no other. */

export interface SessionApprovals {
  subscribe(connId: string, sessionKey: string, signal: AbortSignal): void;
  unsubscribe(connId: string, sessionKey: string): void;
  /** An approval was opened or ended. */
  told(event: string, payload: unknown): void;
}

export interface SessionApprovalsDeps {
  readonly broadcast: (event: string, payload: unknown, options: { readonly only: readonly string[] }) => void;
  /** The approval as it is shown; null when it is not known any more. */
  readonly show: (id: string) => object | null;
  readonly now: () => number;
}

const SESSIONS_MAX = 4_096;

export function createSessionApprovals({ broadcast, show, now }: SessionApprovalsDeps): SessionApprovals {
  const watching = new Map<string, Set<string>>();
  const unsubscribe = (connId: string, sessionKey: string): void => {
    const connections = watching.get(sessionKey);
    if (connections?.delete(connId) === true && connections.size === 0) watching.delete(sessionKey);
  };
  return {
    subscribe: (connId, sessionKey, signal) => {
      if (signal.aborted || (watching.size >= SESSIONS_MAX && !watching.has(sessionKey))) return;
      const connections = watching.get(sessionKey) ?? new Set();
      watching.set(sessionKey, connections);
      if (connections.has(connId)) return;
      connections.add(connId);
      signal.addEventListener("abort", () => unsubscribe(connId, sessionKey), { once: true });
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
