/** Which agent a message belongs to, and which of its sessions: by the key it names, or by who sent it. */
export { routeInbound, type Route, type RouteRules, type RouteWish } from "./routing/route.ts";
export type { Binding } from "./routing/config.ts";
export { keyOfSender, matchBinding, type KeyScopes, type Sender } from "./routing/bindings.ts";
