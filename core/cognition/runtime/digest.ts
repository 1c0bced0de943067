/** What a prompt and the tools shown with it are known by in the log. */
import { hash } from "node:crypto";
import type { ModelMessage, ToolFace } from "@openclaw/sdk";
import { canonicalJson } from "../../execution/policy.ts";

/** Of the canonical bytes: one JSON list for each message, its parts in a fixed order. */
export function digestPrompt(messages: readonly ModelMessage[]): string {
  return hash("sha256", JSON.stringify(messages.map(partsOf)), "base64url");
}

function partsOf(message: ModelMessage): readonly unknown[] {
  switch (message.role) {
    case "assistant": return ["assistant", message.text, (message.calls ?? []).map(({ id, name, arguments: args }) => [id, name, args])];
    case "tool": return ["tool", message.callId, message.name, message.isError, message.text, ...imagesOf(message)];
    case "user": return ["user", message.text, ...imagesOf(message)];
    default: return [message.role, message.text];
  }
}

function imagesOf({ images }: Pick<Extract<ModelMessage, { role: "user" }>, "images">): readonly unknown[] {
  return images === undefined ? [] : [images.map(({ id }) => id)];
}

const known = new WeakMap<readonly ToolFace[], string>();

/** A registry gives the same list every time, so its digest is made once. */
export function digestFaces(tools: readonly ToolFace[]): string {
  let digest = known.get(tools);
  if (digest === undefined) known.set(tools, (digest = hash("sha256", canonicalJson(tools), "base64url")));
  return digest;
}
