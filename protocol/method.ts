/**
 * How a method of the gateway is described: who may call it, with what. The table itself is `METHODS` in methods.ts.
 */
import type { JsonSchema } from "./schema.ts";

export const ROLES = ["operator", "node"] as const;
export type Role = (typeof ROLES)[number];

export const SCOPES = [
  "operator.admin", "operator.read", "operator.write", "operator.pairing", "operator.approvals", "operator.questions",
  "operator.talk", "operator.talk.secrets",
] as const;
export type Scope = (typeof SCOPES)[number];

export interface MethodSpec {
  readonly role: Role | "any";
  /** The least scope of an operator. Absent: any connected operator may call it. Ignored for nodes. */
  readonly scope?: Scope;
  readonly summary: string;
  readonly params: JsonSchema;
  /** Documented shape of the payload; what we send is checked against it in tests, not at run time. */
  readonly result: JsonSchema;
  /** At most 30 calls a minute for one actor. */
  readonly controlPlaneWrite?: true;
  /** Callable, but not listed in hello-ok. */
  readonly hidden?: true;
}

/** Does a set of scopes grant `needed`? Admin grants all; write implies read and talk. */
export function grantsScope(scopes: readonly string[], needed: Scope): boolean {
  if (scopes.includes(needed) || scopes.includes("operator.admin")) return true;
  return (needed === "operator.read" || needed === "operator.talk") && scopes.includes("operator.write");
}
