/** Which agent and which session an inbound message belongs to. Pure: the same message always goes to the same place. */
export { routeInbound, type Route, type RouteWish } from "./routing/route.ts";
