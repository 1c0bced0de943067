/** The tables this room reads from the protocol, in one place. */
export { METHODS, methodSpec } from "@openclaw/protocol/methods";
export { EVENTS, eventSpec, type EventSpec } from "@openclaw/protocol/events";
