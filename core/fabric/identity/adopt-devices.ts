/** Devices that another program had paired, written into the store of a gateway that does not run. */
import { ROLES, SCOPES } from "@openclaw/protocol";
import type { Records } from "@openclaw/sdk";
import type { Ids } from "../../base/ids.ts";
import type { DeviceFace, DeviceRecord, RoleGrant } from "./device-record.ts";
import { DeviceStore, type RecordSeal } from "./device-store.ts";
import { ISSUE_BYTES } from "./device-token.ts";

export interface AdoptedDevice {
  readonly deviceId: string;
  /** Raw Ed25519 key, base64url. */
  readonly publicKey: string;
  readonly face: DeviceFace;
  readonly label?: string;
  readonly roles: readonly string[];
  readonly scopes: readonly string[];
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
}

/** Gives the ids that are new. One that is known stays as it is; no device gets a token, it asks for its own when it comes. */
export async function adoptDevices(
  devices: readonly AdoptedDevice[], { records, seal, ids }: { readonly records: Records; readonly seal: RecordSeal; readonly ids: Ids },
): Promise<readonly string[]> {
  const store = new DeviceStore({ records, seal, onDevice: () => undefined });
  const loading = new AbortController();
  await store.load(loading.signal, () => undefined);
  loading.abort();
  const added: string[] = [];
  for (const device of devices) {
    if (store.device(device.deviceId) !== undefined) continue;
    await store.updateDevice(device.deviceId, (now) => now ?? recordOf(device, ids));
    added.push(device.deviceId);
  }
  return added;
}

function recordOf({ deviceId, publicKey, face, label, roles, scopes, createdAtMs, approvedAtMs }: AdoptedDevice, ids: Ids): DeviceRecord {
  const grant = (role: string): RoleGrant => ({
    scopes: role === "operator" ? SCOPES.filter((scope) => scopes.includes(scope)) : [],
    // As for a device that comes anew: no token that was ever given is right.
    generation: 1, issue: ids.bytes(ISSUE_BYTES).toString("base64url"), createdAtMs,
  });
  return {
    deviceId, publicKey, face, ...(label === undefined ? {} : { label }), approvedVia: "imported", createdAtMs, approvedAtMs,
    roles: Object.fromEntries(ROLES.filter((role) => roles.includes(role)).map((role) => [role, grant(role)])),
  };
}
