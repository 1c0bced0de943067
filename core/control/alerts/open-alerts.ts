/** Alerts from their cause to their end: raised, told once, noted by a person, resolved. */
import { OpenClawError } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import { ALERT_CODES, causeOf, isAlertCode, kindOf, rankOf, type Alert, type AlertCode, type Mute } from "./alert.ts";
import type { AlertsConfig } from "./config.ts";
import { judge, type Cause } from "./judge.ts";
import { ALERT_LIMITS, loadAlerts, type AlertStore, type KeptAlerts, type KeptAlertsDeps } from "./kept-alerts.ts";
import { newDevices } from "./new-devices.ts";
import { formatAlert, presentAlert, type ShownAlert } from "./present-alert.ts";
import type { Happening, Reading } from "./reading.ts";
import { thresholdsOf } from "./thresholds.ts";
import { TurnWindow } from "./turn-window.ts";

export interface AlertsDeps extends KeptAlertsDeps {
  readonly clock: Clock;
  readonly ids: Pick<Ids, "sortable">;
  readonly config: () => AlertsConfig;
  readonly read: () => Promise<Reading>;
  /** For whoever watches the gateway. Never throws. */
  readonly tell: (event: "alert.changed", payload: unknown) => void;
  /**
   * To whom the owner wants it brought; durable when it resolves. Called again with the same alert after a crash: its id says that it
   * is the same. Rejects: it is tried again with the next look.
   */
  readonly deliver: (alert: ShownAlert, text: string) => Promise<void>;
  readonly log: { info(event: string, fields?: object): void; warn(event: string, fields?: object): void };
}

export interface AlertsListed {
  readonly enabled: boolean;
  /** The most severe first, then the newest. */
  readonly open: readonly ShownAlert[];
  /** Newest first. */
  readonly past: readonly ShownAlert[];
  readonly mutes: readonly Mute[];
}

export interface Alerts extends AsyncDisposable {
  note(happening: Happening): void;
  /** Looks now. One at a time. */
  look(): Promise<void>;
  /** As `look`, unless that was just now: whoever asks sees what is, and cannot make it look all the time. */
  refresh(): Promise<void>;
  list(): AlertsListed;
  /** A person has seen it. What happened and does not go on ends with that. Throws NOT_FOUND. */
  acknowledge(id: string, by: string): Promise<ShownAlert>;
  /** Nobody is told of this kind until then; null: at once again. Throws PARAMS_INVALID. */
  mute(code: string, untilMs: number | null, by: string): Promise<readonly Mute[]>;
}

/** What is not yet raised, or no longer found. */
interface Watched { readonly sinceMs: number }

const DELIVERIES_AT_ONCE = 20;
const JUST_NOW_MS = 1_000;

/** The caller disposes. */
export async function openAlerts(deps: AlertsDeps): Promise<Alerts> {
  const store = await loadAlerts(deps);
  return new OpenAlerts(deps, store);
}

