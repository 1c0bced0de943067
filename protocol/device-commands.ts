/**
 * Commands of other machines' programs: phones, desktops, browsers. Our node host carries none of them out; the gateway knows
 * which are harmless on which platform, which only the owner may allow by name, and how large what they bring may be.
 */
import type { JsonSchema } from "./schema.ts";

export type DevicePlatform = "linux" | "windows" | "macos" | "ios" | "android" | "unknown";

export interface DeviceCommandSpec {
  readonly summary: string;
  readonly effect: "read" | "idempotent" | "unsafe";
  /** Platforms on which it is allowed once the node was approved. `host`: on every one, as commands of our own node are. */
  readonly allowedOn: readonly DevicePlatform[] | "host";
  /** Allowed only where the configuration names it. */
  readonly optIn?: true;
  /** A person's own call needs no further question. */
  readonly direct?: true;
  /** The result brings a picture or a recording, as base64 of at most so many characters. */
  readonly media?: { readonly charsMax: number; readonly formats: readonly string[] };
  /** What a result has to hold. Absent: any object. */
  readonly result?: JsonSchema;
}

export const MEDIA_LIMITS = {
  /** Characters of base64. */
  snapChars: 5_242_880,
  clipChars: 18_874_368,
  clipDurationMs: 60_000,
} as const;

const DESKTOP: readonly DevicePlatform[] = ["linux", "windows", "macos"];
const MAC_AND_PHONES: readonly DevicePlatform[] = ["macos", "ios", "android"];
const WINDOWS_TOO: readonly DevicePlatform[] = ["windows", ...MAC_AND_PHONES];

const picture = { charsMax: MEDIA_LIMITS.snapChars, formats: ["jpg", "jpeg", "png"] } as const;
const recording = { charsMax: MEDIA_LIMITS.clipChars, formats: ["mp4", "mov", "webm"] } as const;

const place = {
  type: "object", required: ["lat", "lon"],
  properties: { lat: { type: "number", minimum: -90, maximum: 90 }, lon: { type: "number", minimum: -180, maximum: 180 } },
} as const satisfies JsonSchema;

const cameras = {
  type: "object", required: ["devices"], properties: { devices: { type: "array", maxItems: 64 } },
} as const satisfies JsonSchema;

const reads = (summary: string): DeviceCommandSpec => ({ summary, effect: "read", allowedOn: MAC_AND_PHONES });
const acts = (summary: string): DeviceCommandSpec => ({ summary, effect: "unsafe", allowedOn: [], optIn: true });
const host = (summary: string): DeviceCommandSpec => ({ summary, effect: "unsafe", allowedOn: "host" });

export const DEVICE_COMMANDS: Readonly<Record<string, DeviceCommandSpec>> = {
  "canvas.present": { summary: "Shows the canvas.", effect: "unsafe", allowedOn: MAC_AND_PHONES, direct: true },
  "canvas.hide": { summary: "Hides the canvas.", effect: "unsafe", allowedOn: MAC_AND_PHONES, direct: true },
  "canvas.navigate": { summary: "Opens an address on the canvas.", effect: "unsafe", allowedOn: MAC_AND_PHONES, direct: true },

  "camera.list": { summary: "The cameras of a device.", effect: "read", allowedOn: WINDOWS_TOO, direct: true, result: cameras },
  "camera.snap": { summary: "Takes a picture.", effect: "unsafe", allowedOn: [], optIn: true, direct: true, media: picture },
  "camera.clip": { summary: "Records a camera.", effect: "unsafe", allowedOn: [], optIn: true, direct: true, media: recording },
  "camera.ptz.status": { summary: "Where a camera looks.", effect: "read", allowedOn: MAC_AND_PHONES, direct: true },
  "camera.ptz.control": { summary: "Turns a camera.", effect: "unsafe", allowedOn: [], optIn: true, direct: true },
  "screen.record": { summary: "Records a screen.", effect: "unsafe", allowedOn: [], optIn: true, direct: true, media: recording },
  "location.get": { summary: "Where a device is.", effect: "unsafe", allowedOn: WINDOWS_TOO, direct: true, result: place },

  "device.info": { summary: "What a device is.", effect: "read", allowedOn: WINDOWS_TOO, direct: true },
  "device.status": { summary: "Battery and storage of a device.", effect: "read", allowedOn: WINDOWS_TOO, direct: true },
  "device.permissions": reads("What a device's owner permits."),
  "device.health": reads("How well a device is."),
  "contacts.search": reads("People in the address book."),
  "calendar.events": reads("What stands in the calendar."),
  "reminders.list": reads("What is to be remembered."),
  "photos.latest": reads("The newest photos."),
  "notifications.list": reads("What a device shows."),
  "motion.activity": reads("How a device moves."),
  "motion.pedometer": reads("Steps."),

  "contacts.add": acts("Adds a person."),
  "calendar.add": acts("Adds an event."),
  "reminders.add": acts("Adds a reminder."),
  "health.summary": acts("Tells of its owner's health."),
  "sms.send": acts("Sends a text message."),
  "sms.search": acts("Searches text messages."),

  "computer.act": { summary: "Uses mouse and keyboard.", effect: "unsafe", allowedOn: DESKTOP },
  "screen.snapshot": { ...host("A picture of the screen."), media: picture },
  "desktop.stream": host("Shows the screen as it changes."),
  "browser.proxy": host("Uses the node's browser."),
  "browser.proxy.upload.v1": host("Hands the node's browser a file."),
  "mcp.tools.call.v1": host("Calls a tool of the node's own servers."),
};

/** What the node calls its machine, as one of the names that rules are written for. */
export function devicePlatformOf(platform: string, deviceFamily?: string): DevicePlatform {
  const said = `${platform} ${deviceFamily ?? ""}`.toLowerCase();
  if (/\b(ios|ipados|iphone|ipad)/.test(said)) return "ios";
  if (said.includes("android")) return "android";
  if (/\b(darwin|mac)/.test(said)) return "macos";
  if (/\bwin/.test(said)) return "windows";
  return said.includes("linux") ? "linux" : "unknown";
}
