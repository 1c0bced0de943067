/**
 * Who acts, and which devices may.
 *
 * A device is an Ed25519 key; it proves it holds the key, and what a person approved for it (role and scopes) is all it ever
 * gets. A client can ask for less than was approved, never for more; a token can be narrowed, never widened; revocation is
 * told to listeners in the same moment, so that live connections end with it. Nothing secret is stored: tokens are derived.
 * The room never decides what a method needs; that is the gateway's table.
 */
import { late } from "../base/late.ts";

export { HOME_TENANT, OWNER, type Principal } from "./identity/principal.ts";
export { deviceIdOf, verifyDeviceProof, type DeviceProof, type ProofExpectation } from "./identity/device-proof.ts";
export { showDevice, showRequest, type DeviceFace, type DeviceRecord, type PairRequest } from "./identity/device-record.ts";
export type { GatewayKey } from "./identity/device-token.ts";
export type { RecordSeal } from "./identity/device-store.ts";
export { SETUP_GRANTS, type Setup, type SetupAccess, type SetupCompletion, type SetupStatus } from "./identity/setup-codes.ts";
export { containsScopes, isScope } from "./identity/decide-admission.ts";
export { IDENTITY_LIMITS, openIdentity, type IdentityDeps } from "./identity/open-identity.ts";
export type {
  Admission, AdmitRequest, Caller, FurtherToken, Identity, IdentityChange,
} from "./identity/identity-port.ts";
export type { AdoptedDevice } from "./identity/adopt-devices.ts";

/** Loaded by whoever moves in. */
export const adoptDevices = late(() => import("./identity/adopt-devices.ts"), "adoptDevices");
