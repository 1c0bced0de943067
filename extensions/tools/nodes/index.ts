import type { Intent, Tool } from "@openclaw/sdk";

interface NodesArgs {
  readonly action: Action;
  readonly node: string;
  readonly params?: Readonly<Record<string, unknown>>;
}

interface ActionSpec {
  readonly command: string;
  readonly effect: "read" | "idempotent" | "unsafe";
  /** What the command needs where the model says nothing. */
  readonly usual?: Readonly<Record<string, unknown>>;
  readonly timeoutMs?: number;
}

const ACTIONS = {
  notify: { command: "system.notify", effect: "idempotent", usual: { title: "OpenClaw", body: "" } },
  camera_list: { command: "camera.list", effect: "read" },
  camera_snap: { command: "camera.snap", effect: "unsafe", usual: { format: "jpg", maxWidth: 1_600 }, timeoutMs: 60_000 },
  camera_clip: { command: "camera.clip", effect: "unsafe", usual: { format: "mp4", durationMs: 3_000 }, timeoutMs: 120_000 },
  screen_record: {
    command: "screen.record", effect: "unsafe", timeoutMs: 120_000,
    usual: { format: "mp4", durationMs: 10_000, fps: 10, screenIndex: 0, includeAudio: false },
  },
  location_get: {
    command: "location.get", effect: "unsafe", usual: { timeoutMs: 10_000, maxAgeMs: 60_000, desiredAccuracy: "balanced" },
  },
  screen_snapshot: { command: "screen.snapshot", effect: "unsafe", timeoutMs: 60_000 },
  photos_latest: { command: "photos.latest", effect: "unsafe", usual: { limit: 1, maxWidth: 1_600 }, timeoutMs: 60_000 },
  canvas_present: { command: "canvas.present", effect: "unsafe" },
  canvas_navigate: { command: "canvas.navigate", effect: "unsafe" },
  canvas_hide: { command: "canvas.hide", effect: "unsafe" },
} as const satisfies Record<string, ActionSpec>;

type Action = keyof typeof ACTIONS;

const TIMEOUT_MS = 30_000;

/** What belongs to a device: its camera, screen, place, canvas and messages. */
export default {
  name: "nodes",
  summary: "Uses a device: camera, screen, location, canvas, notify (body).",
  // Every machine of ours can notify; the rest takes a device.
  needs: Object.values(ACTIONS).map(({ command }) => command).filter((command) => command !== "system.notify"),
  args: {
    type: "object",
    additionalProperties: false,
    required: ["action", "node"],
    properties: {
      action: { enum: Object.keys(ACTIONS) as Action[] },
      node: { type: "string", minLength: 1, maxLength: 128 },
      params: { type: "object", additionalProperties: true, maxProperties: 16 },
    },
  },
  effect: "unsafe",
  propose(args): Intent {
    const { action, node, params = {} } = args as NodesArgs;
    const { command, effect, usual = {}, timeoutMs = TIMEOUT_MS }: ActionSpec = ACTIONS[action];
    const shown = JSON.stringify(params);
    return {
      actuator: "node", effect, command, target: { command, node }, params: { ...usual, ...params }, timeoutMs,
      summary: `${command} on ${node}${shown === "{}" ? "" : ` ${shown.length > 500 ? `${shown.slice(0, 500)}…` : shown}`}`,
    };
  },
  present(payload) {
    const { bytes, format, ...facts } = (payload ?? {}) as Readonly<Record<string, unknown>>;
    if (typeof bytes !== "number" || typeof format !== "string") return { text: JSON.stringify(payload ?? {}), isError: false };
    const more = Object.entries(facts).map(([name, value]) => `${name} ${JSON.stringify(value)}`).join(", ");
    return { text: `It brought a file: ${format}, ${bytes} bytes${more === "" ? "" : `, ${more}`}.`, isError: false };
  },
} satisfies Tool;
