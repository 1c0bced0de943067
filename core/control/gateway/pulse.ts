/**
 * Everything periodic of the gateway, on one timer of a second: ticks, pings, handshakes that take too long, memory held for
 * slow readers, the state of health. Each connection has its own second of an interval, so that thousands never come due at once.
 */
import { CLOSE } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Connection } from "./connection.ts";
import type { Connections } from "./connections.ts";
import { EventHead } from "./event-head.ts";
import type { GatewayLimits } from "./limits.ts";
import type { Unauthenticated } from "./unauthenticated.ts";

export interface PulseDeps {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly connections: Connections;
  readonly unauthenticated: Unauthenticated;
  /** Did it come in with a secret that is no longer the gateway's? */
  readonly isStale: (connection: Connection) => boolean;
  readonly onHealthDue: () => void;
}

/** Beats until closed. */
export function startPulse(deps: PulseDeps): Closer {
  let second = 0;
  let timer: Closer;
  const arm = (): void => {
    timer = deps.clock.after(1_000, () => {
      arm();
      second += 1;
      beat(deps);
      if (second % seconds(deps.limits.healthIntervalMs) === 0) deps.onHealthDue();
    });
  };
  arm();
  return { close: () => timer.close() };
}

function beat({ clock, limits, connections, unauthenticated, isStale }: PulseDeps): void {
  const nowMs = clock.now();
  const tick = new EventHead(`{"type":"event","event":"tick","payload":{"ts":${nowMs}}`);
  for (const connection of [...connections.all()]) {
    if (isStale(connection)) {
      connection.close(CLOSE.authChanged, "gateway auth changed");
      continue;
    }
    connection.beats += 1;
    if (connection.beats % seconds(limits.pingIntervalMs) === 0) connection.ping();
    if (connection.beats % seconds(limits.tickIntervalMs) === 0) connection.sendSequenced(tick, true);
  }
  shed(connections, limits.bufferedBytesTotal);
  const lateMs = clock.monotonic() - limits.handshakeTimeoutMs;
  for (const connection of [...unauthenticated.all()]) if (connection.openedAtMs <= lateMs) connection.close(CLOSE.normal, "");
}

/** Many that read too slowly are each within their bound and together are not. */
function shed(connections: Connections, bytesMax: number): void {
  let bytes = 0;
  for (const { unsentBytes } of connections.all()) bytes += unsentBytes;
  if (bytes <= bytesMax) return;
  for (const connection of [...connections.all()].sort((a, b) => b.unsentBytes - a.unsentBytes)) {
    if (bytes <= bytesMax) return;
    bytes -= connection.unsentBytes;
    connection.endSlow();
  }
}

function seconds(ms: number): number {
  return Math.max(1, Math.round(ms / 1_000));
}
