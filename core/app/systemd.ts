/**
 * The gateway as a service of systemd: of one person's session, or of the machine.
 *
 * A unit is written only where a person asked for it, says in its first line that it is ours, and is removed only then. It is as
 * closed as the gateway can bear: what it may not do is listed in `systemd/unit.ts` with what each line costs. The gateway tells
 * systemd when it is ready and that it is alive. Nothing here changes what the gateway keeps.
 */
import { late } from "../base/late.ts";

export type { ServicePlace } from "./systemd/place.ts";
export type { UnitOptions } from "./systemd/unit.ts";

export const installService = late(() => import("./systemd/install-service.ts"), "installService");
export const planService = late(() => import("./systemd/install-service.ts"), "planService");
export const uninstallService = late(() => import("./systemd/install-service.ts"), "uninstallService");
export const serviceState = late(() => import("./systemd/install-service.ts"), "serviceState");
export const followJournal = late(() => import("./systemd/systemctl.ts"), "followJournal");
export const tellSystemd = late(() => import("./systemd/tell-systemd.ts"), "tellSystemd");
