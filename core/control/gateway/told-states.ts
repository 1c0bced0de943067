/**
 * The two states every client is told: who is present, and how the gateway is.
 *
 * Each has a version that only grows, so that a client can see whether what it holds is the newest. Comings and goings
 * within a second are one event.
 */
import { hostname, platform, release } from "node:os";
import type { PresenceEntry } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Connection } from "./connection.ts";
import { isPresent, type Connections } from "./connections.ts";

export interface ToldStatesDeps {
  readonly clock: Clock;
  readonly version: string;
  readonly startedAtMs: number;
  readonly connections: Connections;
  readonly presenceDelayMs: number;
  readonly health: () => unknown;
}

export class ToldStates {
  readonly #deps: ToldStatesDeps;
  #presenceVersion = 0;
  #healthVersion = 0;
  #presenceTimer: Closer | undefined;

  constructor(deps: ToldStatesDeps) {
    this.#deps = deps;
  }

  get version(): { readonly presence: number; readonly health: number } {
    return { presence: this.#presenceVersion, health: this.#healthVersion };
  }

  /** The gateway itself, then who is connected. */
  presence(): readonly PresenceEntry[] {
    const { startedAtMs, version, connections } = this.#deps;
    const self: PresenceEntry = {
      ts: startedAtMs, host: "gateway", version, platform: `${platform()} ${release()}`, mode: "gateway", reason: "self",
      text: `Gateway: ${hostname()} · app ${version} · mode gateway · reason self`, onlineSince: startedAtMs,
    };
    return [self, ...connections.presence()];
  }

  /** This connection has come or gone: everybody is told soon, unless it is one of those that are never shown. */
  presenceChanged(connection: Connection): void {
    if (!isPresent(connection)) return;
    this.#presenceVersion += 1;
    this.#presenceTimer ??= this.#deps.clock.after(this.#deps.presenceDelayMs, () => {
      this.#presenceTimer = undefined;
      void this.#deps.connections.spread("presence", { presence: this.presence() }, this.version);
    });
  }

  tellHealth(): void {
    this.#healthVersion += 1;
    void this.#deps.connections.spread("health", this.#deps.health(), this.version);
  }

  close(): void {
    this.#presenceTimer?.close();
  }
}
