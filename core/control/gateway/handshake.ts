/**
 * The first frame: who is this, and what may it do here?
 *
 * Nothing a client says about itself gives it anything. A shared secret is compared, a device proves its key, and the
 * device's record decides about role and scopes; what was asked for only narrows that.
 */
import {
  ASK_TO_PAIR_CAP, CLOSE, codeOf, connectParams, ERRORS, PROTOCOL_VERSION, PROTOCOL_VERSION_MIN, requestFrame, ROLES,
  type ConnectParams, type OpenClawError, type RequestFrame, type Role,
} from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Secret } from "../../base/secret.ts";
import { checkSchema } from "../../base/schema.ts";
import {
  containsScopes, HOME_TENANT, isScope, OWNER, verifyDeviceProof,
  type DeviceFace, type FurtherToken, type Identity, type Principal, type Setup, type SetupCompletion,
} from "../../fabric/identity.ts";
import type { AuthLimiter, AuthSource, CredentialKind } from "./auth-limiter.ts";
import { refuseOrigin } from "./check-source.ts";
import { limitedAs } from "./client-source.ts";
import type { Connection } from "./connection.ts";
import type { GatewayLimits } from "./limits.ts";
import type { ClientView } from "./method.ts";
import { pairingRequired, rateLimited, refuseCredential } from "./handshake-refusals.ts";
import { describeIssues, handshakeRefusal, type HandshakeRefusal } from "./refuse.ts";
import { takesSecret, vouchFor, type AccessRules, type Voucher } from "./vouch.ts";

export interface HandshakeDeps {
  readonly clock: Clock;
  readonly limits: GatewayLimits;
  readonly token: () => Secret;
  readonly identity: Identity;
  readonly limiter: AuthLimiter;
  readonly origins: readonly string[];
  readonly access: AccessRules;
  readonly isNodeNetwork: (address: string) => boolean;
}

/** How a client proved that it may come in. */
export type AuthMethod = "token" | "password" | "device-token" | "bootstrap-token" | Voucher["method"];

export type HandshakeOutcome =
  | {
      readonly kind: "accepted";
      readonly id: string;
      readonly params: ConnectParams;
      readonly client: ClientView;
      /** The shared secret it came in with, if it did. */
      readonly secret: Secret | undefined;
      readonly method: AuthMethod;
      readonly deviceToken?: Secret;
      readonly issuedAtMs?: number;
      readonly furtherTokens?: readonly FurtherToken[];
      /** The setup code it came in with, used up. */
      readonly setup?: SetupCompletion;
    }
  /** `delayMs`: how long the answer is to be held back. */
  | { readonly kind: "refused"; readonly id: string; readonly refusal: HandshakeRefusal; readonly delayMs: number }
  /** Not JSON: closed without a word. */
  | { readonly kind: "garbage" };

type Read =
  | { readonly kind: "connect"; readonly id: string; readonly hello: ConnectParams }
  | Exclude<HandshakeOutcome, { kind: "accepted" }>;

/** What the first frame of a connection asks, as far as it can be told without knowing anybody. */
export function readConnect(data: Buffer): Read {
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
  const formal = refuseFormally(hello);
  return formal === undefined ? { kind: "connect", id, hello } : refused(id, formal);
}

/** Judges the first frame of a connection. Throws only what the engine throws. */
export async function shakeHands(connection: Connection, data: Buffer, deps: HandshakeDeps): Promise<HandshakeOutcome> {
  const read = readConnect(data);
  if (read.kind !== "connect") return read;
  const { id, hello } = read;
  const formal = refuseForOrigin(connection, hello, deps);
  return formal === undefined ? await admitClient(connection, id, hello, deps) : refused(id, formal);
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
    connection.origin,
    { required: isBrowserClient(hello), local: connection.source.local, allowed: deps.origins, host: connection.headers?.host },
  );
  return reason === undefined ? undefined : handshakeRefusal("CONTROL_UI_ORIGIN_NOT_ALLOWED", reason, { detail: { reason } });
}

