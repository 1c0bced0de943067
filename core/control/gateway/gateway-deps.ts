/** What a gateway is made with: its place, its keys, and the doors of the rooms it speaks for. */
import type { ConnectParams, MethodSpec } from "@openclaw/protocol";
import type { Clock } from "../../base/clock.ts";
import type { Ids } from "../../base/ids.ts";
import type { Secret } from "../../base/secret.ts";
import type { Identity } from "../../fabric/identity.ts";
import type { AuthRate } from "./auth-limiter.ts";
import type { GatewaySnapshot } from "./hello.ts";
import type { HookDoor } from "./hooks-surface.ts";
import type { HttpDoor } from "./http/http-door.ts";
import type { GatewayLimits } from "./limits.ts";
import type { Listen, OpenPort } from "./listen-on.ts";
import type { ClientView, GatewayLog, MethodHandlers } from "./method.ts";
import type { NodeDoor } from "./node-link.ts";
import type { AccessRules } from "./vouch.ts";

export interface GatewayDeps {
  readonly clock: Clock;
  readonly ids: Ids;
  readonly log: GatewayLog;
  readonly version: string;
  readonly listen: Listen;
  /** A port that is open already, in the place of one to open; told that it is taken over. */
  readonly opened?: () => Promise<OpenPort | undefined>;
  readonly auth: {
    /** The shared secret: the token, or in mode password the password. */
    readonly token: () => Secret;
    /** Absent: mode token, and nobody else vouches for anybody. */
    readonly access?: () => AccessRules;
    readonly rate?: AuthRate;
    /** Networks whose nodes the owner lets in unasked, the first time. */
    readonly isNodeNetwork?: (address: string) => boolean;
  };
  readonly identity: Identity;
  /** A method without a handler here does not exist for clients. */
  readonly methods: MethodHandlers;
  readonly nodes: NodeDoor;
  /** Is this the node the gateway itself started? It knows that node's key; being on this machine is not enough. */
  readonly isLocalNode?: (deviceId: string) => boolean;
  /** A client has been told hello: what it asked for beside that may be sent to it alone. Never throws. */
  readonly greet?: (hello: ConnectParams, client: ClientView, send: (event: "models.snapshot", payload: unknown) => void) => void;
  readonly snapshot: () => GatewaySnapshot;
  /** Where the build of the page lies; without it a browser is told so. */
  readonly builtPageDir?: string;
  readonly startedAtMs: number;
  /** Origins of pages that may connect, beside this machine's own; lowercase. */
  readonly origins?: readonly string[];
  /** Host values allowed beside loopback names with our port; lowercase. */
  readonly hosts?: readonly string[];
  /** Names of what is not ready yet, for `/readyz`. */
  readonly failing?: () => readonly string[];
  /** Descriptions of methods beyond the protocol's table. */
  readonly specs?: Readonly<Record<string, MethodSpec>>;
  readonly limits?: Partial<GatewayLimits>;
  /** Absent: this gateway takes no webhooks. */
  readonly hooks?: HookDoor;
  /** Absent: nobody speaks with an agent over plain HTTP. */
  readonly http?: HttpDoor;
  /** Where the page stands, `/` unless given, and whether there is one; `root`: the files of another dashboard, which stand there. */
  readonly page?: () => { readonly enabled: boolean; readonly basePath: string; readonly root?: string | undefined };
  readonly eventLoop?: () => unknown;
}
