/**
 * The first frame: who is this, and what may it do here?
 *
 * Nothing a client says about itself gives it anything. A shared secret is compared, a device proves its key, and the
 * device's record decides about role and scopes; what was asked for only narrows that.
 */
import {
  CLOSE, codeOf, connectParams, ERRORS, PROTOCOL_VERSION, PROTOCOL_VERSION_MIN, requestFrame, ROLES,
  type ConnectParams, type OpenClawError, type RequestFrame, type Role,
} from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import { checkSchema } from "../../base/schema.ts";
import { HOME_TENANT, isScope, OWNER, verifyDeviceProof, type Identity, type Principal } from "../../fabric/identity.ts";
import type { AuthLimiter, AuthSource, CredentialKind } from "./auth-limiter.ts";
import { isLoopbackAddress, refuseOrigin } from "./check-source.ts";
import type { Connection } from "./connection.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ClientView } from "./method.ts";
import { describeIssues, handshakeRefusal, type HandshakeRefusal } from "./refuse.ts";

export interface HandshakeDeps {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly token: () => Secret;
  readonly identity: Identity;
  readonly limiter: AuthLimiter;
  readonly origins: readonly string[];
}

export type HandshakeOutcome =
  | {
      readonly kind: "accepted";
      readonly id: string;
      readonly params: ConnectParams;
      readonly client: ClientView;
      /** The shared secret it came in with, if it did. */
      readonly secret: Secret | undefined;
      readonly method: "token" | "device-token";
      readonly deviceToken?: Secret;
      readonly issuedAtMs?: number;
    }
  /** `delayMs`: how long the answer is to be held back. */
  | { readonly kind: "refused"; readonly id: string; readonly refusal: HandshakeRefusal; readonly delayMs: number }
  /** Not JSON: closed without a word. */
  | { readonly kind: "garbage" };

/** Judges the first frame of a connection. Throws only what the engine throws. */
export async function shakeHands(connection: Connection, data: Buffer, deps: HandshakeDeps): Promise<HandshakeOutcome> {
  let frame: unknown;
  try {
    frame = JSON.parse(data.toString("utf8"));
  } catch {
    return { kind: "garbage" };
  }
  const request = checkSchema(requestFrame, frame);
  if (!request.ok) return refused(
    idOf(frame), handshakeRefusal("FRAME_INVALID", `invalid request frame: ${describeIssues(request.issues)}`),
  );
  const { id, method, params } = request.value as RequestFrame;
  if (method !== "connect") return refused(id, handshakeRefusal("HANDSHAKE_REQUIRED", "invalid handshake: first request must be connect"));
  const checked = checkSchema(connectParams, params ?? {});
  if (!checked.ok) return refused(id, handshakeRefusal("PARAMS_INVALID", `invalid connect params: ${describeIssues(checked.issues)}`));
  const hello = checked.value as ConnectParams;
  const formal = refuseFormally(hello) ?? refuseForOrigin(connection, hello, deps);
  if (formal !== undefined) return refused(id, formal);
  return await admitClient(connection, id, hello, deps);
}

function refuseFormally(hello: ConnectParams): HandshakeRefusal | undefined {
  if (!(ROLES as readonly string[]).includes(hello.role ?? "operator")) return handshakeRefusal("ROLE_UNAUTHORIZED", "invalid role");
  const isProbe = hello.client.mode === "probe";
  const isNode = hello.role === "node" && hello.client.mode === "node";
  const isOldNode = isNode && hello.minProtocol === PROTOCOL_VERSION_MIN && hello.maxProtocol === PROTOCOL_VERSION_MIN;
  const oldest = isProbe ? PROTOCOL_VERSION_MIN : PROTOCOL_VERSION;
  const meets = hello.minProtocol <= PROTOCOL_VERSION && hello.maxProtocol >= oldest;
  if (meets || isOldNode) return undefined;
  return handshakeRefusal("PROTOCOL_MISMATCH", "protocol mismatch", {
    close: CLOSE.protocol,
    detail: {
      clientMinProtocol: hello.minProtocol, clientMaxProtocol: hello.maxProtocol, expectedProtocol: PROTOCOL_VERSION,
      minimumProbeProtocol: PROTOCOL_VERSION_MIN,
    },
  });
}

