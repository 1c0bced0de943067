/**
 * Intake and the messengers.
 *
 * Intake is the one door through which every message enters, whoever brings it: validate, route, admit, offer to the log, and only
 * then acknowledge. A messenger's drop-in speaks its protocol; this room decides who may write, brings each answer once over every
 * crash, keeps accounts alive and says so when one is not. What a stranger writes reaches no model.
 */
import { late } from "../base/late.ts";

export { createIntake, type GroupActivation, type Inbound, type Intake, type Received } from "./channels/receive.ts";
export { openChannelsLate as openChannels, type LateChannels } from "./channels/open-channels-late.ts";
/** Loaded where a messenger is configured or asked for. */
export const openAllChannels = late(() => import("./channels/open-channels.ts"), "openChannels");
export type { ChannelIssue, Channels, ChannelsDeps, SendOrder } from "./channels/open-channels.ts";
export type { ObeyedCommand, SaidInChannel } from "./channels/receive-messages.ts";
export type { AccountPhase, AccountStatus } from "./channels/open-account.ts";
export type { AccountSection } from "./channels/account-sections.ts";
export { DEFAULT_ACCOUNT } from "./channels/config.ts";
export type { OutboxEntry } from "./channels/outbox.ts";
export type { ApprovedSender, Pairing, PairingCode } from "./channels/pairing.ts";
