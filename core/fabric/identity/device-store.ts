/**
 * Devices and requests in the engine's records, with all of them in memory as well: a connect must not wait for a disk.
 *
 * A watch keeps the copy true when another peer writes. `onDevice` sees every change once, whoever made it.
 */
import { hasCode } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import { crashPoint } from "../../base/crash-point.ts";
import type { DeviceRecord, PairRequest } from "./device-record.ts";

/** Encrypts what is stored; bound to the record's key so that two records cannot be swapped. */
export interface RecordSeal {
  seal(belongsTo: string, plain: Uint8Array): Uint8Array | Promise<Uint8Array>;
  unseal(belongsTo: string, sealed: Uint8Array): Uint8Array | Promise<Uint8Array>;
}

export interface DeviceStoreDeps {
  readonly records: Records;
  readonly seal: RecordSeal | undefined;
  readonly onDevice: (before: DeviceRecord | undefined, after: DeviceRecord | undefined) => void;
}

const BUCKET = "devices";
const DEVICE = "device.";
const REQUEST = "request.";
const ATTEMPTS_MAX = 8;
const TOMBSTONES_MAX = 256;

interface Entry { readonly value: unknown; readonly revision: number }

export class DeviceStore {
  readonly #deps: DeviceStoreDeps;
  readonly #entries = new Map<string, Entry>();

  constructor(deps: DeviceStoreDeps) {
    this.#deps = deps;
  }

  /** Reads everything, then follows changes until `signal` aborts. Resolves when the copy is complete. */
  async load(signal: AbortSignal, onWatchFailed: (error: unknown) => void): Promise<void> {
    for (let after: string | undefined; ; ) {
      const page = await this.#deps.records.list(BUCKET, "", { limit: 512, ...(after === undefined ? {} : { after }) });
      for (const entry of page) await this.#apply(entry.key, entry.value, entry.revision);
      after = page.at(-1)?.key;
      if (page.length < 512) break;
    }
    void this.#follow(signal).catch(onWatchFailed);
  }

  device(deviceId: string): DeviceRecord | undefined {
    return this.#entries.get(DEVICE + deviceId)?.value as DeviceRecord | undefined;
  }

  request(requestId: string): PairRequest | undefined {
    return this.#entries.get(REQUEST + requestId)?.value as PairRequest | undefined;
  }

  devices(): DeviceRecord[] {
    return this.#all<DeviceRecord>(DEVICE);
  }

  requests(): PairRequest[] {
    return this.#all<PairRequest>(REQUEST);
  }

  /** Changes a device by compare-and-set; `change` may run again on a newer state. Returning undefined deletes. */
  updateDevice(deviceId: string, change: (now: DeviceRecord | undefined) => DeviceRecord | undefined): Promise<DeviceRecord | undefined> {
    return this.#update(DEVICE + deviceId, change as (now: unknown) => unknown) as Promise<DeviceRecord | undefined>;
  }

  updateRequest(requestId: string, change: (now: PairRequest | undefined) => PairRequest | undefined): Promise<PairRequest | undefined> {
    return this.#update(REQUEST + requestId, change as (now: unknown) => unknown) as Promise<PairRequest | undefined>;
  }

  async #update(key: string, change: (now: unknown) => unknown): Promise<unknown> {
    for (let attempt = 1; ; attempt += 1) {
      const known = this.#entries.get(key);
      const next = change(known?.value);
      if (next === undefined && known?.value === undefined) return undefined;
      try {
        const bytes = next === undefined ? null : await this.#seal(next, key);
        const revision = await this.#deps.records.write(BUCKET, key, bytes, known?.value === undefined ? 0 : known.revision);
        crashPoint("device.recorded");
        this.#set(key, next, revision);
        return next;
      } catch (error) {
        if (!hasCode(error, "CONFLICT") || attempt >= ATTEMPTS_MAX) throw error;
        const stored = await this.#deps.records.get(BUCKET, key);
        if (stored === null) this.#entries.delete(key); // deleted by another peer; its watch event tells the listeners
        else await this.#apply(key, stored.value, stored.revision);
      }
    }
  }

  async #follow(signal: AbortSignal): Promise<void> {
    for await (const change of this.#deps.records.watch(BUCKET, "", signal)) {
      if (signal.aborted) return;
      await this.#apply(change.key, change.value, change.revision);
    }
  }

  async #apply(key: string, bytes: Uint8Array | null, revision: number): Promise<void> {
    if (revision <= (this.#entries.get(key)?.revision ?? 0)) return;
    if (bytes === null) return this.#set(key, undefined, revision);
    const plain = this.#deps.seal === undefined ? bytes : await this.#deps.seal.unseal(key, bytes);
    this.#set(key, JSON.parse(Buffer.from(plain).toString("utf8")), revision);
  }

  /** A deletion leaves its revision behind: an older change that the watch delivers late must not bring the device back. */
  #set(key: string, value: unknown, revision: number): void {
    const known = this.#entries.get(key);
    if (revision <= (known?.revision ?? 0)) return;
    this.#entries.set(key, { value, revision });
    if (key.startsWith(DEVICE)) this.#deps.onDevice(known?.value as DeviceRecord | undefined, value as DeviceRecord | undefined);
    if (value === undefined) this.#dropOldTombstones();
  }

  #dropOldTombstones(): void {
    let tombstones = 0;
    for (const entry of this.#entries.values()) if (entry.value === undefined) tombstones += 1;
    for (const [key, entry] of this.#entries) {
      if (tombstones <= TOMBSTONES_MAX) return;
      if (entry.value !== undefined) continue;
      this.#entries.delete(key);
      tombstones -= 1;
    }
  }

  async #seal(value: unknown, key: string): Promise<Uint8Array> {
    const plain = Buffer.from(JSON.stringify(value));
    return this.#deps.seal === undefined ? plain : await this.#deps.seal.seal(key, plain);
  }

  #all<T>(prefix: string): T[] {
    const found: T[] = [];
    for (const [key, entry] of this.#entries) if (entry.value !== undefined && key.startsWith(prefix)) found.push(entry.value as T);
    return found;
  }
}
