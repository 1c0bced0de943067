/**
 * A way to a gateway on another machine: an SSH tunnel that is opened, watched, opened again when it breaks, and closed.
 *
 * It is the person's own `ssh`, with the person's own keys and configuration. The tunnel counts as open when the gateway at its
 * far end answers, not when ssh runs. It never asks for a password and never accepts an unknown host by itself.
 */
export { openTunnel, TUNNEL_TIMING, type Tunnel, type TunnelOptions, type TunnelState } from "./tunnel/open-tunnel.ts";