async function admitClient(connection: Connection, id: string, hello: ConnectParams, deps: HandshakeDeps): Promise<HandshakeOutcome> {
  const role = (hello.role ?? "operator") as Role;
  const { source } = connection;
  const kind = kindOf(hello);
  const guesser: AuthSource = { address: limitedAs(source), loopback: source.local, origin: connection.origin };
  const lockedMs = deps.limiter.lockedForMs(guesser, kind, deps.clock.now());
  if (lockedMs > 0) return refused(id, rateLimited(lockedMs));
  const voucher = await vouchFor(source, connection.headers ?? {}, deps.access);
  const unproved = refuseWithoutDevice(hello, role, voucher !== undefined);
  if (unproved !== undefined) return refused(id, unproved);

  const proof = proveDevice(connection, hello, role, deps);
  if (proof !== undefined && "error" in proof) return refused(id, proof);

  const granted = checkCredential(connection, hello, role, voucher, deps);
  if ("error" in granted) {
    const asks = proof !== undefined && mayAsk(hello, role, proof.deviceId, deps.identity);
    const isNew = asks && !deps.identity.requests().some(({ deviceId }) => deviceId === proof.deviceId);
    // Asking again for the same is no guess; asking as ever new devices is.
    if (asks && !isNew) return await askToPair(connection, id, hello, proof, deps);
    const delayMs = deps.limiter.failed(guesser, kind, deps.clock.now());
    return asks ? await askToPair(connection, id, hello, proof, deps) : refused(id, granted, delayMs);
  }
  deps.limiter.succeeded(guesser, kind);

  const base = { kind: "accepted", id, params: hello, secret: granted.secret, method: granted.method } as const;
  const cap = (scopes: readonly string[]): readonly string[] => capScopes(scopes, voucher);
  if (proof === undefined) {
    const scopes = granted.method === "trusted-proxy" && voucher?.scopes !== undefined ? (hello.scopes ?? []).filter(isScope)
      : scopesWithoutDevice(connection, hello);
    return { ...base, client: viewClient(connection, hello, role, cap(scopes), undefined) };
  }

  const asked = {
    deviceId: proof.deviceId,
    publicKey: proof.publicKey,
    face: faceOfDevice(connection, hello),
    role,
    scopes: role === "node" ? [] : (hello.scopes ?? []),
    local: source.local && (connection.origin === undefined || isBrowserClient(hello)),
    nodeNetwork: deps.isNodeNetwork(source.address),
  };
  const credential = granted.method === "device-token" ? "device-token" : "shared-secret";
  const admission = granted.setup === undefined ? await deps.identity.admit({ ...asked, credential })
    : await deps.identity.admitBySetup(asked, granted.setup);
  switch (admission?.kind) {
    case undefined: // another device was quicker with the same code
      return refused(id, refuseCredential(hello, deps.access.mode));
    case "admitted":
      deps.identity.seen(proof.deviceId, "connect");
      return {
        ...base, client: viewClient(connection, hello, role, cap(admission.scopes), proof.deviceId), deviceToken: admission.token,
        issuedAtMs: admission.issuedAtMs,
        ...(admission.further === undefined ? {} : { furtherTokens: admission.further }),
        ...(admission.setup === undefined ? {} : { setup: admission.setup }),
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

/** A browser without any credential that wants a person asked. */
function mayAsk(hello: ConnectParams, role: Role, deviceId: string, identity: Identity): boolean {
  const isBare = Object.values(hello.auth ?? {}).every((value) => value === undefined);
  if (!isBare || role !== "operator" || !isBrowserClient(hello) || hello.caps?.includes(ASK_TO_PAIR_CAP) !== true) return false;
  return identity.mayAskByKey(deviceId);
}

/** PAIRING_REQUIRED until somebody has agreed; then it is let in, once, and gets its token. */
async function askToPair(
  connection: Connection, id: string, hello: ConnectParams, { deviceId, publicKey }: ProvedDevice, { identity }: HandshakeDeps,
): Promise<HandshakeOutcome> {
  const admission = await identity.admit({
    deviceId, publicKey, face: faceOfDevice(connection, hello), role: "operator", scopes: hello.scopes ?? [], credential: "key",
    local: false,
  });
  if (admission.kind === "wait") return refused(id, pairingRequired(admission));
  if (admission.kind === "scope-mismatch") return refused(id, refuseCredential(hello, "token"));
  identity.seen(deviceId, "connect");
  return {
    kind: "accepted", id, params: hello, secret: undefined, method: "device-token", deviceToken: admission.token,
    issuedAtMs: admission.issuedAtMs, client: viewClient(connection, hello, "operator", admission.scopes, deviceId),
  };
}

function kindOf({ auth = {} }: ConnectParams): CredentialKind {
  if ((auth.token ?? auth.password) !== undefined) return "shared-secret";
  if (auth.deviceToken !== undefined) return "device-token";
  return auth.bootstrapToken === undefined ? "shared-secret" : "bootstrap-token";
}

function refuseWithoutDevice(hello: ConnectParams, role: Role, isVouchedFor: boolean): HandshakeRefusal | undefined {
  if (hello.device !== undefined) return undefined;
  const { token, password, deviceToken, bootstrapToken } = hello.auth ?? {};
  const isBare = (token ?? password ?? deviceToken ?? bootstrapToken) === undefined && !isVouchedFor;
  if (role === "node" || isBare) return handshakeRefusal("DEVICE_IDENTITY_REQUIRED", "device identity required");
  const { id, mode } = hello.client;
  const isOperatorPage = id === "openclaw-tui" || id === "openclaw-control-ui" || mode === "ui" || mode === "webchat";
  return isOperatorPage ? handshakeRefusal("CONTROL_UI_DEVICE_IDENTITY_REQUIRED", "device identity required") : undefined;
}

interface ProvedDevice { readonly deviceId: string; readonly publicKey: string }

/** Undefined: no device was sent. */
function proveDevice(
  connection: Connection, hello: ConnectParams, role: Role, deps: HandshakeDeps,
): ProvedDevice | HandshakeRefusal | undefined {
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

interface Credential {
  readonly secret: Secret | undefined;
  readonly method: AuthMethod;
  /** Of a setup code; not used up yet. */
  readonly setup?: Setup;
}

/** Compares what was sent with what is valid now. Being present is never enough. */
function checkCredential(
  { source }: Connection, hello: ConnectParams, role: Role, voucher: Voucher | undefined, { access, identity, token }: HandshakeDeps,
): Credential | HandshakeRefusal {
  const auth = hello.auth ?? {};
  const { mode } = access;
  if (takesSecret(access, source)) {
    const secret = token();
    for (const candidate of [auth.token, auth.password]) {
      if (candidate !== undefined && secret.equals(candidate)) return { secret, method: mode === "password" ? "password" : "token" };
    }
  }
  if (hello.device !== undefined) {
    for (const candidate of [auth.deviceToken, auth.token]) {
      if (
        candidate !== undefined && identity.checkToken(hello.device.id, role, candidate)
      ) return { secret: undefined, method: "device-token" };
    }
    const setup = auth.bootstrapToken === undefined ? undefined : identity.setups.find(auth.bootstrapToken);
    if (setup !== undefined) return { secret: undefined, method: "bootstrap-token", setup };
  }
  if (voucher !== undefined) return { secret: undefined, method: voucher.method };
  return refuseCredential(hello, mode);
}

/** A trusted proxy may say that somebody gets less than they ask for. */
function capScopes(scopes: readonly string[], voucher: Voucher | undefined): readonly string[] {
  const { scopes: most } = voucher ?? {};
  return most === undefined ? scopes : scopes.filter((scope) => containsScopes(most, [scope]));
}

function faceOfDevice(connection: Connection, { client }: ConnectParams): DeviceFace {
  return {
    clientId: client.id,
    clientMode: client.mode,
    remoteIp: connection.remoteAddress,
    ...(client.displayName === undefined ? {} : { displayName: client.displayName }),
    ...(client.deviceFamily === undefined ? {} : { deviceFamily: client.deviceFamily }),
    ...(connection.origin === undefined ? {} : { browserOrigin: connection.origin }),
    platform: client.platform,
  };
}

/** Without a device only the owner's own programs on this machine keep what they ask for; all others get nothing. */
function scopesWithoutDevice(connection: Connection, hello: ConnectParams): readonly string[] {
  const { id, mode } = hello.client;
  const ownProgram = (id === "cli" && mode === "cli") || (id === "gateway-client" && mode === "backend");
  return connection.source.local && connection.origin === undefined && ownProgram ? (hello.scopes ?? []).filter(isScope) : [];
}

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

function refused(id: string, refusal: HandshakeRefusal, delayMs = 0): Extract<HandshakeOutcome, { kind: "refused" }> {
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
