/**
 * The modules of core as one ordered list, bottom to top. A file may import its own module, `base`, and the doors of the
 * modules that stand before its own. A total order admits no cycle.
 */
export const FLOORS = [
  { floor: "fabric", rooms: ["formats", "config", "telemetry", "engine", "vault", "certificate", "qr", "identity", "audit", "journal", "ledger", "bus"] },
  { floor: "execution", rooms: ["sandbox", "nodes", "node-host", "policy", "intents", "fan-out", "skills", "tools"] },
  { floor: "cognition", rooms: ["models", "memory", "context", "supervisor", "runtime", "council", "planner"] },
  { floor: "control", rooms: ["agents", "placement", "sessions", "routing", "media", "channels", "schedule", "alerts", "gateway"] },
] as const;

/** Every module with its place in the order, from 0. */
export const ROOMS: readonly { readonly floor: string; readonly room: string; readonly order: number }[] =
  FLOORS.flatMap(({ floor, rooms }) => rooms.map((room) => ({ floor, room }))).map((place, order) => ({ ...place, order }));

/** The door of a module, relative to the root. */
export const doorOf = (place: { readonly floor: string; readonly room: string }): string => `core/${place.floor}/${place.room}.ts`;

/** A second door, for what a start needs of a module: its configuration, and what is loaded at its first use. */
export const startDoorOf = ({ floor, room }: { readonly floor: string; readonly room: string }): string => `core/${floor}/${room}-start.ts`;

/** A third, of data alone: its slice of the configuration, which the whole schema is made of without loading the module. */
export const configOf = ({ floor, room }: { readonly floor: string; readonly room: string }): string => `core/${floor}/${room}/config.ts`;
