import type { Infer, JsonSchema } from "@openclaw/protocol";

const bytes = (most: number, usual: number, description: string) => (
  { type: "integer", minimum: 1_024, maximum: most, default: usual, description } as const
);

/** One frame of the wire holds this much as base64. */
const FRAME_BYTES = 19_464_192;

/** The slice `media` of the configuration. */
export const mediaConfig = {
  type: "object", additionalProperties: false, description: "Files that come with messages.",
  properties: {
    maxBytes: bytes(FRAME_BYTES, FRAME_BYTES, "All files of one message together."),
    maxImageBytes: bytes(FRAME_BYTES, 6_291_456, "Largest picture."),
    maxAudioBytes: bytes(FRAME_BYTES, FRAME_BYTES, "Largest recording of sound."),
    maxVideoBytes: bytes(FRAME_BYTES, FRAME_BYTES, "Largest film."),
    maxUploadBytes: bytes(1_073_741_824, 268_435_456, "Largest file that is brought over HTTP, as the page does; pictures as above."),
    maxFileBytes: bytes(FRAME_BYTES, FRAME_BYTES, "Largest file of any other kind."),
    filesMax: { type: "integer", minimum: 1, maximum: 32, default: 16, description: "Files that may come with one message." },
    textCharsMax: {
      type: "integer", minimum: 0, maximum: 60_000, default: 40_000,
      description: "Characters of text files that a model is shown of one message.",
    },
    sessionBytesMax: bytes(1_000_000_000_000, 536_870_912, "Files that one session keeps; beyond, its oldest go."),
  },
} as const satisfies JsonSchema;

export type MediaLimits = Required<Infer<typeof mediaConfig>>;

export const MEDIA_DEFAULTS: MediaLimits = {
  maxBytes: FRAME_BYTES, maxImageBytes: 6_291_456, maxAudioBytes: FRAME_BYTES, maxVideoBytes: FRAME_BYTES, maxFileBytes: FRAME_BYTES,
  maxUploadBytes: 268_435_456, filesMax: 16, textCharsMax: 40_000, sessionBytesMax: 536_870_912,
};

/** What hello-ok says of files that come in a message's own frame. */
export function attachmentsPolicy(set: Partial<MediaLimits> = {}): Pick<MediaLimits, "maxBytes" | "maxImageBytes"> {
  const { maxBytes, maxImageBytes } = { ...MEDIA_DEFAULTS, ...set };
  return { maxBytes, maxImageBytes };
}
