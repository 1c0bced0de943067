/** What the room of devices offers, and what it hands out. */
import type { Role, Scope } from "@openclaw/protocol";
import type { Closer } from "@openclaw/sdk";
import type { Secret } from "../../base/secret.ts";
import type { DeviceFace, DeviceRecord, PairRequest } from "./device-record.ts";
import type { GatewayKey } from "./device-token.ts";
import type { LostAuthority } from "./lost-authority.ts";
import type { Setup, SetupCodes, SetupCompletion } from "./setup-codes.ts";

export interface AdmitRequest {
  readonly deviceId: string;
  /** Canonical, from `verifyDeviceProof`. */
  readonly publicKey: string;
  readonly face: DeviceFace;
  readonly role: Role;
  readonly scopes: readonly string[];
  /** `key`: none; it asks a person, and comes in only when one has agreed. */
  readonly credential: "shared-secret" | "device-token" | "key";
  /** From this machine, and not from a page of another origin. */
  readonly local: boolean;
  /** From a network whose first-time nodes the owner lets in unasked. */
  readonly nodeNetwork?: boolean;
}

/** A token the device gets beside the one for the role it connects in. */
export interface FurtherToken {
  readonly deviceToken: Secret; readonly role: Role; readonly scopes: readonly string[]; readonly issuedAtMs: number;
}

export type Admission =
  | {
    readonly kind: "admitted"; readonly scopes: readonly Scope[]; readonly token: Secret; readonly issuedAtMs: number;
    readonly further?: readonly FurtherToken[]; readonly setup?: SetupCompletion;
  }
  | { readonly kind: "scope-mismatch"; readonly approvedScopes: readonly string[] }
  | {
    readonly kind: "wait"; readonly request: PairRequest; readonly approvedRoles: readonly string[];
    readonly approvedScopes: readonly string[];
  };

/** Who asks for a change of somebody's authority: it can never give what it does not have. */
export interface Caller { readonly scopes: readonly string[]; readonly deviceId?: string; readonly connId?: string; readonly name: string }

export type IdentityChange =
  | { readonly type: "requested"; readonly request: PairRequest }
  | {
    readonly type: "resolved"; readonly requestId: string; readonly deviceId: string; readonly decision: "approved" | "rejected";
    readonly atMs: number;
  }
  /** Live connections of the device (in that role) must end now, but for `sparing`. */
  | {
    readonly type: "revoked"; readonly deviceId: string; readonly role?: Role;
    readonly cause: LostAuthority; readonly sparing?: string;
  }
  /** A setup code was used; `delivered`: the device has surely got its tokens. */
  | { readonly type: "setup"; readonly completion: SetupCompletion; readonly delivered: boolean }
  | { readonly type: "changed" };

export interface Identity extends AsyncDisposable {
  readonly gateway: GatewayKey;
  /** Decides about a device that has proved its key and credential; writes the record or the request it leads to. */
  admit(request: AdmitRequest): Promise<Admission>;
  /** May this device, which has nothing but its key, have a person asked? Not beside too many others, nor soon after it was refused. */
  mayAskByKey(deviceId: string): boolean;
  /** Codes that let a device in once. */
  readonly setups: Pick<SetupCodes, "issue" | "find" | "status">;
  /**
   * As `admit`, for a device that brought a setup code: takes the code and gives what its profile says. Undefined when the code
   * is gone; `scope-mismatch`, and the code still valid, when the device asks for more than the profile has.
   */
  admitBySetup(request: Omit<AdmitRequest, "credential">, setup: Setup): Promise<Admission | undefined>;
  /** Whether the tokens of a setup reached the device. */
  setupEnded(completion: SetupCompletion, delivered: boolean): void;
  /** Constant time. False for an unknown device, another role, an older generation, or a revoked token. */
  checkToken(deviceId: string, role: Role, candidate: string): boolean;
  device(deviceId: string): DeviceRecord | undefined;
  devices(): readonly DeviceRecord[];
  requests(): readonly PairRequest[];
  /** Remembered in memory and written now and then: a connect must not wait for a disk. */
  seen(deviceId: string, reason: string): void;
  /** Throws NOT_FOUND, or MISSING_SCOPE when the caller would give away more than it has. */
  approve(requestId: string, caller: Caller): Promise<DeviceRecord>;
  reject(requestId: string): Promise<PairRequest>;
  remove(deviceId: string): Promise<void>;
  rename(deviceId: string, label: string): Promise<void>;
  /** Next generation, same scopes or fewer. Throws NOT_FOUND, AUTH_SCOPE_MISMATCH, MISSING_SCOPE. */
  rotate(deviceId: string, role: Role, scopes: readonly string[] | undefined, caller: Caller): Promise<{
    readonly scopes: readonly string[]; readonly rotatedAtMs: number; readonly token: Secret;
  }>;
  revoke(deviceId: string, role: Role): Promise<number>;
  onChanged(listener: (change: IdentityChange) => void): Closer;
}