function isBrowserClient(hello: ConnectParams): boolean {
  return hello.client.id === "openclaw-control-ui" || hello.client.id === "webchat-ui" || hello.client.mode === "webchat";
}

function refuseForOrigin(connection: Connection, hello: ConnectParams, deps: HandshakeDeps): HandshakeRefusal | undefined {
  const reason = refuseOrigin(
    connection.origin, { required: isBrowserClient(hello), local: isLoopbackAddress(connection.remoteAddress), allowed: deps.origins },
  );
  return reason === undefined ? undefined : handshakeRefusal("CONTROL_UI_ORIGIN_NOT_ALLOWED", reason, { detail: { reason } });
}

async function admitClient(connection: Connection, id: string, hello: ConnectParams, deps: HandshakeDeps): Promise<HandshakeOutcome> {
  const role = (hello.role ?? "operator") as Role;
  const credential = credentialOf(hello);
  const source: AuthSource = {
    address: connection.remoteAddress, loopback: isLoopbackAddress(connection.remoteAddress), origin: connection.origin,
  };
  const lockedMs = deps.limiter.lockedForMs(source, credential.kind, deps.clock.now());
  if (lockedMs > 0) {
    return refused(
      id,
      handshakeRefusal(
        "AUTH_RATE_LIMITED", "unauthorized: too many failed attempts",
        { retryAfterMs: lockedMs, detail: { authReason: "rate_limited", recommendedNextStep: "wait_then_retry" } },
      ),
    );
  }
  const unproved = refuseWithoutDevice(hello, role, credential.value);
  if (unproved !== undefined) return refused(id, unproved);

  const proof = proveDevice(connection, hello, role, deps);
  if (proof !== undefined && "error" in proof) return refused(id, proof);

  const granted = checkCredential(hello, role, deps);
  if ("error" in granted) return refused(id, granted, deps.limiter.failed(source, credential.kind, deps.clock.now()));
  deps.limiter.succeeded(source, credential.kind);

  const base = {
    kind: "accepted", id, params: hello, secret: granted.secret, method: granted.secret === undefined ? "device-token" : "token",
  } as const;
  if (proof === undefined) return {
    ...base, client: viewClient(connection, hello, role, scopesWithoutDevice(connection, hello, source.loopback), undefined),
  };

  const admission = await deps.identity.admit({
    deviceId: proof.deviceId,
    publicKey: proof.publicKey,
    face: {
      clientId: hello.client.id,
      clientMode: hello.client.mode,
      remoteIp: connection.remoteAddress,
      ...(hello.client.displayName === undefined ? {} : { displayName: hello.client.displayName }),
      ...(hello.client.deviceFamily === undefined ? {} : { deviceFamily: hello.client.deviceFamily }),
      ...(connection.origin === undefined ? {} : { browserOrigin: connection.origin }),
      platform: hello.client.platform,
    },
    role,
    scopes: role === "node" ? [] : (hello.scopes ?? []),
    credential: granted.secret === undefined ? "device-token" : "shared-secret",
    local: source.loopback && (connection.origin === undefined || isBrowserClient(hello)),
  });
  switch (admission.kind) {
    case "admitted":
      deps.identity.seen(proof.deviceId, "connect");
      return {
        ...base, client: viewClient(connection, hello, role, admission.scopes, proof.deviceId), deviceToken: admission.token,
        issuedAtMs: admission.issuedAtMs,
      };
    case "scope-mismatch":
      return refused(id, handshakeRefusal("AUTH_SCOPE_MISMATCH", "unauthorized: requested scopes exceed what was approved", {
        detail: {
          authReason: "scope_mismatch", recommendedNextStep: "review_auth_configuration", approvedScopes: admission.approvedScopes,
        },
      }));
    case "wait":
      return refused(id, pairingRequired(admission));
  }
}

