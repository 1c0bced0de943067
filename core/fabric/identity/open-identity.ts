/**
 * The devices this gateway knows: who may connect, in which role, with which scopes, by which token.
 */
import { OpenClawError, SCOPES, type Role, type Scope } from "@openclaw/protocol";
import type { Closer, Records } from "@openclaw/sdk";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import { containsScopes, decideAdmission, isScope } from "./decide-admission.ts";
import type { DeviceFace, DeviceRecord, PairRequest, RoleGrant } from "./device-record.ts";
import { DeviceStore, type RecordSeal } from "./device-store.ts";
import { deriveDeviceToken, deriveGatewayKey, ISSUE_BYTES, type GatewayKey } from "./device-token.ts";
import type { Admission, AdmitRequest, Caller, FurtherToken, Identity, IdentityChange } from "./identity-port.ts";
import { isOnlySeen, lostAuthority } from "./lost-authority.ts";
import { SETUP_GRANTS, SetupCodes, type Setup, type SetupCompletion } from "./setup-codes.ts";
import { SeenDevices } from "./seen-devices.ts";

export const IDENTITY_LIMITS = {
  requestTtlMs: 300_000, requestsWaitingMax: 256, devicesMax: 10_000, seenFlushMs: 60_000,
  /** Of those that have nothing but a key: nobody crowds the others out. */
  byKeyWaitingMax: 8,
  collectMs: 300_000,
} as const;

export interface IdentityDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly ids: Ids;
  /** Derives device tokens and the gateway's own key. Whoever has it can be any device. */
  readonly tokenKey: Buffer;
  readonly seal?: RecordSeal;
  /** `gateway.nodes.pairing.autoApproveLocal`; true unless given. */
  readonly autoApproveLocal?: () => boolean;
  readonly onProblem?: (event: string, fields: Readonly<Record<string, unknown>>) => void;
}

/** Loads the devices. Whoever opens it disposes it. */
export async function openIdentity(deps: IdentityDeps): Promise<Identity> {
  const identity = new DeviceIdentity(deps);
  await identity.load();
  return identity;
}

class DeviceIdentity implements Identity {
  readonly #deps: IdentityDeps;
  readonly #store: DeviceStore;
  readonly #listeners = new Set<(change: IdentityChange) => void>();
  readonly #closing = new AbortController();
  readonly #seen: SeenDevices;
  readonly #sparing = new Map<string, string>();
  /** Devices that asked by their key and were refused, until when they are not heard again. */
  readonly #unheard = new Map<string, number>();
  readonly setups: SetupCodes;
  #gateway: GatewayKey | undefined;

