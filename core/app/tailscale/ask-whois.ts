/** Who has a tailnet address: the local daemon's answer over its socket. */
import { isIP } from "node:net";

const SOCKET = "/var/run/tailscale/tailscaled.sock";
const ANSWER_BYTES_MAX = 262_144;
const { request } = process.getBuiltinModule("node:http");

/**
 * The login name of whoever has `address`, or undefined when the daemon knows nobody there. Throws when there is no daemon.
 * `OPENCLAW_TAILSCALED_SOCKET` names another socket.
 */
export async function askWhois(
  address: string, signal: AbortSignal, socketPath = process.env["OPENCLAW_TAILSCALED_SOCKET"] ?? SOCKET,
): Promise<string | undefined> {
  if (isIP(address) === 0) return undefined;
  const { status, body } = await get(socketPath, `/localapi/v0/whois?addr=${encodeURIComponent(endpointOf(address))}`, signal);
  if (status !== 200) return undefined;
  const answer = JSON.parse(body) as {
    readonly UserProfile?: { readonly LoginName?: unknown }; readonly Node?: { readonly Tags?: unknown },
  };
  const login = answer.UserProfile?.LoginName;
  // A tagged machine is nobody's: its profile names no person.
  return typeof login === "string" && login !== "" && login !== "tagged-devices" ? login : undefined;
}

/** The daemon wants a port too, and any will do. */
function endpointOf(address: string): string {
  return isIP(address) === 6 ? `[${address}]:1` : `${address}:1`;
}

function get(socketPath: string, path: string, signal: AbortSignal): Promise<{ readonly status: number; readonly body: string }> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, headers: { Host: "local-tailscaled.sock" }, signal }, (response) => {
      const chunks: Buffer[] = [];
      let size = 0;
      response.on("data", (chunk: Buffer) => {
        size += chunk.length;
        if (size > ANSWER_BYTES_MAX) asking.destroy(new Error("the daemon says too much"));
        else chunks.push(chunk);
      });
      response.on("end", () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString("utf8") }));
      response.on("error", reject);
    });
    asking.on("error", reject);
    asking.end();
  });
}
