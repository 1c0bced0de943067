/** Which of the shell's own overlays is open: one at a time, none in the address. */
import { signal } from "@preact/signals";

export type Overlay = "palette" | "shortcuts" | "more";

export const overlay = signal<Overlay | undefined>(undefined);
