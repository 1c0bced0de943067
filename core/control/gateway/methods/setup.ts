/** Setup codes: one scan or one paste lets a device in, once. */
import type { MethodHandlers } from "../method.ts";
import type { Identity, SetupAccess } from "../../../fabric/identity.ts";
import { refusal } from "../refuse.ts";

/** Where a device finds the gateway, best first. */
export interface GatewayAddresses {
  readonly urls: readonly { readonly url: string; readonly source: string }[];
  /** SHA-256 of the certificate; absent where there is no TLS, or a public authority vouches. */
  readonly tlsFingerprint?: string | undefined;
}

export interface SetupMethodDeps {
  readonly identity: Identity;
  readonly addresses: () => GatewayAddresses;
  /** What the gateway asks of clients. */
  readonly authMode: () => "token" | "password" | "none" | "trusted-proxy";
}

interface SetupCodeParams {
  readonly publicUrl?: string;
  readonly preferRemoteUrl?: boolean;
  readonly includeQr?: boolean;
  readonly bootstrapProfile?: "limited" | "node";
  readonly joinUrl?: true;
}

const URLS_MAX = 8;

export function setupMethods({ identity, addresses, authMode }: SetupMethodDeps): MethodHandlers {
  return {
    "device.pair.setupCode": async (params) => {
      const { publicUrl, preferRemoteUrl, includeQr, bootstrapProfile, joinUrl } = params as SetupCodeParams;
      const known = addresses();
      const urls = publicUrl === undefined ? ordered(known.urls, preferRemoteUrl === true) : [
        { url: parseUrl(publicUrl), source: "publicUrl" },
      ];
      const first = urls[0];
      if (first === undefined) throw refusal("PARAMS_INVALID", "no address to put into a setup code: pass publicUrl");
      const wished: SetupAccess = bootstrapProfile ?? "full";
      // A code for everything does not go to an address on the way to which it could be read.
      const access = wished === "full" && urls.some(({ url }) => isReadable(url)) ? "limited" : wished;
      const setup = identity.setups.issue(access);
      const gatewayUrls = urls.slice(0, URLS_MAX).map(({ url }) => url);
      const setupCode = formatSetupCode({
        url: first.url, ...(gatewayUrls.length > 1 ? { urls: gatewayUrls } : {}), bootstrapToken: setup.token.reveal(),
        expiresAtMs: setup.expiresAtMs,
        ...(known.tlsFingerprint === undefined || publicUrl !== undefined ? {} : { tlsFingerprint: known.tlsFingerprint }),
      });
      const link = `oc-pair://${setupCode}`;
      return {
        setupId: setup.setupId, expiresAtMs: setup.expiresAtMs, setupCode, gatewayUrl: first.url,
        ...(gatewayUrls.length > 1 ? { gatewayUrls } : {}),
        auth: authMode() === "password" ? "password" : "token", urlSource: first.source, access,
        ...(access === wished ? {} : { accessDowngraded: true }),
        ...(includeQr === true ? { qrDataUrl: await drawQr(link) } : {}),
        ...(joinUrl === true ? { joinUrl: link } : {}),
      };
    },
    "device.pair.setupStatus": (params) => identity.setups.status((params as { setupId: string }).setupId),
  };
}

/** Loaded with the first picture that is asked for. */
async function drawQr(text: string): Promise<string> {
  const { encodeQr, qrToPngDataUrl } = await import("../../../fabric/qr.ts");
  return qrToPngDataUrl(encodeQr(text));
}

function formatSetupCode(content: Readonly<Record<string, unknown>>): string {
  return Buffer.from(JSON.stringify(content), "utf8").toString("base64url");
}

function ordered<T extends { readonly source: string }>(urls: readonly T[], preferRemote: boolean): readonly T[] {
  return preferRemote ? [...urls].sort((a, b) => Number(b.source === "remote") - Number(a.source === "remote")) : urls;
}

function parseUrl(text: string): string {
  const url = URL.canParse(text) ? new URL(text.replace(/^http/i, "ws")) : undefined;
  if (url === undefined || (url.protocol !== "ws:" && url.protocol !== "wss:")) {
    throw refusal("PARAMS_INVALID", "invalid device.pair.setupCode params: at /publicUrl: must be a ws, wss, http or https URL");
  }
  return url.href.replace(/\/$/, "");
}

/** Plain, and not to this machine itself. */
function isReadable(url: string): boolean {
  const { protocol, hostname } = new URL(url);
  return protocol === "ws:" && hostname !== "localhost" && hostname !== "[::1]" && !hostname.startsWith("127.");
}
