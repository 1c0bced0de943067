/**
 * The gateway as a service of systemd: of one person's session, or of the machine.
 *
 * A unit is written only where a person asked for it, says in its first line that it is ours, and is removed only then. It is as
 * closed as the gateway can bear: what it may not do is listed in `service/unit.ts` with what each line costs. The gateway tells
 * systemd when it is ready and that it is alive. Nothing here changes what the gateway keeps.
 */
import { late } from "../base/late.ts";

export type { ServicePlace } from "./service/place.ts";
export type { UnitOptions } from "./service/unit.ts";

export const installService = late(() => import("./service/install-service.ts"), "installService");
export const planService = late(() => import("./service/install-service.ts"), "planService");
export const uninstallService = late(() => import("./service/install-service.ts"), "uninstallService");
export const serviceState = late(() => import("./service/install-service.ts"), "serviceState");
export const followJournal = late(() => import("./service/systemctl.ts"), "followJournal");
export const tellSystemd = late(() => import("./service/tell-systemd.ts"), "tellSystemd");
