/** The two ends of a node's connection, as this room sees them. The gateway implements the link and calls the session. */
export interface NodeLink {
  readonly nodeId: string;
  readonly connId: string;
  /** False when the frame can not be sent: the connection is closing, or more is buffered than may be. Never throws. */
  send(event: string, payload: unknown): boolean;
  close(code: number, reason: string): void;
}

/** What a node said of itself when it connected, after its identity was proved. */
export interface NodeHello {
  readonly displayName?: string;
  readonly platform: string;
  readonly version: string;
  readonly deviceFamily?: string;
  readonly clientId: string;
  readonly clientMode: string;
  readonly caps: readonly string[];
  readonly commands: readonly string[];
  readonly tags: readonly string[];
  readonly permissions?: Readonly<Record<string, boolean>>;
  readonly pathEnv?: string;
  readonly remoteIp?: string;
  /** The gateway's own local node: it started that process itself and knows its key. */
  readonly local: boolean;
  /** It came with a setup code the owner made for it: what it declares now is what it was let in for. */
  readonly setUp?: boolean;
}

export interface NodeSession {
  /** Answers one request of the node; throws coded errors for what is not a request of this contract. */
  receive(method: string, params: unknown): Promise<unknown>;
  /** The connection is gone. Called once; nothing is sent over the link after it. */
  closed(): void;
}