interface Credential { readonly kind: CredentialKind; readonly value: string | undefined }

function credentialOf(hello: ConnectParams): Credential {
  const auth = hello.auth ?? {};
  const shared = auth.token ?? auth.password;
  if (shared !== undefined) return { kind: "shared-secret", value: shared };
  if (auth.deviceToken !== undefined) return { kind: "device-token", value: auth.deviceToken };
  return { kind: auth.bootstrapToken === undefined ? "shared-secret" : "bootstrap-token", value: auth.bootstrapToken };
}

function refuseWithoutDevice(hello: ConnectParams, role: Role, credential: string | undefined): HandshakeRefusal | undefined {
  if (hello.device !== undefined) return undefined;
  if (role === "node" || credential === undefined) return handshakeRefusal("DEVICE_IDENTITY_REQUIRED", "device identity required");
  const { id, mode } = hello.client;
  const isOperatorPage = id === "openclaw-tui" || id === "openclaw-control-ui" || mode === "ui" || mode === "webchat";
  return isOperatorPage ? handshakeRefusal("CONTROL_UI_DEVICE_IDENTITY_REQUIRED", "device identity required") : undefined;
}

/** Undefined: no device was sent. */
function proveDevice(
  connection: Connection, hello: ConnectParams, role: Role, deps: HandshakeDeps,
): { readonly deviceId: string; readonly publicKey: string } | HandshakeRefusal | undefined {
  const { device, client, auth } = hello;
  if (device === undefined) return undefined;
  try {
    const publicKey = verifyDeviceProof(device, {
      clientId: client.id,
      clientMode: client.mode,
      role,
      scopes: hello.scopes ?? [],
      token: auth?.token ?? auth?.deviceToken ?? auth?.bootstrapToken ?? "",
      nonce: connection.nonce,
      platform: client.platform,
      ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
      nowMs: deps.clock.now(),
      skewMaxMs: deps.limits.signatureSkewMs,
    });
    return { deviceId: device.id, publicKey };
  } catch (error) {
    const code = codeOf(error);
    if (code === undefined) throw error;
    const known = error as OpenClawError;
    return handshakeRefusal(code, ERRORS[code].text, { detail: known.detail });
  }
}

/** Compares what was sent with what is valid now. Being present is never enough. */
function checkCredential(
  hello: ConnectParams, role: Role, deps: HandshakeDeps,
): { readonly secret: Secret | undefined } | HandshakeRefusal {
  const auth = hello.auth ?? {};
  const secret = deps.token();
  for (const candidate of [auth.token, auth.password]) if (candidate !== undefined && secret.equals(candidate)) return { secret };
  if (hello.device !== undefined) {
    for (const candidate of [auth.deviceToken, auth.token]) {
      if (candidate !== undefined && deps.identity.checkToken(hello.device.id, role, candidate)) return { secret: undefined };
    }
  }
  return refuseCredential(hello);
}

function refuseCredential(hello: ConnectParams): HandshakeRefusal {
  const { token, password, deviceToken, bootstrapToken } = hello.auth ?? {};
  if (token !== undefined) {
    const retry = hello.device !== undefined && deviceToken === undefined;
    return handshakeRefusal("AUTH_TOKEN_MISMATCH", "unauthorized: gateway token mismatch", {
      detail: {
        authReason: "token_mismatch",
        canRetryWithDeviceToken: retry,
        recommendedNextStep: retry ? "retry_with_device_token" : "update_auth_credentials",
      },
    });
  }
  if (password !== undefined) {
    return handshakeRefusal("AUTH_TOKEN_MISMATCH", "unauthorized: gateway password mismatch", {
      detailCode: "AUTH_PASSWORD_MISMATCH",
      detail: { authReason: "password_mismatch", recommendedNextStep: "update_auth_credentials" },
    });
  }
  if (deviceToken !== undefined) {
    return handshakeRefusal("AUTH_DEVICE_TOKEN_MISMATCH", "unauthorized: device token mismatch", {
      detail: { authReason: "device_token_mismatch", recommendedNextStep: "update_auth_credentials" },
    });
  }
  if (bootstrapToken !== undefined) {
    return handshakeRefusal("AUTH_REQUIRED", "unauthorized: bootstrap token invalid", {
      detailCode: "AUTH_BOOTSTRAP_TOKEN_INVALID",
      detail: { authReason: "bootstrap_token_invalid", recommendedNextStep: "review_auth_configuration" },
    });
  }
  return handshakeRefusal("AUTH_TOKEN_MISSING", "unauthorized: gateway token missing", {
    detail: { authReason: "token_missing", recommendedNextStep: "update_auth_configuration" },
  });
}

