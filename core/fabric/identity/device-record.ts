/** What is stored about a device, about one that waits, and how both are shown. Neither holds a secret. */
import type { Role } from "@openclaw/protocol";

export interface RoleGrant {
  readonly scopes: readonly string[];
  /** Part of the token's derivation; rises with every rotation. */
  readonly generation: number;
  /** The other part: random, drawn at each issue. */
  readonly issue?: string;
  readonly createdAtMs: number;
  readonly rotatedAtMs?: number;
  readonly revokedAtMs?: number;
  /** Until then a device that asked with nothing but its key may come once and get its token. */
  readonly collectUntilMs?: number;
}

/** What a client says about itself. Shown to people, never used to decide. */
export interface DeviceFace {
  readonly displayName?: string;
  readonly platform?: string;
  readonly deviceFamily?: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly remoteIp?: string;
  readonly browserOrigin?: string;
}

export interface DeviceRecord {
  readonly deviceId: string;
  readonly publicKey: string;
  readonly face: DeviceFace;
  /** A label a person gave; stronger than what the client says. */
  readonly label?: string;
  readonly approvedVia: string;
  readonly createdAtMs: number;
  readonly approvedAtMs: number;
  readonly lastSeenAtMs?: number;
  readonly lastSeenReason?: string;
  readonly roles: Readonly<Partial<Record<Role, RoleGrant>>>;
}

export interface PairRequest {
  readonly requestId: string;
  readonly deviceId: string;
  readonly publicKey: string;
  readonly face: DeviceFace;
  readonly role: Role;
  readonly scopes: readonly string[];
  readonly reason: "not-paired" | "role-upgrade" | "scope-upgrade";
  readonly atMs: number;
  /** It has nothing but its key: what is approved is handed out at its next connect. */
  readonly byKey?: true;
}

/** The wire's `Device`: no secret in it. */
export function showDevice(record: DeviceRecord, connected: boolean): Record<string, unknown> {
  const { face } = record;
  const roles = Object.keys(record.roles) as Role[];
  return {
    deviceId: record.deviceId,
    publicKey: record.publicKey,
    ...(record.label ?? face.displayName) === undefined ? {} : { displayName: record.label ?? face.displayName },
    ...(face.platform === undefined ? {} : { platform: face.platform }),
    ...(face.deviceFamily === undefined ? {} : { deviceFamily: face.deviceFamily }),
    clientId: face.clientId,
    clientMode: face.clientMode,
    role: roles[0] ?? "operator",
    roles,
    scopes: [...new Set(roles.flatMap((role) => record.roles[role]?.scopes ?? []))],
    ...(face.remoteIp === undefined ? {} : { remoteIp: face.remoteIp }),
    approvedVia: record.approvedVia,
    createdAtMs: record.createdAtMs,
    approvedAtMs: record.approvedAtMs,
    ...(record.lastSeenAtMs === undefined ? {} : { lastSeenAtMs: record.lastSeenAtMs, lastSeenReason: record.lastSeenReason }),
    connected,
    tokens: roles.map((role) => {
      const { generation: _, issue: __, collectUntilMs: ___, ...grant } = record.roles[role] as RoleGrant;
      return { role, ...grant };
    }),
  };
}

/** The wire's `DeviceRequest`, also the payload of `device.pair.requested`. */
export function showRequest(request: PairRequest): Record<string, unknown> {
  return {
    requestId: request.requestId,
    deviceId: request.deviceId,
    publicKey: request.publicKey,
    ...request.face,
    role: request.role,
    roles: [request.role],
    scopes: request.scopes,
    silent: false,
    isRepair: request.reason !== "not-paired",
    ts: request.atMs,
  };
}
