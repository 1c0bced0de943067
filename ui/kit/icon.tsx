import type { VNode } from "preact";

/** One stroked set, 16 units wide. An icon is never the only sign: what it stands for is said beside it, or as a label. */
const PATHS = {
  now: "M2 9h3l2-5 3 9 2-6h2", chat: "M2.5 3.5h11v7.5h-6l-3 2.5v-2.5h-2z", nodes: "M3 3h10v4H3zM3 9h10v4H3zM5.5 5h.01M5.5 11h.01",
  approvals: "M8 2l5 2v4c0 3-2 5-5 6-3-1-5-3-5-6V4zM6 8l1.5 1.5L10.5 6.5", automations: "M8 3.5a5 5 0 1 1-5 5M8 5.5V8.5l2 1.5M3 3v3h3",
  logs: "M3 4h10M3 8h10M3 12h6", settings: "M3 5h6M12 5h1M3 11h1M7 11h6M10.5 3.5v3M5.5 9.5v3", check: "M3 8.5l3.5 3.5L13 4.5",
  copy: "M5.5 5.5h7v7h-7zM3.5 10.5v-7h7", send: "M8 13V3M3.5 7.5L8 3l4.5 4.5", stop: "M4.5 4.5h7v7h-7z", chevron: "M6 3.5l4.5 4.5L6 12.5",
  search: "M7 2.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9zM10.5 10.5l3 3", plus: "M8 3v10M3 8h10", cross: "M4 4l8 8M12 4l-8 8",
  more: "M3.5 8h.01M8 8h.01M12.5 8h.01", pin: "M6 2.5h4l-.5 4 2 2.5h-7l2-2.5zM8 9v4.5", retry: "M12.5 6A5 5 0 1 0 13 9M13 3v3.5H9.5",
  edit: "M3 13l.5-2.5 7-7 2 2-7 7zM9 5l2 2", attach: "M11.5 7.5l-4 4a2.5 2.5 0 0 1-3.5-3.5l5-5a1.7 1.7 0 0 1 2.4 2.4l-4.6 4.6",
  tool: "M9.5 3a3 3 0 0 0-2 4.5l-4.5 4.5 1 1L8.5 8.5A3 3 0 0 0 13 6l-2 1-1.5-1.5z",
  branch: "M5 3v7M5 13a1.5 1.5 0 1 1 .01 0M5 3a1.5 1.5 0 1 1 .01 0M11 6a1.5 1.5 0 1 1 .01 0M11 6c0 3-6 2-6 5",
  alert: "M8 2.5l6 11H2zM8 6.5v3M8 11.5h.01",
  circle: "M8 3.5a4.5 4.5 0 1 1 0 9 4.5 4.5 0 0 1 0-9z", pause: "M5.5 4v8M10.5 4v8", play: "M5 3.5l7 4.5-7 4.5z",
  keyboard: "M1.5 4.5h13v7h-13zM4 7h.01M6.7 7h.01M9.3 7h.01M12 7h.01M5 9.5h6",
  sun: "M8 5.5a2.5 2.5 0 1 1 0 5 2.5 2.5 0 0 1 0-5zM8 1.5v1.5M8 13v1.5M1.5 8H3M13 8h1.5M3.4 3.4l1 1M11.6 11.6l1 1M12.6 3.4l-1 1M4.4 11.6l-1"
    + " 1",
  moon: "M13 9.5A5.5 5.5 0 0 1 6.5 3a5.5 5.5 0 1 0 6.5 6.5z",
  half: "M8 2.5a5.5 5.5 0 1 1 0 11 5.5 5.5 0 0 1 0-11zM8 2.5v11M10 3v10M12 4.5v7",
} as const;

export type IconName = keyof typeof PATHS;

export function Icon({ name }: { readonly name: IconName }): VNode {
  return <svg class="icon" viewBox="0 0 16 16" width="16" height="16" aria-hidden="true"><path d={PATHS[name]} /></svg>;
}
