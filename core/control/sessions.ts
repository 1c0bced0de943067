/**
 * Sessions as people know them: keys, admission, the line of waiting messages, settings, the transcript.
 *
 * A message is acknowledged only after its offer is durable, and every refusal comes before that. One turn at a time runs
 * in a session; whoever is killed, the next owner folds the log and goes on. A session nobody uses is on disk only.
 */
export { FILES_BYTES_MAX, openSessions } from "./sessions/open-sessions.ts";
export type { Sessions, SessionsDeps } from "./sessions/contract.ts";
export type { IncomingFile } from "../fabric/journal.ts";
export type { RunStatus, SentMessage } from "./sessions/send-message.ts";
export { parseSessionKey, formatMainKey, type SessionKey } from "./sessions/session-key.ts";
export { checkSettings, checkThinking } from "./sessions/check-settings.ts";
export type { Aborted } from "./sessions/request-change.ts";
export { admitMessage, type AdmissionLimits } from "./sessions/admit.ts";
export { SESSIONS_DEFAULTS, type SessionsConfig } from "./sessions/config.ts";
export { formatFile, type History, type HistoryItem, type HistoryPage } from "./sessions/transcript.ts";
export { createSearchIndex, type SearchIndex } from "./sessions/search-index.ts";
export type { SearchHit, SearchQuery, SearchResult } from "./sessions/search-sessions.ts";
export { createSessionIndex, type SessionIndex } from "./sessions/session-index.ts";
export { showRow, type SessionRow } from "./sessions/session-row.ts";
export type { ActOnSessions, SessionVisibility } from "./sessions/act-on-sessions.ts";
export type { ChannelAddress, ChannelDeliverer, Delivery, ReplyStatus } from "./sessions/delivery.ts";
export type { SubagentLimits } from "./sessions/speak-to-session.ts";
