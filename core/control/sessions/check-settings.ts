import { GROUP_ACTIVATIONS, OpenClawError, QUEUE_MODES, SEND_POLICIES, THINKING_LEVELS, VERBOSE_LEVELS } from "@openclaw/protocol";
import type { SessionSettings } from "../../fabric/journal.ts";

const CHOICES: Readonly<Record<string, readonly string[]>> = {
  thinkingLevel: THINKING_LEVELS, verboseLevel: VERBOSE_LEVELS, sendPolicy: SEND_POLICIES, queueMode: QUEUE_MODES,
  groupActivation: GROUP_ACTIVATIONS,
};
const OTHERS = ["label", "model", "archived", "pinned", "unread", "autoLabel", "icon", "color", "category"] as const;

/** Throws PARAMS_INVALID for a field that is no setting here, and for a value that a setting cannot have. */
export function checkSettings(fields: Readonly<Record<string, unknown>>): SessionSettings {
  const names = [...OTHERS, ...Object.keys(CHOICES)];
  const refused = Object.keys(fields).filter((name) => !names.includes(name));
  if (refused.length > 0) throw invalid(`Not a setting of this gateway: ${refused.join(", ")}.`, `Settings: ${names.join(", ")}.`);
  for (const [name, choices] of Object.entries(CHOICES)) checkChoice(name, fields[name], choices);
  return fields as SessionSettings;
}

/** What a message may ask of the model. Throws PARAMS_INVALID. */
export function checkThinking(level: string | undefined): void {
  checkChoice("thinking", level, THINKING_LEVELS);
}

function checkChoice(name: string, value: unknown, choices: readonly string[]): void {
  if (value === undefined || value === null || choices.includes(String(value))) return;
  throw invalid(`${name} cannot be ${JSON.stringify(value).slice(0, 60)}.`, `Use one of: ${choices.join(", ")}.`);
}

function invalid(why: string, next: string): OpenClawError {
  return new OpenClawError("PARAMS_INVALID", { why, next });
}
