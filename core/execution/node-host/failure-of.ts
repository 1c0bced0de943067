import { codeOf, OpenClawError } from "@openclaw/protocol";

/**
 * A failure as `node.invoke.result` carries it; one without a code says nothing about its inside.
 * `nodeCode` in its detail is what other gateways know it by.
 */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = codeOf(error);
  if (code === undefined) return { code: "INTERNAL", message: "Something went wrong inside the node." };
  const told = error instanceof OpenClawError ? error.detail["nodeCode"] : undefined;
  if (typeof told === "string" && error instanceof Error) return { code: told, message: error.message };
  return { code, message: error instanceof Error ? error.message : code };
}
