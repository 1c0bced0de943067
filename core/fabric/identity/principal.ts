/** Whoever acts. Tenant and principal are part of every key; personal use is the one tenant `home`. */
import type { Label } from "@openclaw/protocol";

export interface Principal {
  readonly tenant: string;
  /** `owner`, `device:<id>`, `agent:<id>`, `service:<name>`. */
  readonly id: string;
  readonly kind: "person" | "device" | "service" | "agent";
  /** The label of text this principal writes. */
  readonly label: Label;
}

export const HOME_TENANT = "home";

export const OWNER: Principal = { tenant: HOME_TENANT, id: "owner", kind: "person", label: "owner" };
