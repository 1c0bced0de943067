/**
 * What an owner wants to be told of without asking: answers that fail, doors that are tried, room that runs out.
 *
 * A few conditions are looked at on a slow beat. One that holds for its time becomes an alert: durable first, then told once on
 * the wire and, where the owner wants it, to a session or an actuator under the alert's own id. There is one alert for each
 * cause; it ends by itself once the cause has been gone for a while, and a person can take note of it or mute its kind for a
 * time. The room reads what others count. It changes nothing outside itself, and a turn never waits for it.
 */
export { openAlertsLate as openAlerts } from "./alerts/open-alerts-late.ts";
export type { LateAlerts } from "./alerts/open-alerts-late.ts";
export type { Alert, AlertCode, AlertFamily, AlertSeverity, Mute } from "./alerts/alert.ts";
export type { AlertsConfig } from "./alerts/config.ts";
export type { Alerts, AlertsDeps, AlertsListed } from "./alerts/open-alerts.ts";
export type { ShownAlert } from "./alerts/present-alert.ts";
export type { Reading } from "./alerts/reading.ts";
