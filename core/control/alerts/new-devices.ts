/** Who was let in, or given a new token, since the last look. */
import type { Cause } from "./judge.ts";
import type { Reading } from "./reading.ts";

/** `upToMs` undefined: nothing is known yet, and whoever may connect already is nothing new. */
export function newDevices(
  devices: Reading["devices"], upToMs: number | undefined,
): { readonly causes: readonly Cause[]; readonly upToMs: number } {
  const newest = devices.reduce((max, { approvedAtMs, rotatedAtMs }) => Math.max(max, approvedAtMs, rotatedAtMs), upToMs ?? 0);
  if (upToMs === undefined) return { causes: [], upToMs: newest };
  const causes = devices.flatMap(({ deviceId, name, roles, approvedAtMs, rotatedAtMs, silently }): readonly Cause[] => {
    const next = "openclaw devices list";
    if (approvedAtMs > upToMs) {
      const what = `${name} was let in as ${roles}`;
      return silently ? [] : [{ code: "DEVICE_APPROVED", subject: deviceId, sinceMs: approvedAtMs, what, next }];
    }
    const what = `${name} got a new token`;
    return rotatedAtMs > upToMs ? [{ code: "TOKEN_ROTATED", subject: deviceId, sinceMs: rotatedAtMs, what, next }] : [];
  });
  return { causes, upToMs: newest };
}
