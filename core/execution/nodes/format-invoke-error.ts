import { codeOf, formatWireError, type ErrorCode, type WireError } from "@openclaw/protocol";

/** The same, for a door that loads it with the first failure. */
export async function formatInvokeErrorLate(error: unknown, command: string): Promise<WireError> {
  return formatInvokeError(error, command);
}

/**
 * A failed `node.invoke` in the form operators' clients know. `details.code` is what those clients look at; where that is
 * not our own code, ours stands in `details.reason`.
 */
export function formatInvokeError(error: unknown, command: string): WireError {
  const wire = formatWireError(error);
  const code = codeOf(error);
  const details = wire.details ?? {};
  const nodeError = details["nodeError"];
  if (isNodeError(nodeError)) {
    return {
      ...wire, code: "UNAVAILABLE", message: `${nodeError.code}: ${nodeError.message}`,
      details: { ...details, nodeError, nodeCommandDispatched: true },
    };
  }
  if (code === "NODE_COMMAND_NOT_ALLOWED" && details["approved"] !== false) {
    return {
      ...wire, code: "INVALID_REQUEST", message: `node command not allowed: "${command}". ${wire.message}`,
      details: { ...details, reason: "command not allowlisted", command },
    };
  }
  if (code === "NODE_UNKNOWN" || code === "NODE_COMMAND_NOT_ALLOWED") {
    return {
      ...wire, code: "UNAVAILABLE", message: "node pairing changed while invocation was active", retryable: true,
      details: { ...details, code: "PAIRING_CHANGED", reason: code },
    };
  }
  if (code === "NODE_OFFLINE") {
    const told = { code: "NOT_CONNECTED", message: "node not connected" };
    return {
      ...wire, code: "UNAVAILABLE", message: "node not connected",
      details: { ...details, code: "NOT_CONNECTED", reason: code, nodeError: told, nodeCommandDispatched: false },
    };
  }
  const told = code === undefined ? undefined : ENDED_IN_BETWEEN[code];
  if (told !== undefined) return {
    ...wire, code: "UNAVAILABLE", message: `${told.code}: ${told.message}`,
    details: { ...details, nodeError: told, nodeCommandDispatched: true },
  };
  return { ...wire, details: { ...details, nodeCommandDispatched: details["dispatched"] === true } };
}

/** What became of the node or the time while the command was under way, as other gateways call it. */
const ENDED_IN_BETWEEN: { readonly [C in ErrorCode]?: { readonly code: string; readonly message: string } } = {
  NODE_LOST: { code: "DISCONNECTED", message: "node disconnected" },
  COMMAND_TIMEOUT: { code: "TIMEOUT", message: "node invoke timed out" },
};

function isNodeError(value: unknown): value is { readonly code: string; readonly message: string } {
  if (typeof value !== "object" || value === null || !("code" in value) || !("message" in value)) return false;
  return typeof value.code === "string" && typeof value.message === "string";
}