/** Without a device only the owner's own programs on this machine keep what they ask for; all others get nothing. */
function scopesWithoutDevice(connection: Connection, hello: ConnectParams, loopback: boolean): readonly string[] {
  const { id, mode } = hello.client;
  const ownProgram = (id === "cli" && mode === "cli") || (id === "gateway-client" && mode === "backend");
  return loopback && connection.origin === undefined && ownProgram ? (hello.scopes ?? []).filter(isScope) : [];
}

function pairingRequired(
  admission: {
    readonly request: {
      readonly requestId: string; readonly reason: string; readonly deviceId: string; readonly role: string;
      readonly scopes: readonly string[];
    };
    readonly approvedRoles: readonly string[]; readonly approvedScopes: readonly string[];
  },
): HandshakeRefusal {
  const { request } = admission;
  const message = `pairing required: ${PAIRING_TEXT[request.reason] ?? "device is not approved yet"}`;
  return handshakeRefusal("PAIRING_REQUIRED", message, {
    reason: `${message} (requestId: ${request.requestId})`,
    detail: {
      reason: request.reason,
      requestId: request.requestId,
      remediationHint: `openclaw devices approve ${request.requestId}`,
      deviceId: request.deviceId,
      requestedRole: request.role,
      requestedScopes: request.scopes,
      approvedRoles: admission.approvedRoles,
      approvedScopes: admission.approvedScopes,
    },
  });
}

const PAIRING_TEXT: Readonly<Record<string, string>> = {
  "not-paired": "device is not approved yet",
  "role-upgrade": "device is asking for a higher role than currently approved",
  "scope-upgrade": "device is asking for more scopes than currently approved",
};

function viewClient(
  connection: Connection, hello: ConnectParams, role: Role, scopes: readonly string[], deviceId: string | undefined,
): ClientView {
  return {
    connId: connection.connId,
    role,
    scopes,
    clientId: hello.client.id,
    mode: hello.client.mode,
    caps: hello.caps ?? [],
    principal: principalOf(role, deviceId),
    remoteIp: connection.remoteAddress,
    ...(deviceId === undefined ? {} : { deviceId }),
    ...(hello.client.displayName === undefined ? {} : { displayName: hello.client.displayName }),
    face: faceOf(hello.client),
  };
}

/** An operator's words are the owner's; a node's are data. */
function principalOf(role: Role, deviceId: string | undefined): Principal {
  if (deviceId === undefined) return OWNER;
  return { tenant: HOME_TENANT, id: `device:${deviceId}`, kind: "device", label: role === "operator" ? "owner" : "outside" };
}

function refused(id: string, refusal: HandshakeRefusal, delayMs = 0): HandshakeOutcome {
  return { kind: "refused", id, refusal, delayMs };
}

function idOf(frame: unknown): string {
  const id = typeof frame === "object" && frame !== null && "id" in frame ? frame.id : undefined;
  return typeof id === "string" && id !== "" ? id.slice(0, 256) : "invalid";
}

function faceOf(client: ConnectParams["client"]): NonNullable<ClientView["face"]> {
  const { version, platform, deviceFamily, modelIdentifier, instanceId } = client;
  return {
    version, platform, ...(deviceFamily === undefined ? {} : { deviceFamily }),
    ...(modelIdentifier === undefined ? {} : { modelIdentifier }), ...(instanceId === undefined ? {} : { instanceId }),
  };
}
