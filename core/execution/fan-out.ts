/**
 * Choreography: every intent, question and outcome, told to whoever follows its topic.
 *
 * The source is the log itself, so nothing is told that was not recorded, and what was recorded is told at least once, under
 * the same id. Each listener has a queue of its own; one that stalls falls behind alone, an alert rises, beyond its retention
 * its events become dead letters, and neither turns nor other listeners wait. A listener is told; it is never asked.
 */
export { LISTENER_DEFAULTS, type ListenersConfig } from "./fan-out/config.ts";
export { openFanOut, type FanOut, type FanOutDeps, type ListenerRow } from "./fan-out/open-fan-out.ts";
export { openQueueWatch, type QueueRow, type QueueWatch } from "./fan-out/watch-queues.ts";
export type { TopicEvent } from "./fan-out/topic-event.ts";
