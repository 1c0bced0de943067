/** The tools that propose intents for the configured actuators: one for each kind, and none where nothing is configured. */
import type { JsonSchema } from "@openclaw/protocol";
import type { Intent, Tool } from "@openclaw/sdk";
import type { ConfiguredActuator } from "./configured-actuator.ts";

export function actuatorTools(all: readonly ConfiguredActuator[]): readonly Tool[] {
  const kinds = Map.groupBy(all, ({ actuator }) => actuator.id);
  return [...kinds.values()].map(toolFor);
}

function toolFor(group: readonly ConfiguredActuator[]): Tool {
  const [first] = group;
  if (first === undefined) throw new Error("a tool for no actuator");
  const { actuator } = first;
  const byName = new Map(group.map((configured) => [configured.name, configured]));
  const only = group.length === 1 ? first : undefined;
  return {
    name: actuator.tool.name, summary: actuator.tool.summary, args: argsOf(actuator.params, [...byName.keys()]),
    // The least harmless thing it can propose; what it does propose carries its own.
    effect: "unsafe",
    propose: (args): Intent => {
      const { to = only?.name, async: handOver, ...params } = args as { readonly to?: string; readonly async?: boolean };
      const configured = to === undefined ? undefined : byName.get(to);
      if (configured === undefined) throw new Error(`Say in "to" which one: ${[...byName.keys()].join(", ")}.`);
      const { effect, summary } = configured.judge(params);
      return {
        actuator: "outside", to: configured.name, kind: actuator.id, effect, params, summary: `${configured.name}: ${summary}`,
        ...(handOver === true ? { handOver } : {}), ...(configured.unasked ? { unasked: true } : {}),
        ...(actuator.quiet === true ? { quiet: true } : {}),
      };
    },
    present: (payload) =>
      presentHanded(payload) ?? actuator.present?.(payload) ?? { text: JSON.stringify(payload ?? null), isError: false },
  };
}

export interface HandedReceipt { readonly handedOver: string; readonly queue: string }

function presentHanded(payload: unknown): { readonly text: string; readonly isError: boolean } | undefined {
  if (typeof payload !== "object" || payload === null || !("handedOver" in payload)) return undefined;
  return { text: `Handed over as ${String(payload.handedOver)}; its outcome will come as a message.`, isError: false };
}

function argsOf(params: JsonSchema, names: readonly string[]): JsonSchema {
  const to = { enum: names, description: "Which of those that are configured." };
  const several = names.length > 1;
  return {
    ...params,
    required: [...(params.required ?? []), ...(several ? ["to"] : [])],
    properties: {
      ...params.properties, ...(several ? { to } : {}),
      async: { type: "boolean", description: "Hand it over and go on; the outcome comes later as a message." },
    },
  };
}