  constructor(deps: IdentityDeps) {
    this.#deps = deps;
    this.setups = new SetupCodes(deps.clock, deps.ids);
    this.#store = new DeviceStore({ records: deps.records, seal: deps.seal, onDevice: (before, after) => this.#onDevice(before, after) });
    this.#seen = new SeenDevices({
      clock: deps.clock, store: this.#store, flushMs: IDENTITY_LIMITS.seenFlushMs, onProblem: deps.onProblem,
    });
  }

  load(): Promise<void> {
    return this.#store.load(this.#closing.signal, (error) => {
      if (!this.#closing.signal.aborted) this.#deps.onProblem?.("identity.watch_failed", { error: String(error) });
    });
  }

  get gateway(): GatewayKey {
    return (this.#gateway ??= deriveGatewayKey(this.#deps.tokenKey));
  }

  async admit(request: AdmitRequest): Promise<Admission> {
    const scopes = request.scopes.filter(isScope);
    const record = this.#store.device(request.deviceId);
    const answer = decideAdmission(record, {
      role: request.role,
      scopes,
      credential: request.credential,
      mayApproveSilently: request.local && request.credential === "shared-secret" && (this.#deps.autoApproveLocal?.() ?? true),
      mayCollect: (record?.roles[request.role]?.collectUntilMs ?? 0) > this.#deps.clock.now(),
      mayEnterAsNode: request.nodeNetwork === true && request.credential === "shared-secret",
    });
    switch (answer.kind) {
      case "admit":
        if (request.credential === "key") await this.#collected(request.deviceId, request.role);
        return this.#admitted(record as DeviceRecord, request.role, scopes);
      case "scope-mismatch": return { kind: "scope-mismatch", approvedScopes: record?.roles[request.role]?.scopes ?? [] };
      case "approve-silently": {
        const approved = await this.#grant({ ...request, scopes }, request.local ? "silent" : "network");
        this.#tell(
          {
            type: "resolved", requestId: this.#deps.ids.uuid(), deviceId: request.deviceId, decision: "approved",
            atMs: this.#deps.clock.now(),
          },
        );
        return this.#admitted(approved, request.role, scopes);
      }
      case "wait": {
        const waiting = await this.#ask({ ...request, scopes }, answer.reason);
        const grants = Object.entries(record?.roles ?? {});
        return {
          kind: "wait", request: waiting, approvedRoles: grants.map(([role]) => role),
          approvedScopes: grants.flatMap(([, grant]) => grant?.scopes ?? []),
        };
      }
    }
  }

  mayAskByKey(deviceId: string): boolean {
    const nowMs = this.#deps.clock.now();
    for (const [id, untilMs] of this.#unheard) if (untilMs <= nowMs) this.#unheard.delete(id);
    const others = this.requests().filter((request) => request.byKey === true && request.deviceId !== deviceId);
    return !this.#unheard.has(deviceId) && others.length < IDENTITY_LIMITS.byKeyWaitingMax;
  }

  async admitBySetup(request: Omit<AdmitRequest, "credential">, setup: Setup): Promise<Admission | undefined> {
    const grants = SETUP_GRANTS[setup.access];
    const own = grants[request.role];
    const scopes = request.scopes.filter(isScope);
    if (own === undefined || !containsScopes(own, scopes)) return { kind: "scope-mismatch", approvedScopes: own ?? [] };
    if (!this.setups.take(setup.setupId)) return undefined;
    let record = this.#store.device(request.deviceId);
    for (const [role, granted] of Object.entries(grants) as [Role, readonly Scope[]][]) {
      record = await this.#grant({ ...request, role, scopes: granted }, "setup-code");
    }
    const known = record as DeviceRecord;
    const name = request.face.displayName;
    const further = (Object.keys(grants) as Role[]).filter((role) => role !== request.role).map((role): FurtherToken => {
      const grant = known.roles[role] as RoleGrant;
      const deviceToken = deriveDeviceToken(this.#deps.tokenKey, known.deviceId, role, grant);
      return { deviceToken, role, scopes: grant.scopes, issuedAtMs: grant.rotatedAtMs ?? grant.createdAtMs };
    });
    const { setupId, access } = setup;
    const completion: SetupCompletion = {
      setupId, access, deviceId: known.deviceId, ts: this.#deps.clock.now(), ...(name === undefined ? {} : { deviceName: name }),
    };
    const admitted = this.#admitted(known, request.role, scopes);
    return admitted.kind === "admitted" ? { ...admitted, further, setup: completion } : admitted;
  }

  setupEnded(completion: SetupCompletion, delivered: boolean): void {
    this.setups.ended(completion, delivered);
    this.#tell({ type: "setup", completion, delivered });
  }

  checkToken(deviceId: string, role: Role, candidate: string): boolean {
    const grant = this.#store.device(deviceId)?.roles[role];
    if (grant === undefined || grant.revokedAtMs !== undefined) return false;
    return deriveDeviceToken(this.#deps.tokenKey, deviceId, role, grant).equals(candidate);
  }

  device(deviceId: string): DeviceRecord | undefined {
    const record = this.#store.device(deviceId);
    return record === undefined ? undefined : this.#seen.show(record);
  }

  devices(): readonly DeviceRecord[] {
    return this.#store.devices().map((record) => this.#seen.show(record));
  }

  requests(): readonly PairRequest[] {
    const oldestMs = this.#deps.clock.now() - IDENTITY_LIMITS.requestTtlMs;
    return this.#store.requests().filter((request) => request.atMs > oldestMs);
  }

  seen(deviceId: string, reason: string): void {
    this.#seen.note(deviceId, reason);
  }

  async approve(requestId: string, caller: Caller): Promise<DeviceRecord> {
    const request = this.#waiting(requestId);
    if (request.role === "node" && !caller.scopes.includes("operator.admin")) throw missingScope("operator.admin");
    for (const scope of request.scopes) if (!containsScopes(caller.scopes, [scope])) throw missingScope(scope);
    const record = await this.#grant(request, caller.name, request.byKey === true);
    await this.#store.updateRequest(requestId, () => undefined);
    this.#tell({ type: "resolved", requestId, deviceId: request.deviceId, decision: "approved", atMs: this.#deps.clock.now() });
    return record;
  }

  async reject(requestId: string): Promise<PairRequest> {
    const request = this.#waiting(requestId);
    if (request.byKey === true) this.#unheard.set(request.deviceId, this.#deps.clock.now() + IDENTITY_LIMITS.requestTtlMs);
    await this.#store.updateRequest(requestId, () => undefined);
    this.#tell({ type: "resolved", requestId, deviceId: request.deviceId, decision: "rejected", atMs: this.#deps.clock.now() });
    return request;
  }

  async remove(deviceId: string): Promise<void> {
    this.#known(deviceId);
    this.#seen.forget(deviceId);
    await this.#store.updateDevice(deviceId, () => undefined);
  }

  async rename(deviceId: string, label: string): Promise<void> {
    this.#known(deviceId);
    await this.#store.updateDevice(deviceId, (now) => (now === undefined ? undefined : { ...now, label }));
  }

  async rotate(
    deviceId: string, role: Role, scopes: readonly string[] | undefined, caller: Caller,
  ): Promise<{ scopes: readonly string[]; rotatedAtMs: number; token: Secret }> {
    const rotatedAtMs = this.#deps.clock.now();
    const spare = caller.deviceId === deviceId ? caller.connId : undefined;
    const record = await this.#change(deviceId, spare, (now) => {
      const grant = now.roles[role];
      if (grant === undefined || grant.revokedAtMs !== undefined) throw new OpenClawError(
        "NOT_FOUND", { why: `The device has no ${role} token.`, detail: { deviceId, role } },
      );
      const wanted = scopes ?? grant.scopes;
      if (!containsScopes(grant.scopes, wanted)) throw new OpenClawError(
        "AUTH_SCOPE_MISMATCH", { detail: { deviceId, approvedScopes: grant.scopes } },
      );
      // A caller that could mint a token stronger than itself would be its own approver.
      const isOwn = caller.deviceId === deviceId;
      if (role === "node" && !isOwn && !caller.scopes.includes("operator.admin")) throw missingScope("operator.admin");
      for (const scope of wanted) if (!containsScopes(caller.scopes, [scope])) throw missingScope(scope);
      const next: RoleGrant = {
        ...grant, scopes: wanted.filter(isScope), generation: grant.generation + 1, issue: this.#issue(), rotatedAtMs,
      };
      return { ...now, roles: { ...now.roles, [role]: next } };
    });
    const grant = record.roles[role] as RoleGrant;
    return { scopes: grant.scopes, rotatedAtMs, token: deriveDeviceToken(this.#deps.tokenKey, deviceId, role, grant) };
  }

  async revoke(deviceId: string, role: Role): Promise<number> {
    const revokedAtMs = this.#deps.clock.now();
    await this.#change(deviceId, undefined, (now) => {
      const grant = now.roles[role];
      if (grant === undefined) throw new OpenClawError(
        "NOT_FOUND", { why: `The device has no ${role} token.`, detail: { deviceId, role } },
      );
      return { ...now, roles: { ...now.roles, [role]: { ...grant, revokedAtMs } } };
    });
    return revokedAtMs;
  }

  onChanged(listener: (change: IdentityChange) => void): Closer {
    this.#listeners.add(listener);
    return { close: () => this.#listeners.delete(listener) };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#seen.close();
    this.#closing.abort(new OpenClawError("CLOSED"));
    this.#listeners.clear();
  }

  #admitted(record: DeviceRecord, role: Role, scopes: readonly Scope[]): Admission {
    const grant = record.roles[role] as RoleGrant;
    const token = deriveDeviceToken(this.#deps.tokenKey, record.deviceId, role, grant);
    return { kind: "admitted", scopes, token, issuedAtMs: grant.rotatedAtMs ?? grant.createdAtMs };
  }

  /** Adds role and scopes to the device's record. Wider scopes and a repaired role are a new generation of the token. */
  async #grant(
    request: { deviceId: string; publicKey: string; face: DeviceFace; role: Role; scopes: readonly string[] }, approvedVia: string,
    mayCollect = false,
  ): Promise<DeviceRecord> {
    const nowMs = this.#deps.clock.now();
    if (this.#store.device(request.deviceId) === undefined && this.#store.devices().length >= IDENTITY_LIMITS.devicesMax) {
      throw new OpenClawError(
        "BACKPRESSURE",
        { why: `No more than ${IDENTITY_LIMITS.devicesMax} devices.`, next: "Remove devices that are no longer used: openclaw devices" },
      );
    }
    const record = await this.#store.updateDevice(request.deviceId, (now) => {
      const old = now?.roles[request.role];
      const kept = old === undefined || old.revokedAtMs !== undefined ? [] : old.scopes;
      const scopes = SCOPES.filter((scope) => kept.includes(scope) || request.scopes.includes(scope));
      const grant: RoleGrant = {
        scopes, generation: (old?.generation ?? 0) + 1, issue: this.#issue(), createdAtMs: old?.createdAtMs ?? nowMs,
        ...(old === undefined ? {} : { rotatedAtMs: nowMs }),
        ...(mayCollect ? { collectUntilMs: nowMs + IDENTITY_LIMITS.collectMs } : {}),
      };
      return {
        ...now,
        deviceId: request.deviceId,
        publicKey: request.publicKey,
        face: request.face,
        approvedVia,
        createdAtMs: now?.createdAtMs ?? nowMs,
        approvedAtMs: nowMs,
        roles: { ...now?.roles, [request.role]: grant },
      };
    });
    return record as DeviceRecord;
  }

  /** Once: from now on its key alone lets it in no more. */
  async #collected(deviceId: string, role: Role): Promise<void> {
    await this.#store.updateDevice(deviceId, (now) => {
      const grant = now?.roles[role];
      if (now === undefined || grant === undefined) return now;
      const { collectUntilMs: _, ...rest } = grant;
      return { ...now, roles: { ...now.roles, [role]: rest } };
    });
  }

  /** A device that was removed and comes back must not find its old tokens valid again: no issue repeats another. */
  #issue(): string {
    return this.#deps.ids.bytes(ISSUE_BYTES).toString("base64url");
  }

  /** One waiting request per device and role: asking again refreshes it. */
  async #ask(request: AdmitRequest & { readonly scopes: readonly Scope[] }, reason: PairRequest["reason"]): Promise<PairRequest> {
    const nowMs = this.#deps.clock.now();
    const all = this.#store.requests().sort((a, b) => a.atMs - b.atMs);
    const same = all.find(
      (one) => one.deviceId === request.deviceId && one.role === request.role && one.atMs > nowMs - IDENTITY_LIMITS.requestTtlMs,
    );
    for (const [index, one] of all.entries()) {
      const expired = one.atMs <= nowMs - IDENTITY_LIMITS.requestTtlMs;
      if (one !== same && (expired || all.length - index >= IDENTITY_LIMITS.requestsWaitingMax)) await this.#store.updateRequest(
        one.requestId, () => undefined,
      );
    }
    const { deviceId, publicKey, face, role, scopes } = request;
    const waiting: PairRequest = {
      requestId: same?.requestId ?? this.#deps.ids.uuid(), deviceId, publicKey, face, role, scopes, reason, atMs: nowMs,
      ...(request.credential === "key" ? { byKey: true } : {}),
    };
    await this.#store.updateRequest(waiting.requestId, () => waiting);
    if (same === undefined) this.#tell({ type: "requested", request: waiting });
    return waiting;
  }

  async #change(deviceId: string, sparing: string | undefined, change: (now: DeviceRecord) => DeviceRecord): Promise<DeviceRecord> {
    this.#known(deviceId);
    if (sparing !== undefined) this.#sparing.set(deviceId, sparing);
    try {
      const record = await this.#store.updateDevice(deviceId, (now) => (now === undefined ? undefined : change(now)));
      if (record === undefined) throw unknownDevice(deviceId);
      return record;
    } finally {
      this.#sparing.delete(deviceId);
    }
  }

  #onDevice(before: DeviceRecord | undefined, after: DeviceRecord | undefined): void {
    if (before !== undefined && after === undefined) this.#tell({ type: "revoked", deviceId: before.deviceId, cause: "removed" });
    if (before !== undefined && after !== undefined) {
      const sparing = this.#sparing.get(after.deviceId);
      for (const { role, cause } of lostAuthority(before, after)) {
        this.#tell({ type: "revoked", deviceId: after.deviceId, role, cause, ...(sparing === undefined ? {} : { sparing }) });
      }
    }
    if (!isOnlySeen(before, after)) this.#tell({ type: "changed" });
  }

  #tell(change: IdentityChange): void {
    for (const listener of this.#listeners) listener(change);
  }

  #known(deviceId: string): void {
    if (this.#store.device(deviceId) === undefined) throw unknownDevice(deviceId);
  }

  #waiting(requestId: string): PairRequest {
    const request = this.requests().find((one) => one.requestId === requestId);
    if (request === undefined) throw new OpenClawError(
      "NOT_FOUND",
      { why: "The pairing request is unknown or older than five minutes.", next: "Have the device connect again.", detail: { requestId } },
    );
    return request;
  }
}

function missingScope(scope: string): OpenClawError {
  const error = new OpenClawError("MISSING_SCOPE", { detail: { missingScope: scope, requiredScopes: [scope] } });
  error.message = `missing scope: ${scope}`; // the wire's own words
  return error;
}

function unknownDevice(deviceId: string): OpenClawError {
  return new OpenClawError("NOT_FOUND", { why: "No such device.", next: "Run: openclaw devices list", detail: { deviceId } });
}
