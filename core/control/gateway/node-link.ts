/** What the gateway and the nodes room hand each other when a node connects. */

/** The gateway's end of a node's connection. */
export interface NodeLink {
  readonly nodeId: string;
  readonly connId: string;
  /** One event to the node. False when the connection is gone, or does not drain. */
  send(event: string, payload: unknown): boolean;
  close(code: number, reason: string): void;
}

/** What a node said about itself. Its identity is proved, the rest is its word. */
export interface NodeHello {
  /** The device id. */
  readonly nodeId: string;
  readonly displayName?: string;
  readonly platform: string;
  readonly version: string;
  readonly deviceFamily?: string;
  readonly modelIdentifier?: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly permissions?: Readonly<Record<string, boolean>>;
  readonly tags: readonly string[];
  readonly pathEnv?: string;
  readonly remoteIp: string;
  /** The gateway's own local node: it started that process itself and knows its key. */
  readonly local: boolean;
  /** It came with a setup code the owner made for it: what it declares now is what it was let in for. */
  readonly setUp?: boolean;
}

export interface NodeSession {
  /** A node-role request: `node.invoke.result`, `node.event`, … Its params fit the method's schema. */
  receive(method: string, params: unknown): Promise<unknown>;
  /** The connection has ended. Called once. */
  closed(): void;
}

export interface NodeDoor {
  /** Called after hello-ok was sent, so events may follow at once. A newer link of the same node replaces the older one. */
  attach(link: NodeLink, hello: NodeHello): NodeSession | Promise<NodeSession>;
}
