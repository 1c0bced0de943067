/**
 * Files that come with messages: pictures, sound, films, texts.
 *
 * Promises: what a file is, its bytes say, and a false claim is refused before the message is accepted; nothing is kept that is
 * larger than the configuration allows. Never writes a file anywhere, and never opens one: what is kept is a sealed blob of its
 * session.
 */
export { checkAnnounced, readUpload, type UploadParams } from "./media/read-upload.ts";
export { readAttachments, type AttachmentParams } from "./media/read-attachments.ts";
export { transcribe } from "./media/transcribe.ts";
export { sniff, type Sniffed } from "./media/sniff.ts";
export type { MediaLimits } from "./media/config.ts";
