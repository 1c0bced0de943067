/** What a start needs of media: its configuration. */
export { mediaConfig, MEDIA_DEFAULTS, type MediaLimits } from "./media/limits.ts";
