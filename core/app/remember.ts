import type { createMemory } from "../cognition/memory.ts";
import type { IntentOrder } from "../execution/intents.ts";

/** Carries out what an agent wants to keep or to recall. Repeating it under the same id changes nothing. */
export async function remember(
  memory: ReturnType<typeof createMemory>, defaultAgentId: string, { intent, invocationId, sessionKey, label }: IntentOrder,
): Promise<unknown> {
  if (intent.actuator !== "memory") throw new Error("not a memory intent");
  const agentId = sessionKey.split(":")[1] ?? defaultAgentId;
  if (intent.action === "remember") {
    await memory.remember(agentId, invocationId, String(intent.params["text"]), label);
    return { remembered: true };
  }
  const facts = await memory.recall(agentId, String(intent.params["query"] ?? ""));
  return { facts: facts.map(({ text, label: own, timeMs }) => ({ text, label: own, timeMs })) };
}
