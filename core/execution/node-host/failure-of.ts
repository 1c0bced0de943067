import { codeOf } from "@openclaw/protocol";

/** A failure as `node.invoke.result` carries it; one without a code says nothing about its inside. */
export function failureOf(error: unknown): { readonly code: string; readonly message: string } {
  const code = codeOf(error);
  if (code === undefined) return { code: "INTERNAL", message: "Something went wrong inside the node." };
  return { code, message: error instanceof Error ? error.message : code };
}
