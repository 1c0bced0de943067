/**
 * May this device connect in this role with these scopes?
 *
 * Pure. Called after the device has proved its key and its credential was checked, so nothing here is a presence check: the
 * record decides, and what the client asks for can only be narrowed.
 */
import { grantsScope, SCOPES, type Role, type Scope } from "@openclaw/protocol";
import type { DeviceRecord, PairRequest } from "./device-record.ts";

export interface AdmissionQuestion {
  readonly role: Role;
  readonly scopes: readonly Scope[];
  /** How it authenticated beside its key. */
  readonly credential: "shared-secret" | "device-token" | "key";
  /** With its key alone, for a person has just agreed and it has no token yet. */
  readonly mayCollect?: boolean;
  /** From this machine, no foreign page, and the owner has not switched silent approval off. */
  readonly mayApproveSilently: boolean;
  /** From a network whose nodes the owner lets in unasked, the first time. What they may do is asked all the same. */
  readonly mayEnterAsNode?: boolean;
}

export type AdmissionAnswer =
  | { readonly kind: "admit" }
  | { readonly kind: "approve-silently"; readonly reason: PairRequest["reason"] }
  | { readonly kind: "scope-mismatch" }
  | { readonly kind: "wait"; readonly reason: PairRequest["reason"] };

export function decideAdmission(record: DeviceRecord | undefined, question: AdmissionQuestion): AdmissionAnswer {
  const grant = record?.roles[question.role];
  const live = grant !== undefined && grant.revokedAtMs === undefined;
  const isProved = question.credential !== "key" || question.mayCollect === true;
  if (live && isProved && containsScopes(grant.scopes, question.scopes)) return { kind: "admit" };
  if (question.credential === "key") return { kind: "wait", reason: "not-paired" };
  // A device token is bound to what was approved with it; asking for more with it is refused, not queued for a tired click.
  if (question.credential === "device-token") return { kind: "scope-mismatch" };
  const reason = record === undefined ? "not-paired" : live ? "scope-upgrade" : grant === undefined ? "role-upgrade" : "not-paired";
  const entersAsNode = question.mayEnterAsNode === true && question.role === "node" && record === undefined;
  return { kind: question.mayApproveSilently || entersAsNode ? "approve-silently" : "wait", reason };
}

/** Is every scope in `wanted` granted by `held`? */
export function containsScopes(held: readonly string[], wanted: readonly string[]): boolean {
  return wanted.every((scope) => held.includes(scope) || (isScope(scope) && grantsScope(held, scope)));
}

export function isScope(text: string): text is Scope {
  return (SCOPES as readonly string[]).includes(text);
}
