/** What a start needs of media: its configuration. */
export { MEDIA_DEFAULTS, type MediaLimits } from "./media/config.ts";
