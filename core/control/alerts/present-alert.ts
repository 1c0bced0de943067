/** An alert as everybody is shown it. */
import { kindOf, type Alert, type AlertFamily, type AlertSeverity, type Mute } from "./alert.ts";

export interface ShownAlert extends Omit<Alert, "told"> {
  readonly family: AlertFamily;
  readonly severity: AlertSeverity;
  readonly means: string;
  /** Nobody is told of it for now. */
  readonly muted: boolean;
}

export function presentAlert({ told: _, ...alert }: Alert, mutes: readonly Mute[], nowMs: number): ShownAlert {
  const { family, severity, means } = kindOf(alert.code);
  return { ...alert, family, severity, means, muted: mutes.some(({ code, untilMs }) => code === alert.code && untilMs > nowMs) };
}

/** In words, for a message. */
export function formatAlert({ severity, code, what, means, next }: ShownAlert): string {
  const word = { problem: "Problem", attention: "Attention", notice: "Notice" }[severity];
  return `${word}: ${what}. ${means}\nCode: ${code}. Next: ${next}`;
}
