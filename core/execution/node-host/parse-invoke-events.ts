/** What a gateway sends, made typed: anything that does not fit is undefined, and is ignored. */
import type { InvokeAckEvent, InvokeAttachEvent, InvokeCancelEvent, InvokeRequestEvent } from "@openclaw/protocol";

/** Ids become part of an environment and of file names: printable characters only. */
const ID = /^[\x21-\x7e]{1,128}$/;

type Fields = Readonly<Record<string, unknown>>;

export function parseInvokeRequest(payload: unknown): InvokeRequestEvent | undefined {
  const fields = fieldsOf(payload);
  const { id, nodeId, command, paramsJSON, timeoutMs, slot, epoch, repeatable } = fields;
  if (!isId(id) || !isId(nodeId) || typeof command !== "string") return undefined;
  if (paramsJSON !== undefined && typeof paramsJSON !== "string") return undefined;
  if (![timeoutMs, slot, epoch].every((value) => value === undefined || isCount(value))) return undefined;
  // Half a claim proves nothing, and must not pass for an invocation without one.
  if ((slot === undefined) !== (epoch === undefined)) return undefined;
  return {
    id, nodeId, command,
    ...(paramsJSON === undefined ? {} : { paramsJSON }),
    ...(isCount(timeoutMs) ? { timeoutMs } : {}),
    ...(isCount(slot) ? { slot } : {}),
    ...(isCount(epoch) ? { epoch } : {}),
    ...(repeatable === true ? { repeatable } : {}),
  };
}

export function parseAttach(payload: unknown): InvokeAttachEvent | undefined {
  const { id, nodeId, slot, epoch, offset } = fieldsOf(payload);
  return isId(id) && isId(nodeId) && isCount(slot) && isCount(epoch) && isCount(offset) ? { id, nodeId, slot, epoch, offset } : undefined;
}

export function parseAck(payload: unknown): InvokeAckEvent | undefined {
  const { id, nodeId } = fieldsOf(payload);
  return isId(id) && isId(nodeId) ? { id, nodeId } : undefined;
}

export function parseCancel(payload: unknown): InvokeCancelEvent | undefined {
  const { invokeId, nodeId } = fieldsOf(payload);
  return isId(invokeId) && isId(nodeId) ? { invokeId, nodeId } : undefined;
}

function fieldsOf(payload: unknown): Fields {
  return typeof payload === "object" && payload !== null ? (payload as Fields) : {};
}

function isId(value: unknown): value is string {
  return typeof value === "string" && ID.test(value);
}

function isCount(value: unknown): value is number {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}
