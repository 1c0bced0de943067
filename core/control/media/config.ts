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
    transcription: {
      type: "object", additionalProperties: false,
      description: "Who turns recordings into words for models and people: a server, or a program on a node. Recordings go there.",
      properties: {
        command: {
          type: "array", minItems: 1, maxItems: 64, items: { type: "string", maxLength: 4_096 },
          description: "In place of a server: a program on a node and its arguments, `{file}` for the recording. It prints the words.",
        },
        node: { type: "string", minLength: 1, maxLength: 128, description: "Name or id of that node; any that runs programs unless given." },
        url: {
          type: "string", pattern: "^https?://", maxLength: 2_048,
          description: "A server of the OpenAI interface, with its path: https://host/v1/audio/transcriptions.",
        },
        model: { type: "string", minLength: 1, maxLength: 256, default: "whisper-1", description: "The model's name there." },
        language: { type: "string", pattern: "^[a-z]{2,3}$", description: "Language that is spoken; the server finds out unless given." },
        apiKeyEnv: { type: "string", pattern: "^[A-Za-z_][A-Za-z0-9_]{0,127}$", description: "Environment variable with its key." },
        apiKeyFile: { type: "string", minLength: 1, maxLength: 4_096, description: "File with its key, that only its owner can read." },
        maxBytes: bytes(104_857_600, 26_214_400, "Largest recording that is given to it."),
        timeoutMs: { type: "integer", minimum: 1_000, maximum: 600_000, default: 120_000, description: "Longest one may take." },
        charsMax: { type: "integer", minimum: 100, maximum: 60_000, default: 20_000, description: "Characters that are kept of one." },
      },
    },
  },
} as const satisfies JsonSchema;

export type TranscriptionConfig = NonNullable<Infer<typeof mediaConfig>["transcription"]>;
export type MediaLimits = Required<Omit<Infer<typeof mediaConfig>, "transcription">>;

export const TRANSCRIPTION_DEFAULTS = { model: "whisper-1", maxBytes: 26_214_400, timeoutMs: 120_000, charsMax: 20_000 } as const;

export const MEDIA_DEFAULTS: MediaLimits = {
  maxBytes: FRAME_BYTES, maxImageBytes: 6_291_456, maxAudioBytes: FRAME_BYTES, maxVideoBytes: FRAME_BYTES, maxFileBytes: FRAME_BYTES,
  maxUploadBytes: 268_435_456, filesMax: 16, textCharsMax: 40_000, sessionBytesMax: 536_870_912,
};

/** What hello-ok says of files that come in a message's own frame. */
export function attachmentsPolicy(set: Partial<MediaLimits> = {}): Pick<MediaLimits, "maxBytes" | "maxImageBytes"> {
  const { maxBytes, maxImageBytes } = { ...MEDIA_DEFAULTS, ...set };
  return { maxBytes, maxImageBytes };
}
