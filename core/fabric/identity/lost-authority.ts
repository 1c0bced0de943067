/** What a change of a device's record takes away from those who are connected with it, and whether anybody has to hear of it. */
import type { Role } from "@openclaw/protocol";
import { containsScopes } from "./decide-admission.ts";
import type { DeviceRecord, RoleGrant } from "./device-record.ts";

export type LostAuthority = "removed" | "revoked" | "rotated" | "narrowed";

export interface LostRole { readonly role: Role; readonly cause: LostAuthority }

/** By role; a role that lost nothing is not there. A pure widening takes nothing. */
export function lostAuthority(before: DeviceRecord, after: DeviceRecord): readonly LostRole[] {
  return (Object.keys(before.roles) as Role[]).flatMap((role) => {
    const cause = lostByGrant(before.roles[role] as RoleGrant, after.roles[role]);
    return cause === undefined ? [] : [{ role, cause }];
  });
}

/** Being seen again is no change that anybody has to hear of. */
export function isOnlySeen(before: DeviceRecord | undefined, after: DeviceRecord | undefined): boolean {
  if (before === undefined || after === undefined) return false;
  return before.roles === after.roles && before.face === after.face && before.label === after.label;
}

function lostByGrant(before: RoleGrant, after: RoleGrant | undefined): LostAuthority | undefined {
  // A grant keeps its birthday for life: another one means that the device was forgotten and paired anew in between.
  if (after === undefined || after.createdAtMs !== before.createdAtMs) return "removed";
  if (after.revokedAtMs !== undefined && before.revokedAtMs === undefined) return "revoked";
  if (!containsScopes(after.scopes, before.scopes)) return "narrowed";
  const isReissued = after.generation !== before.generation || after.issue !== before.issue;
  return isReissued && after.scopes.length === before.scopes.length ? "rotated" : undefined;
}
