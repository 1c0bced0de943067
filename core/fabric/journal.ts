/**
 * One session's log: typed events, sealed bodies, a chain of commitments, and the fold that turns them into state.
 *
 * Promises: what `append` resolved for is durable and folded; a state is always the fold of the log behind it; a session
 * whose key is destroyed cannot be read by anyone, and its chain still verifies. The journal never decides anything and
 * never looks at what a message says.
 */
export { createJournal, slotOf, type Journal, type NewOffer, type Offered } from "./journal/open-journal.ts";
export { JOURNAL_LIMITS, recordKeyOf, type SessionAddress } from "./journal/address.ts";
export {
  UPLOAD_LIFE_MS, type AttachmentHead, type KeptAttachment, type NewAttachment, type OpenAttachment, type SessionAttachments,
} from "./journal/session-attachments.ts";
export { blobsOf, type SessionBlobs } from "./journal/session-blobs.ts";
export type { SessionLog } from "./journal/session-log.ts";
export type { DumpedEntry } from "./journal/dump-entries.ts";
export type * from "./journal/offer.ts";
export type * from "./journal/event.ts";
export type * from "./journal/output-kept.ts";
export type { Attachment, IncomingFile, NewFile, Transcript } from "./journal/transcript-message.ts";
export { filesOf, saidIn, wordsIn } from "./journal/push-message.ts";
export { readMessages } from "./journal/read-messages.ts";
export { foldEntry } from "./journal/fold.ts";
export { labelOfMessages, labelSeen } from "./journal/label-seen.ts";
export { previewState } from "./journal/preview-state.ts";
export {
  STATE_LIMITS, emptyState, hasTurnWork, isAside, isIdle, leadOf, relaysOf, type Act, type AwaitedReply, type IndexMark,
  type KeptOutput, type OwedOutcome, type PendingRequest, type PinnedFact, type QueuedMessage, type RunOutcome, type SessionState,
  type SessionSummary, type TranscriptMessage, type TurnJob, type TurnState,
} from "./journal/session-state.ts";
export { SeenIds } from "./journal/seen-ids.ts";
export { weighState } from "./journal/weigh-state.ts";
export type { ChainReport } from "./journal/verify-chain.ts";
