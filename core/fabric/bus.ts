/**
 * What is only ever live: tokens, output, presence. At most once, never waited for, never needed to fold a session.
 */
export { createLiveTopic, type LiveTopic } from "./bus/live-topic.ts";
