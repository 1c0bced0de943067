/** Looks after what does not work: at each connect, when something tells of it, and now and then while somebody looks. */
import { now } from "../kit/clock.ts";
import type { Link } from "../link.ts";
import { fieldsOf } from "../stores/fields.ts";
import { findDegraded } from "./find-degraded.ts";
import { degraded } from "./health.ts";

const TOGETHER_MS = 300;
/** Of what no event tells: sooner while something is wrong, so that its end is seen. */
const EVERY_MS = { well: 60_000, degraded: 10_000 } as const;

/** For as long as the page lives. */
export function followDegraded(link: Link): void {
  let timer: ReturnType<typeof setTimeout> | undefined;
  let raisesAlerts = true;
  const readAlerts = async (): Promise<unknown> => {
    if (!raisesAlerts) return {};
    try {
      return await link.request("alerts.list", {});
    } catch (error) {
      raisesAlerts = (error as { code?: string }).code === "CONNECTION_LOST";
      return {};
    }
  };
  const look = async (): Promise<void> => {
    timer = undefined;
    const [health, status, alerts] = await Promise.all([link.request("health", {}), link.request("status", {}), readAlerts()]);
    degraded.value = findDegraded({ health, status, alerts, nowMs: now() });
  };
  const again = (): void => {
    if (document.visibilityState !== "hidden" && link.state.peek().kind === "up") void look().catch(() => undefined).finally(wait);
    else wait();
  };
  const wait = (): void => {
    clearTimeout(timer);
    timer = setTimeout(again, degraded.peek().length > 0 ? EVERY_MS.degraded : EVERY_MS.well);
  };
  const soon = (): void => {
    clearTimeout(timer);
    timer = setTimeout(again, TOGETHER_MS);
  };
  link.onUp(soon);
  link.on("queue.lagging", soon);
  link.on("alert.changed", soon);
  link.on("chat", (payload: unknown) => {
    const { state, retry } = fieldsOf(payload);
    if (state === "error" || retry !== undefined) soon(); // a model may have been given a rest
  });
  document.addEventListener("visibilitychange", soon);
}
