/** From where on something is told of; what the schema says where the owner says nothing. */
import { alertsConfig, type AlertsConfig } from "./config.ts";

export type Thresholds = {
  readonly [K in keyof AlertsConfig as AlertsConfig[K] extends number | undefined ? K : never]-?: number;
};

export const ALERTS_DEFAULTS = Object.fromEntries(
  Object.entries(alertsConfig.properties).flatMap(([name, property]) =>
    "default" in property && typeof property.default === "number" ? [[name, property.default]] : []),
) as unknown as Thresholds;

export function thresholdsOf(config: AlertsConfig): Thresholds {
  return { ...ALERTS_DEFAULTS, ...config };
}
