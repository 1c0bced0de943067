/** Why a client was not let in, in the wire's own words and codes: clients mend themselves by them. */
import { CLOSE, type ConnectParams } from "@openclaw/protocol";
import type { AuthMode } from "./plan-listening.ts";
import { handshakeRefusal, type HandshakeRefusal } from "./refuse.ts";

/** Nothing that was sent is valid: what was tried first says what to mend. */
export function refuseCredential(hello: ConnectParams, mode: AuthMode): HandshakeRefusal {
  const { token, password, deviceToken, bootstrapToken } = hello.auth ?? {};
  if (token !== undefined && mode !== "password") {
    const retry = hello.device !== undefined && deviceToken === undefined;
    return handshakeRefusal("AUTH_TOKEN_MISMATCH", "unauthorized: gateway token mismatch", {
      detail: {
        authReason: "token_mismatch",
        canRetryWithDeviceToken: retry,
        recommendedNextStep: retry ? "retry_with_device_token" : "update_auth_credentials",
      },
    });
  }
  if (password !== undefined || token !== undefined) {
    return handshakeRefusal("AUTH_PASSWORD_MISMATCH", "unauthorized: gateway password mismatch", {
      detail: { authReason: "password_mismatch", recommendedNextStep: "update_auth_credentials" },
    });
  }
  if (deviceToken !== undefined) {
    return handshakeRefusal("AUTH_DEVICE_TOKEN_MISMATCH", "unauthorized: device token mismatch", {
      detail: { authReason: "device_token_mismatch", recommendedNextStep: "update_auth_credentials" },
    });
  }
  if (bootstrapToken !== undefined) {
    return handshakeRefusal("AUTH_BOOTSTRAP_TOKEN_INVALID", "unauthorized: bootstrap token invalid", {
      detail: { authReason: "bootstrap_token_invalid", recommendedNextStep: "review_auth_configuration" },
    });
  }
  if (mode === "trusted-proxy") {
    return handshakeRefusal("AUTH_IDENTITY_HEADER_REQUIRED", "unauthorized: the proxy names nobody", {
      detail: { authReason: "identity_header_required", recommendedNextStep: "review_auth_configuration" },
    });
  }
  if (mode === "password") {
    return handshakeRefusal("AUTH_PASSWORD_MISSING", "unauthorized: gateway password missing", {
      detail: { authReason: "password_missing", recommendedNextStep: "update_auth_configuration" },
    });
  }
  return handshakeRefusal("AUTH_TOKEN_MISSING", "unauthorized: gateway token missing", {
    detail: { authReason: "token_missing", recommendedNextStep: "update_auth_configuration" },
  });
}

/** Whoever comes before everything is open: the well-known clients know these words and come back. */
export function stillStarting(): HandshakeRefusal {
  return handshakeRefusal("GATEWAY_STARTING", "gateway starting; retry shortly", {
    close: CLOSE.tryAgain, reason: "gateway starting", retryAfterMs: 500, detail: { reason: "startup-sidecars" },
  });
}

export function rateLimited(lockedMs: number): HandshakeRefusal {
  return handshakeRefusal("AUTH_RATE_LIMITED", "unauthorized: too many failed attempts", {
    retryAfterMs: lockedMs, detail: { authReason: "rate_limited", recommendedNextStep: "wait_then_retry" },
  });
}

export function pairingRequired(
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
