/** Device pairing and device tokens. */
import type { MethodSpec } from "../method.ts";
import { anything, count, id, nothing, word } from "./fields.ts";

const requestId = { type: "object", additionalProperties: false, required: ["requestId"], properties: { requestId: id } } as const;
const deviceId = { type: "object", additionalProperties: false, required: ["deviceId"], properties: { deviceId: id } } as const;

export const DEVICE_METHODS = {
  "device.pair.list": {
    role: "operator", scope: "operator.pairing",
    summary: "Paired devices, and those that wait. Without operator.admin a device sees itself.", params: nothing,
    result: {
      type: "object", required: ["pending", "paired"],
      properties: { pending: { type: "array", items: anything }, paired: { type: "array", items: anything } },
    },
  },
  "device.pair.approve": {
    role: "operator", scope: "operator.pairing",
    summary: "Lets a device in. Approving a scope needs that scope; approving a node needs operator.admin.", params: requestId,
    result: { type: "object", required: ["requestId", "device"], properties: { requestId: id, device: anything } },
  },
  "device.pair.reject": {
    role: "operator", scope: "operator.pairing", summary: "Refuses it.", params: requestId,
    result: { type: "object", required: ["requestId", "deviceId"], properties: { requestId: id, deviceId: id } },
  },
  "device.pair.remove": {
    role: "operator", scope: "operator.pairing", summary: "Forgets a device; its connections end.", params: deviceId,
    result: { type: "object", required: ["deviceId"], properties: { deviceId: id } },
  },
  "device.pair.rename": {
    role: "operator", scope: "operator.pairing", summary: "Gives a device a label.",
    params: {
      type: "object", additionalProperties: false, required: ["deviceId", "label"],
      properties: { deviceId: id, label: { type: "string", minLength: 1, maxLength: 64 } },
    },
    result: { type: "object", required: ["deviceId", "label"], properties: { deviceId: id, label: { type: "string" } } },
  },
  "device.token.rotate": {
    role: "operator", scope: "operator.pairing",
    summary: "A new token for a device; never with more than it had, never with more than the caller has.",
    params: {
      type: "object", additionalProperties: false, required: ["deviceId", "role"],
      properties: { deviceId: id, role: word, scopes: { type: "array", maxItems: 32, items: { type: "string", maxLength: 64 } } },
    },
    result: {
      type: "object", required: ["deviceId", "role", "scopes", "rotatedAtMs", "tokenDelivery"],
      properties: {
        deviceId: id, role: word, scopes: { type: "array" }, rotatedAtMs: count,
        tokenDelivery: { enum: ["in-band", "withheld-cross-device"] }, token: { type: "string" },
      },
    },
  },
  "device.token.revoke": {
    role: "operator", scope: "operator.pairing", summary: "The device's token stops working at once, on live connections too.",
    params: { type: "object", additionalProperties: false, required: ["deviceId", "role"], properties: { deviceId: id, role: word } },
    result: { type: "object", required: ["deviceId", "role", "revokedAtMs"], properties: { deviceId: id, role: word,
    revokedAtMs: count } },
  },
  "device.pair.setupCode": {
    role: "operator", scope: "operator.admin", hidden: true,
    summary: "A code that lets one device in, once, within ten minutes. Without bootstrapProfile: everything, if the way is encrypted.",
    params: {
      type: "object", additionalProperties: false,
      properties: {
        publicUrl: { type: "string", minLength: 1, maxLength: 1_024 }, preferRemoteUrl: { type: "boolean" }, includeQr: { type: "boolean" },
        bootstrapProfile: { enum: ["limited", "node"] }, joinUrl: { const: true },
      },
    },
    result: {
      type: "object", required: ["setupId", "expiresAtMs", "setupCode", "gatewayUrl", "auth", "urlSource", "access"],
      properties: {
        setupId: id, expiresAtMs: count, setupCode: { type: "string" }, qrDataUrl: { type: "string" }, gatewayUrl: { type: "string" },
        gatewayUrls: { type: "array", items: { type: "string" } }, auth: { enum: ["token", "password"] }, urlSource: word,
        access: { enum: ["full", "limited", "node"] }, accessDowngraded: { type: "boolean" }, joinUrl: { type: "string" },
      },
    },
  },
  "device.pair.setupStatus": {
    role: "operator", scope: "operator.admin", hidden: true, summary: "Was the code used, and did the device surely get its tokens.",
    params: { type: "object", additionalProperties: false, required: ["setupId"], properties: { setupId: id } },
    result: { type: "object", properties: { completion: anything, deliveryUncertain: anything } },
  },
} as const satisfies Record<string, MethodSpec>;
