/**
 * The way to the gateway: one connection that comes back by itself, and says honestly whether it is there.
 *
 * Promises: a lost connection is known at once and tried again until it stands; what it was refused for is told with the next step;
 * events reach whoever listens, in order, and a gap in their numbers is a new beginning for all. Never keeps a message: what must not
 * be lost is kept by whoever sends it, under its own key.
 */
export { describe, openLink, type Ended, type Link, type LinkState } from "./link/open-link.ts";
