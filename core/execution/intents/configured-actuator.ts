/** One configured actuator: its drop-in, its configuration checked, its limits and its line. */
import { codeOf, OpenClawError, type Effect } from "@openclaw/protocol";
import type { Actuator, ActuatorContext, ActuatorEnd, ActuatorLimits, ActuatorRequest, OpenActuator } from "@openclaw/sdk";
import { deadline, type Clock } from "../../base/clock.ts";
import { checkSchema } from "../../base/schema.ts";
import { SHARED_MEMBERS, type ActuatorSection } from "./config.ts";
import { Pace } from "./pace.ts";

export interface ActuatorBounds extends ActuatorLimits {
  readonly waitingMax: number;
  readonly queueJobsMax: number;
  readonly queueBytesMax: number;
}

export interface ConfiguredActuator extends AsyncDisposable {
  readonly name: string;
  readonly actuator: Actuator;
  readonly bounds: ActuatorBounds;
  readonly unasked: boolean;
  /** Intents under way, and turns that wait in line. */
  readonly running: number;
  readonly waiting: number;
  /** Throws ACTUATOR_INTENT_INVALID or ACTUATOR_TARGET_FORBIDDEN. */
  judge(params: unknown): { readonly effect: Exclude<Effect, "none">; readonly summary: string };
  /**
   * One attempt, in its turn and within its time. Throws BACKPRESSURE when the line is full, and what `line` aborts with while
   * it waits there; nothing has been done then. `line` is `signal` unless given.
   */
  attempt(request: ActuatorRequest, signal: AbortSignal, line?: AbortSignal): Promise<ActuatorEnd>;
}

export interface ConfigureDeps {
  readonly name: string;
  readonly section: ActuatorSection;
  readonly actuator: Actuator;
  readonly lend: Omit<ActuatorContext, "config">;
  readonly clock: Clock;
}

const WAITING_MAX = 256;
const QUEUE_JOBS_MAX = 10_000;
const QUEUE_BYTES_MAX = 67_108_864;
/** After its time is over, an attempt may still say whether anything was sent. */
const LAST_WORDS_MS = 250;

/** Throws CONFIG_INVALID where the section does not fit the drop-in's schema. */
export function configureActuator({ name, section, actuator, lend, clock }: ConfigureDeps): ConfiguredActuator {
  const own = Object.fromEntries(Object.entries(section).filter(([member]) => !SHARED_MEMBERS.includes(member)));
  const checked = checkSchema(actuator.config, own);
  if (!checked.ok) {
    throw new OpenClawError("CONFIG_INVALID", { why: `actuators.${name}: ${checked.text}.`, detail: { path: `actuators.${name}` } });
  }
  const config: unknown = checked.value;
  const bounds: ActuatorBounds = {
    waitingMax: WAITING_MAX, queueJobsMax: QUEUE_JOBS_MAX, queueBytesMax: QUEUE_BYTES_MAX, ...actuator.limits, ...section.limits,
  };
  const pace = new Pace(clock, bounds);
  let opened: OpenActuator | undefined;

  const carryOut = async (request: ActuatorRequest, signal: AbortSignal): Promise<ActuatorEnd> => {
    try {
      opened ??= actuator.open({ ...lend, config });
      return await opened.carryOut(request, signal);
    } catch (error) {
      const code = codeOf(error);
      const before = code === "ACTUATOR_CREDENTIAL_MISSING" || code === "STATE_UNSAFE";
      const why = error instanceof OpenClawError ? error.message : "It failed inside.";
      return { ok: false, code: code ?? "ACTUATOR_FAILED", why, sent: !before, again: false };
    }
  };

  return {
    name, actuator, bounds,
    unasked: section.unasked ?? false,
    get running() {
      return pace.running;
    },
    get waiting() {
      return pace.waiting;
    },
    judge: (params) => {
      const fits = checkSchema(actuator.params, params);
      if (!fits.ok) throw new OpenClawError("ACTUATOR_INTENT_INVALID", { why: `${name}: ${fits.text}.` });
      const judgement = actuator.judge(fits.value, config);
      if ("refused" in judgement) throw new OpenClawError("ACTUATOR_TARGET_FORBIDDEN", { why: judgement.refused });
      return judgement;
    },
    attempt: async (request, signal, line = signal) => {
      const leave = await pace.enter(line);
      const limit = deadline(clock, bounds.timeoutMs, () => new OpenClawError("ACTUATOR_TIMEOUT"), signal);
      // A place is taken for as long as the work goes on, whether or not anybody still waits for it.
      const working = carryOut(request, limit.signal).finally(leave);
      const late = Promise.withResolvers<ActuatorEnd>();
      let lastWords: { close(): void } | undefined;
      limit.signal.addEventListener("abort", () => {
        const why = `It took more than ${bounds.timeoutMs} ms.`;
        lastWords = clock.after(LAST_WORDS_MS, () => late.resolve({ ok: false, code: "ACTUATOR_TIMEOUT", why, sent: true, again: true }));
      }, { once: true });
      try {
        return await Promise.race([working, late.promise]);
      } finally {
        lastWords?.close();
        limit.close();
      }
    },
    [Symbol.asyncDispose]: async () => {
      await opened?.[Symbol.asyncDispose]();
    },
  };
}
