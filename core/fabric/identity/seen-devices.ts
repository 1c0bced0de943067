/** When each device was last here. Kept in memory and written now and then: a connect must not wait for a disk. */
import type { Closer } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { DeviceRecord } from "./device-record.ts";
import type { DeviceStore } from "./device-store.ts";

export interface SeenDevicesDeps {
  readonly clock: Clock;
  readonly store: DeviceStore;
  readonly flushMs: number;
  readonly onProblem?: ((event: string, fields: Readonly<Record<string, unknown>>) => void) | undefined;
}

export class SeenDevices {
  readonly #deps: SeenDevicesDeps;
  readonly #unsaved = new Map<string, { readonly atMs: number; readonly reason: string }>();
  #timer: Closer | undefined;

  constructor(deps: SeenDevicesDeps) {
    this.#deps = deps;
  }

  note(deviceId: string, reason: string): void {
    const { clock, flushMs } = this.#deps;
    this.#unsaved.set(deviceId, { atMs: clock.now(), reason });
    this.#timer ??= clock.after(flushMs, () => {
      this.#timer = undefined;
      void this.#flush();
    });
  }

  forget(deviceId: string): void {
    this.#unsaved.delete(deviceId);
  }

  /** The record with what was not written yet. */
  show(record: DeviceRecord): DeviceRecord {
    const seen = this.#unsaved.get(record.deviceId);
    return seen === undefined ? record : { ...record, lastSeenAtMs: seen.atMs, lastSeenReason: seen.reason };
  }

  /** Writes what is left. A store that refuses is reported, and what it did not take is lost. */
  async close(): Promise<void> {
    this.#timer?.close();
    await this.#flush();
  }

  async #flush(): Promise<void> {
    for (const [deviceId, seen] of [...this.#unsaved]) {
      try {
        await this.#deps.store.updateDevice(
          deviceId, (now) => (now === undefined ? undefined : { ...now, lastSeenAtMs: seen.atMs, lastSeenReason: seen.reason }),
        );
        if (this.#unsaved.get(deviceId) === seen) this.#unsaved.delete(deviceId);
      } catch (error) {
        this.#deps.onProblem?.("identity.seen_not_saved", { deviceId, error: String(error) });
        return;
      }
    }
  }
}
