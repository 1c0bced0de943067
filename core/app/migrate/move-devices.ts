/** Paired devices of the other program: their keys and names. Its tokens stay behind, for they open its gateway and not this one. */
import type { Ids } from "../../base/ids.ts";
import { adoptDevices, deviceIdOf, type AdoptedDevice } from "../../fabric/identity.ts";
import type { ForeignRow } from "./foreign-database.ts";
import type { ForeignPlace } from "./foreign-place.ts";
import type { Target } from "./open-target.ts";
import type { Report } from "./report.ts";

const KEY_BYTES = 32;

export async function moveDevices(
  { place, target, ids,
    report }: { readonly place: ForeignPlace; readonly target: Target | undefined; readonly ids: Ids; readonly report: Report },
): Promise<void> {
  const part = "devices";
  const devices: AdoptedDevice[] = [];
  for (const row of place.state?.rows("select * from device_pairing_paired order by created_at_ms, device_id") ?? []) {
    const device = parseDevice(row);
    if (device === undefined) report.add({ part, outcome: "left", what: "a device", why: "its key is not the one its name stands for" });
    else devices.push(device);
  }
  const added = target === undefined ? devices.map(({ deviceId }) => deviceId)
    : await adoptDevices(devices, { records: target.engine.records, seal: target.seal, ids });
  for (const { deviceId, face, label, roles } of devices) {
    const what = `${label ?? face.displayName ?? deviceId.slice(0, 12)} (${roles.join(", ")})`;
    if (!added.includes(deviceId)) report.add({ part, outcome: "kept", what, why: "here already" });
    else {
      const why = "known by its key; it proves itself with the shared token once, then gets a token of its own";
      report.add({ part, outcome: "kept", what, why });
      if (roles.includes("node")) {
        report.add({ part, outcome: "changed", what: `${what}: commands`, why: "what a node may be asked is approved anew here",
          next: "openclaw nodes pending" });
      }
    }
  }
  if (devices.length > 0) report.add({ part, outcome: "left", what: "tokens of devices", count: devices.length,
    why: "they are kept in the clear there, and open that gateway only" });
}

function parseDevice(row: ForeignRow): AdoptedDevice | undefined {
  const text = (name: string): string | undefined => (typeof row[name] === "string" && row[name] !== "" ? row[name] : undefined);
  const list = (name: string): readonly string[] => {
    try {
      const value: unknown = JSON.parse(text(name) ?? "[]");
      return Array.isArray(value) ? value.filter((one): one is string => typeof one === "string") : [];
    } catch {
      return [];
    }
  };
  const deviceId = text("device_id") ?? "";
  const publicKey = text("public_key") ?? "";
  const raw = Buffer.from(publicKey, "base64url");
  if (raw.length !== KEY_BYTES || deviceIdOf(raw) !== deviceId) return undefined;
  const [displayName, platform, deviceFamily, label] = [text("display_name"), text("platform"), text("device_family"),
    text("operator_label")];
  const roles = list("roles_json");
  return {
    deviceId, publicKey, ...(label === undefined ? {} : { label }),
    face: {
      clientId: text("client_id") ?? "", clientMode: text("client_mode") ?? "", ...(displayName === undefined ? {} : { displayName }),
      ...(platform === undefined ? {} : { platform }), ...(deviceFamily === undefined ? {} : { deviceFamily }),
    },
    roles: roles.length > 0 ? roles : [text("role") ?? "operator"], scopes: list("approved_scopes_json"),
    createdAtMs: Number(row["created_at_ms"]), approvedAtMs: Number(row["approved_at_ms"]),
  };
}