class OpenAlerts implements Alerts {
  readonly #deps: AlertsDeps;
  readonly #store: AlertStore;
  readonly #window: TurnWindow;
  /** Causes that hold and are not raised yet, by when they were first found; and raised ones that are gone, by since when. */
  readonly #coming = new Map<string, Watched>();
  readonly #going = new Map<string, Watched>();
  /** What the last look found. */
  #holding: ReadonlyMap<string, Cause> = new Map();
  #moments: Cause[] = [];
  /** Everything that changes what is kept goes through here, one after the other. */
  #line: Promise<unknown> = Promise.resolve();
  #closed = false;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(deps: AlertsDeps, store: AlertStore) {
    this.#deps = deps;
    this.#store = store;
    this.#window = new TurnWindow(store.kept.hours, deps.clock.now());
  }

  note(happening: Happening): void {
    switch (happening.kind) {
      case "turn": return this.#window.turn(happening);
      case "denied": return this.#window.denied(happening.atMs);
      case "halted": return this.#moment({
        code: "RUN_HALTED", subject: happening.agentId, sinceMs: happening.atMs, next: "openclaw explain TURN_RUNAWAY",
        what: `A run of ${happening.sessionKey} went in circles and was halted`,
      });
      case "missed": return this.#moment({
        code: "JOB_MISSED", subject: happening.jobId, sinceMs: happening.atMs, next: "openclaw cron expected",
        what: `The job ${happening.name} missed its time`,
      });
    }
  }

  look(): Promise<void> {
    return this.#inLine(async () => {
      const config = this.#deps.config();
      if (this.#closed || config.enabled === false) return;
      const nowMs = this.#deps.clock.now();
      this.#lookedAt = this.#deps.clock.monotonic();
      await this.#weigh(await this.#deps.read(), config, nowMs);
      await this.#tellAll(nowMs);
    });
  }

  async refresh(): Promise<void> {
    if (this.#deps.clock.monotonic() - this.#lookedAt >= JUST_NOW_MS) await this.look();
  }

  list(): AlertsListed {
    const { open, past, mutes } = this.#store.kept;
    const nowMs = this.#deps.clock.now();
    const shown = (alert: Alert): ShownAlert => presentAlert(withNews(alert, this.#holding.get(causeOf(alert))), mutes, nowMs);
    return {
      enabled: this.#deps.config().enabled ?? true,
      open: open.map(shown).sort((a, b) => rankOf(a) - rankOf(b) || b.raisedAtMs - a.raisedAtMs),
      past: past.map((alert) => presentAlert(alert, mutes, nowMs)), mutes: mutes.filter(({ untilMs }) => untilMs > nowMs),
    };
  }

  acknowledge(id: string, by: string): Promise<ShownAlert> {
    return this.#inLine(async () => {
      const { kept } = this.#store;
      const found = kept.open.find((alert) => alert.id === id);
      if (found === undefined) throw new OpenClawError("NOT_FOUND", { why: `No alert ${id} is open.`, next: "Run: openclaw alerts list" });
      const atMs = this.#deps.clock.now();
      const noted: Alert = { ...found, acknowledged: found.acknowledged ?? { by, atMs } };
      if (kindOf(found.code).lastsMs === undefined) {
        await this.#store.save({ ...kept, open: kept.open.map((alert) => (alert.id === id ? noted : alert)) });
        return this.#told("acknowledged", noted);
      }
      const ended: Alert = { ...noted, resolvedAtMs: atMs, told: true };
      await this.#store.save({ ...kept, open: kept.open.filter((alert) => alert.id !== id), past: [ended, ...kept.past] });
      return this.#told("resolved", ended);
    });
  }

  mute(code: string, untilMs: number | null, by: string): Promise<readonly Mute[]> {
    return this.#inLine(async () => {
      const nowMs = this.#deps.clock.now();
      if (!isAlertCode(code)) {
        throw new OpenClawError("PARAMS_INVALID", { why: `No alert is called ${code}.`, next: `There are: ${ALERT_CODES.join(", ")}.` });
      }
      if (untilMs !== null && (untilMs <= nowMs || untilMs > nowMs + ALERT_LIMITS.muteMaxMs)) {
        const next = "For good: add the code to alerts.off in the configuration.";
        throw new OpenClawError("PARAMS_INVALID", { why: "A mute ends within 30 days.", next });
      }
      const { kept } = this.#store;
      const others = kept.mutes.filter((mute) => mute.code !== code && mute.untilMs > nowMs);
      await this.#store.save({ ...kept, mutes: untilMs === null ? others : [...others, { code, untilMs, by }] });
      for (const alert of kept.open) if (alert.code === code) this.#told("muted", alert);
      return this.#store.kept.mutes;
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#closed = true;
    await this.#line.catch(() => undefined);
  }

  #moment(cause: Cause): void {
    if (this.#moments.length < ALERT_LIMITS.openMax) this.#moments.push(cause);
  }

  async #weigh(reading: Reading, config: AlertsConfig, nowMs: number): Promise<void> {
    const { kept } = this.#store;
    const thresholds = thresholdsOf(config);
    this.#window.authRefused(nowMs, reading.authRefused);
    const hours = this.#window.endHour(nowMs);
    const openBy = new Map(kept.open.map((alert) => [causeOf(alert), alert]));
    const isOpen = (code: AlertCode, subject: string): boolean => openBy.has(causeOf({ code, subject }));
    const recently = this.#window.recently(nowMs, thresholds.turnsWindowMinutes * 60_000);
    const off = new Set<string>(config.off);
    const wanted = (cause: Cause): boolean => !off.has(cause.code);
    const holding = new Map(judge({ reading, recently, nowMs, thresholds, isOpen }).filter(wanted).map((cause) => [causeOf(cause), cause]));
    this.#holding = holding;
    const devices = newDevices(reading.devices, kept.devicesUpToMs);
    const moments = [...this.#moments, ...devices.causes].filter(wanted);

    const raised: Alert[] = this.#raise(holding, openBy, nowMs);
    const again = new Map<string, Cause[]>();
    for (const moment of moments) {
      const cause = causeOf(moment);
      again.set(cause, [...(again.get(cause) ?? []), moment]);
    }
    for (const [cause, causes] of again) if (!openBy.has(cause)) raised.push(this.#newAlert(causes, nowMs));
    const ended: Alert[] = [];
    const open = kept.open.flatMap((alert): readonly Alert[] => {
      const cause = causeOf(alert);
      const more = again.get(cause);
      const last = more?.at(-1);
      if (more !== undefined && last !== undefined) {
        return [{ ...alert, what: last.what, count: alert.count + more.length, lastAtMs: last.sinceMs ?? nowMs }];
      }
      if (!this.#isOver(alert, holding, nowMs)) return [withNews(alert, holding.get(cause))];
      ended.push({ ...alert, resolvedAtMs: nowMs, told: true });
      return [];
    });
    const isNews = raised.length + ended.length + again.size > 0 || hours !== undefined || devices.upToMs !== kept.devicesUpToMs;
    if (!isNews) return;
    const next: KeptAlerts = {
      ...kept, open: [...open, ...raised], past: [...ended, ...kept.past], hours: hours ?? kept.hours, devicesUpToMs: devices.upToMs,
      mutes: kept.mutes.filter(({ untilMs }) => untilMs > nowMs),
    };
    await this.#store.save(next);
    this.#moments = [];
    for (const alert of [...raised, ...ended]) {
      this.#coming.delete(causeOf(alert));
      this.#going.delete(causeOf(alert));
    }
    for (const alert of ended) this.#told("resolved", alert);
  }

  /** Causes that have held for their time. */
  #raise(holding: ReadonlyMap<string, Cause>, open: ReadonlyMap<string, Alert>, nowMs: number): Alert[] {
    const raised: Alert[] = [];
    for (const cause of this.#coming.keys()) if (!holding.has(cause)) this.#coming.delete(cause);
    for (const [name, cause] of holding) {
      if (open.has(name)) continue;
      const since = this.#coming.get(name) ?? { sinceMs: Math.min(nowMs, cause.sinceMs ?? nowMs) };
      this.#coming.set(name, since);
      if (nowMs - since.sinceMs >= kindOf(cause.code).afterMs) raised.push(this.#newAlert([{ ...cause, sinceMs: since.sinceMs }], nowMs));
    }
    return raised;
  }

  #newAlert(causes: readonly Cause[], nowMs: number): Alert {
    const [first, last] = [causes[0] as Cause, causes.at(-1) as Cause];
    return {
      id: this.#deps.ids.sortable(nowMs), code: first.code, subject: first.subject, what: last.what, next: last.next,
      sinceMs: first.sinceMs ?? nowMs, raisedAtMs: nowMs, count: causes.length, lastAtMs: last.sinceMs ?? nowMs, told: false,
    };
  }

  #isOver(alert: Alert, holding: ReadonlyMap<string, Cause>, nowMs: number): boolean {
    const { clearAfterMs, lastsMs } = kindOf(alert.code);
    if (lastsMs !== undefined) return nowMs - alert.lastAtMs >= lastsMs;
    const cause = causeOf(alert);
    if (holding.has(cause)) {
      this.#going.delete(cause);
      return false;
    }
    const gone = this.#going.get(cause) ?? { sinceMs: nowMs };
    this.#going.set(cause, gone);
    return nowMs - gone.sinceMs >= clearAfterMs;
  }

  /** Those nobody has been told of; muted ones wait for the end of their mute. What cannot be brought now is brought later. */
  async #tellAll(nowMs: number): Promise<void> {
    const { kept } = this.#store;
    const untold = kept.open.filter((alert) => !alert.told && !presentAlert(alert, kept.mutes, nowMs).muted).slice(0, DELIVERIES_AT_ONCE);
    if (untold.length === 0) return;
    const brought = new Set<string>();
    for (const alert of untold) {
      try {
        const shown = presentAlert(alert, kept.mutes, nowMs);
        await this.#deps.deliver(shown, formatAlert(shown));
        brought.add(alert.id);
      } catch (error) {
        this.#deps.log.warn("alert.undelivered", { id: alert.id, code: alert.code, error });
      }
    }
    if (brought.size === 0) return;
    await this.#store.save({ ...kept, open: kept.open.map((alert) => (brought.has(alert.id) ? { ...alert, told: true } : alert)) });
    for (const alert of untold) {
      if (!brought.has(alert.id)) continue;
      this.#deps.log.info("alert.raised", { id: alert.id, code: alert.code });
      this.#told("raised", alert);
    }
  }

  #told(change: "raised" | "resolved" | "acknowledged" | "muted", alert: Alert): ShownAlert {
    const shown = presentAlert(alert, this.#store.kept.mutes, this.#deps.clock.now());
    this.#deps.tell("alert.changed", { change, alert: shown, ts: this.#deps.clock.now() });
    return shown;
  }

  #inLine<T>(run: () => Promise<T>): Promise<T> {
    const result = this.#line.then(run, run);
    this.#line = result.catch(() => undefined);
    return result;
  }
}

/** Its words are those of now; they are not worth a write of their own. */
function withNews(alert: Alert, cause: Cause | undefined): Alert {
  return cause === undefined ? alert : { ...alert, what: cause.what, next: cause.next };
}
