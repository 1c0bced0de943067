/** Device pairing and device tokens. A device without operator.admin sees and manages only itself. */
import { OpenClawError, reword, ROLES, type Role } from "@openclaw/protocol";
import { showDevice, showRequest, type Caller, type Identity } from "../../../fabric/identity.ts";
import type { ClientView, MethodHandlers } from "../method.ts";
import { missingScope, refusal } from "../refuse.ts";

export interface DeviceMethodDeps {
  readonly identity: Identity;
}

export function deviceMethods({ identity }: DeviceMethodDeps): MethodHandlers {
  return {
    "device.pair.list": (_params, { client, gateway }) => ({
      pending: identity.requests().filter((request) => mayManage(client, request.deviceId)).map(showRequest),
      paired: identity.devices().filter((device) => mayManage(client, device.deviceId)).map(
        (device) => showDevice(device, gateway.isConnected(device.deviceId)),
      ),
    }),
    "device.pair.approve": async (params, { client, gateway }) => {
      const { requestId } = params as { requestId: string };
      const request = identity.requests().find((one) => one.requestId === requestId);
      // Who does not administer is told the same of what is not there; by these words its program asks again with operator.admin.
      const isTheirs = request !== undefined && mayManage(client, request.deviceId) && request.role !== "node";
      if (!isTheirs && !client.scopes.includes("operator.admin")) throw denied("device pairing approval denied");
      // A device cannot approve itself into more: only what its caller holds can be given, and that is checked in the room.
      const device = await identity.approve(requestId, callerOf(client)).catch(inWords("unknown requestId"));
      return { requestId, device: showDevice(device, gateway.isConnected(device.deviceId)) };
    },
    "device.pair.reject": async (params, { client }) => {
      const { requestId } = params as { requestId: string };
      const request = identity.requests().find((one) => one.requestId === requestId);
      if (request !== undefined && !mayManage(client, request.deviceId)) throw denied("device pairing rejection denied");
      return { requestId, deviceId: (await identity.reject(requestId).catch(inWords("unknown requestId"))).deviceId };
    },
    "device.pair.remove": async (params, { client }) => {
      const { deviceId } = params as { deviceId: string };
      assertMayManage(client, deviceId);
      await identity.remove(deviceId);
      return { deviceId };
    },
    "device.pair.rename": async (params, { client }) => {
      const { deviceId, label } = params as { deviceId: string; label: string };
      assertMayManage(client, deviceId);
      await identity.rename(deviceId, label);
      return { deviceId, label };
    },
    "device.token.rotate": async (params, { client }) => {
      const { deviceId, role, scopes } = params as { deviceId: string; role: string; scopes?: string[] };
      assertMayManage(client, deviceId);
      const rotated = await identity.rotate(deviceId, parseRole(role), scopes, callerOf(client)).catch(
        inWords("device token rotation denied"),
      );
      const own = client.deviceId === deviceId;
      return {
        deviceId,
        role,
        scopes: rotated.scopes,
        rotatedAtMs: rotated.rotatedAtMs,
        tokenDelivery: own ? "in-band" : "withheld-cross-device",
        ...(own ? { token: rotated.token.reveal() } : {}),
      };
    },
    "device.token.revoke": async (params, { client }) => {
      const { deviceId, role } = params as { deviceId: string; role: string };
      assertMayManage(client, deviceId);
      return { deviceId, role, revokedAtMs: await identity.revoke(deviceId, parseRole(role)) };
    },
  };
}

/** A program with the shared token but no device of its own acts for the owner; a paired device needs admin to reach others. */
function mayManage(client: ClientView, deviceId: string): boolean {
  return client.deviceId === undefined || client.deviceId === deviceId || client.scopes.includes("operator.admin");
}

function assertMayManage(client: ClientView, deviceId: string): void {
  if (!mayManage(client, deviceId)) throw missingScope("operator.admin");
}

function denied(message: string): OpenClawError {
  return reword(missingScope("operator.admin"), { code: "INVALID_REQUEST", message });
}

function callerOf(client: ClientView): Caller {
  return {
    scopes: client.scopes, connId: client.connId, name: client.principal.kind === "person" ? "owner" : client.principal.id,
    ...(client.deviceId === undefined ? {} : { deviceId: client.deviceId }),
  };
}

function parseRole(role: string): Role {
  if ((ROLES as readonly string[]).includes(role)) return role as Role;
  throw refusal("PARAMS_INVALID", `unknown role: ${role}`);
}

/** What is not there, in the words that clients know. */
function inWords(message: string): (error: unknown) => never {
  return (error) => {
    throw error instanceof OpenClawError && error.code === "NOT_FOUND" ? reword(error, { code: "INVALID_REQUEST", message }) : error;
  };
}
