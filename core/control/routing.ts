/** Which agent a message belongs to, and which of its sessions: by the key it names, or by who sent it. */
export { routeInbound, type Route, type RouteRules, type RouteWish } from "./routing/route.ts";
export {
  bindingsConfig, DM_SCOPES, GROUP_SCOPES, keyOfSender, matchBinding, type Binding, type KeyScopes, type Sender,
} from "./routing/bindings.ts";
