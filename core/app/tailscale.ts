/**
 * The tailscale of this machine: its daemon, asked who has an address, and its command, told to serve the gateway.
 *
 * The daemon answers on a local socket that only this machine's programs reach; what it says is the tailnet's own word. The
 * gateway asks it and believes no header without it. Serving is started by the command line, never by the gateway.
 */
export { askWhois } from "./tailscale/ask-whois.ts";
export { runTailscale } from "./tailscale/run-tailscale.ts";
export { openServing, servePort, stopServing, type ServeMode } from "./tailscale/serve-gateway-port.ts";
