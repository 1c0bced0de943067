/** The ledger and the supervisor's thresholds, wired to the configuration. */
import type { Records } from "@openclaw/sdk";
import type { Clock } from "../base/clock.ts";
import { SUPERVISOR_DEFAULTS, type SupervisorConfig } from "../cognition/supervisor-start.ts";
import { LEDGER_DEFAULTS, openLedger, smallestDailyLimit, type Ledger, type LedgerConfig, type Sealing } from "../fabric/ledger.ts";
import type { Logger } from "../fabric/telemetry.ts";
import type { Config } from "./config-schema.ts";

export interface ComposeLedgerDeps {
  readonly records: Records;
  readonly clock: Clock;
  readonly sealing: Sealing;
  /** Of this gateway, the same at every start. */
  readonly owner: string;
  readonly config: () => Config;
  readonly log: Logger;
}

const NO_LEDGER: LedgerConfig = {};

/** The caller disposes it, after everything that calls models. */
export function composeLedger({ records, clock, sealing, owner, config, log }: ComposeLedgerDeps): Promise<Ledger> {
  return openLedger({ records, clock, sealing, writer: owner, config: () => config().ledger ?? NO_LEDGER, log });
}

export function supervisorFor(config: () => Config): (agentId: string) => SupervisorConfig {
  return (agentId) => {
    const { supervisor, ledger = NO_LEDGER } = config();
    const budget = smallestDailyLimit(ledger, agentId);
    return {
      ...SUPERVISOR_DEFAULTS, ...supervisor, ...(budget === undefined ? {} : { budget }),
      currency: ledger.currency ?? LEDGER_DEFAULTS.currency,
    };
  };
}
