/**
 * The one catalogue of everything the world can do to us.
 *
 * The wire knows seven top-level codes; ours travels in `details.code`. Every entry says how to retry, which HTTP status
 * and which exit code it becomes, and what the person should do next. Programmer mistakes are assertions, not entries.
 */
export type WireCode =
  | "NOT_LINKED" | "NOT_PAIRED" | "AGENT_TIMEOUT" | "INVALID_REQUEST" | "FORBIDDEN" | "APPROVAL_NOT_FOUND" | "UNAVAILABLE";

export interface ErrorSpec {
  readonly wire: WireCode;
  readonly http: number;
  /** `later`: the same request may succeed. `after-fix`: somebody must change something first. */
  readonly retry: "never" | "later" | "after-fix";
  /** Exit code of the command line: see docs/errors.md. */
  readonly exit: number;
  /** What happened, as a sentence. */
  readonly text: string;
  /** What to do next: a command where there is one. */
  readonly next: string;
}

/** Exit codes of the command line. */
export const EXIT = {
  ok: 0, failed: 1, usage: 2, denied: 3, notFound: 4, conflict: 5,
  unavailable: 69, temporary: 75, auth: 77, config: 78, timeout: 124, interrupted: 130,
} as const;

export const ERRORS = {
  // The engine: exactly these seven, whichever engine it is.
  FENCED: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "Another owner has taken over this part of the log.", next: "Retry: the request reaches the new owner." },
  CONFLICT: { wire: "UNAVAILABLE", http: 409, retry: "later", exit: 5, text: "The record changed since it was read.", next: "Read it again, then retry." },
  ENGINE_UNAVAILABLE: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "The store did not confirm the write; it may have been applied.", next: "Retry with the same id: nothing is done twice." },
  BACKPRESSURE: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "Too much is waiting here.", next: "Wait a moment, then retry." },
  TOO_LARGE: { wire: "INVALID_REQUEST", http: 413, retry: "after-fix", exit: 2, text: "This is larger than the limit.", next: "Send less at a time." },
  NOT_FOUND: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "There is no such thing.", next: "List what exists, then name one of those." },
  CLOSED: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "This part of the gateway is closed.", next: "Start the gateway: openclaw gateway run" },

  // The state directory and the disk.
  STATE_HELD: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 5, text: "Another gateway holds this state directory.", next: "Stop that one, or start with --profile NAME for a second gateway." },
  STATE_UNSAFE: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 78, text: "The state directory is readable by others.", next: "Run: chmod 700 on the state directory." },
  STATE_NEWER: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 78, text: "The state directory was written by a newer version.", next: "Start that newer version, or restore the backup made before it." },
  STATE_FOREIGN: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 78, text: "A file in the state directory does not belong to this program.", next: "Move the named file away, or point OPENCLAW_STATE_DIR somewhere else." },
  STATE_DAMAGED: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 78, text: "Stored data does not verify.", next: "Restore the state directory from a backup; the named file is left as it is." },
  BACKUP_FAILED: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 1, text: "The backup was not made.", next: "Mend what is named, then retry." },
  BACKUP_DAMAGED: { wire: "UNAVAILABLE", http: 500, retry: "never", exit: 1, text: "This backup does not verify; nothing was changed.", next: "Use another one: openclaw backup list" },
  BACKUP_PASSPHRASE_MISSING: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "A passphrase is needed.", next: "Give it with --passphrase-file FILE, or in OPENCLAW_BACKUP_PASSPHRASE." },
  BACKUP_PASSPHRASE_WRONG: { wire: "INVALID_REQUEST", http: 403, retry: "after-fix", exit: 77, text: "This passphrase does not open it.", next: "Try the one it was made with." },
  BACKUP_KEYLESS: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "This backup was made without keys; alone it cannot be read.", next: "Name the credentials directory that was kept apart: --keys DIR" },
  BACKUP_TARGET_FULL: { wire: "INVALID_REQUEST", http: 409, retry: "after-fix", exit: 5, text: "A backup is restored into an empty place only.", next: "Add --replace: what is there is moved aside, not removed." },
  MIGRATION_FAILED: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 78, text: "The stored data could not be brought to this version; the old data is untouched.", next: "Start the previous version, and report the cause." },
  DISK_FULL: { wire: "UNAVAILABLE", http: 507, retry: "after-fix", exit: 75, text: "The disk is full; nothing was half-written.", next: "Free some space, then retry." },
  FILE_LOCKED: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "A file is locked by another program; nothing was half-written.", next: "Close the program that holds the file, then retry." },
  KEY_DESTROYED: { wire: "INVALID_REQUEST", http: 410, retry: "never", exit: 4, text: "This session was deleted; its key no longer exists.", next: "Start a new session." },

  // Configuration.
  CONFIG_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 78, text: "The configuration does not fit its schema.", next: "Mend the named line; the last good configuration stays in force." },
  CONFIG_KEY_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "after-fix", exit: 4, text: "There is no such configuration key.", next: "Run: openclaw config get" },
  CONFIG_INCLUDED: { wire: "INVALID_REQUEST", http: 409, retry: "after-fix", exit: 78, text: "This part of the configuration stands in another file.", next: "Edit that file; a running gateway takes it at once." },
  CONFIG_SECRET_INLINE: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 78, text: "Secrets do not belong in the configuration file.", next: "Put the secret in an environment variable, or in a file only you can read." },
  SECRET_UNRESOLVED: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 78, text: "A secret that the configuration names could not be had.", next: "Put it where the configuration says that it is." },
  BIND_REFUSED: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 78, text: "The gateway may not listen there.", next: "Remove gateway.bind, or set it to \"loopback\"; from elsewhere: openclaw remote --ssh USER@HOST" },
  CERTIFICATE_UNKNOWN: { wire: "UNAVAILABLE", http: 502, retry: "after-fix", exit: 77, text: "Nobody vouches for this gateway's certificate.", next: "Compare its words: on the gateway's machine run openclaw gateway tls; then pass --tls-fingerprint" },
  CERTIFICATE_MISMATCH: { wire: "UNAVAILABLE", http: 502, retry: "after-fix", exit: 77, text: "This is not the gateway it was: its certificate has another fingerprint.", next: "On the gateway's machine: openclaw gateway tls. If it was rotated, pair again; if not, somebody is in between." },
  TUNNEL_FAILED: { wire: "UNAVAILABLE", http: 502, retry: "later", exit: 69, text: "The SSH tunnel could not be opened.", next: "Try the same by hand: ssh USER@HOST true" },
  TAILSCALE_FAILED: { wire: "UNAVAILABLE", http: 502, retry: "after-fix", exit: 69, text: "Tailscale did not do it.", next: "Look at: tailscale status" },
  PORT_TAKEN: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 69, text: "Another program listens on this port.", next: "Start with --port N, or stop the other program." },

  // The wire.
  FRAME_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The frame is not a request of this protocol.", next: "See docs/protocol.md." },
  METHOD_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 2, text: "There is no such method.", next: "See features.methods in hello-ok." },
  PARAMS_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The parameters do not fit the method.", next: "See docs/protocol.md." },
  ROLE_UNAUTHORIZED: { wire: "INVALID_REQUEST", http: 403, retry: "never", exit: 77, text: "This method is not for this role.", next: "Connect with the role the method names." },
  MISSING_SCOPE: { wire: "FORBIDDEN", http: 403, retry: "after-fix", exit: 77, text: "This connection lacks a scope the method needs.", next: "Connect with the scope named in the error." },
  HANDSHAKE_REQUIRED: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The first frame must be connect.", next: "Answer connect.challenge with connect." },
  PROTOCOL_MISMATCH: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 69, text: "Client and gateway share no protocol version.", next: "Update the older of the two." },
  GATEWAY_STARTING: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "The gateway is starting.", next: "Retry shortly." },
  GATEWAY_STOPPING: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "The gateway is stopping.", next: "Retry once it is up again." },
  GATEWAY_UNREACHABLE: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 69, text: "No gateway answers at this address.", next: "Start one: openclaw gateway run" },
  REQUEST_TIMEOUT: { wire: "AGENT_TIMEOUT", http: 504, retry: "later", exit: 124, text: "No answer came in time.", next: "Retry, or give a longer --timeout." },
  CONNECTION_LOST: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "The connection was lost before the answer came.", next: "Retry with the same idempotency key: nothing is done twice." },
  INTERNAL: { wire: "UNAVAILABLE", http: 500, retry: "later", exit: 1, text: "Something went wrong inside the gateway.", next: "See: openclaw logs" },

  // Who you are.
  AUTH_REQUIRED: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "This gateway wants a token.", next: "Pass --token, or set OPENCLAW_GATEWAY_TOKEN." },
  AUTH_TOKEN_MISSING: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "No token was sent.", next: "Pass --token, or set OPENCLAW_GATEWAY_TOKEN." },
  AUTH_TOKEN_MISMATCH: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "The token is not this gateway's.", next: "Run on the gateway's machine: openclaw config get gatewayToken" },
  AUTH_PASSWORD_MISSING: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "No password was sent.", next: "Set OPENCLAW_GATEWAY_PASSWORD." },
  AUTH_PASSWORD_MISMATCH: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "The password is not this gateway's.", next: "Set OPENCLAW_GATEWAY_PASSWORD to the gateway's own." },
  AUTH_BOOTSTRAP_TOKEN_INVALID: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "The setup code was used, is too old, or is not this gateway's.", next: "Make another on the gateway's machine: openclaw devices join-code" },
  AUTH_IDENTITY_HEADER_REQUIRED: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "The proxy does not say who this is.", next: "See gateway.auth.trustedProxy, and what the proxy sends." },
  AUTH_DEVICE_TOKEN_MISMATCH: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "The device token is not valid.", next: "Pair the device again." },
  AUTH_SCOPE_MISMATCH: { wire: "INVALID_REQUEST", http: 403, retry: "after-fix", exit: 77, text: "The device asks for more than was approved.", next: "Approve the wider scope: openclaw devices" },
  AUTH_RATE_LIMITED: { wire: "INVALID_REQUEST", http: 429, retry: "later", exit: 75, text: "Too many failed attempts.", next: "Wait, then retry with the right token." },
  DEVICE_IDENTITY_REQUIRED: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "This client must prove a device identity.", next: "Pair it: openclaw node pair" },
  CONTROL_UI_DEVICE_IDENTITY_REQUIRED: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "An operator page must prove a device identity.", next: "Open the page over a secure context." },
  CONTROL_UI_ORIGIN_NOT_ALLOWED: { wire: "INVALID_REQUEST", http: 403, retry: "after-fix", exit: 77, text: "Pages from this origin may not connect.", next: "Open the gateway's own page, or add the origin to gateway.controlUi.allowedOrigins." },
  PAIRING_REQUIRED: { wire: "NOT_PAIRED", http: 403, retry: "after-fix", exit: 77, text: "This device is not approved yet.", next: "Approve it on the gateway: openclaw devices approve" },
  DEVICE_AUTH_INVALID: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device proof is not valid.", next: "Pair the device again." },
  DEVICE_AUTH_DEVICE_ID_MISMATCH: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device id is not the hash of its key.", next: "Pair the device again." },
  DEVICE_AUTH_SIGNATURE_EXPIRED: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device proof is too old or from the future.", next: "Set the clock of that machine right." },
  DEVICE_AUTH_NONCE_REQUIRED: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device proof lacks the nonce.", next: "Answer the challenge of this connection." },
  DEVICE_AUTH_NONCE_MISMATCH: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device proof answers another challenge.", next: "Answer the challenge of this connection." },
  DEVICE_AUTH_SIGNATURE_INVALID: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device signature does not verify.", next: "Pair the device again." },
  DEVICE_AUTH_PUBLIC_KEY_INVALID: { wire: "NOT_PAIRED", http: 401, retry: "after-fix", exit: 77, text: "The device key is not an Ed25519 key.", next: "Pair the device again." },

  // Sessions and turns.
  UNKNOWN_AGENT_ID: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "There is no agent of that name.", next: "See: openclaw status" },
  SESSION_KEY_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "This is not a session key.", next: "Use main, or agent:<id>:<rest>." },
  SESSION_PROTECTED: { wire: "INVALID_REQUEST", http: 409, retry: "never", exit: 5, text: "The main session cannot be deleted.", next: "Reset it instead: sessions.reset" },
  SESSION_QUEUE_FULL: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "Too many messages are waiting in this session.", next: "Wait for an answer, then send again." },
  PINS_FULL: { wire: "INVALID_REQUEST", http: 409, retry: "after-fix", exit: 5, text: "As many facts are pinned in this session as may be.", next: "Take one away: openclaw sessions unpin KEY ID" },
  MESSAGE_TOO_LARGE: { wire: "INVALID_REQUEST", http: 413, retry: "after-fix", exit: 2, text: "The message is larger than the limit.", next: "Send it in parts, or as a file." },
  MEDIA_TOO_LARGE: { wire: "INVALID_REQUEST", http: 413, retry: "after-fix", exit: 2, text: "A file is larger than the limit.", next: "Send a smaller one, or raise media.maxBytes and its kind's limit." },
  TRANSCRIPTION_FAILED: { wire: "UNAVAILABLE", http: 502, retry: "later", exit: 1, text: "What a recording says could not be found out.", next: "Look at media.transcription and at the server it names; send the recording again." },
  MEDIA_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "A file is not what it is said to be.", next: "Send the file as it is, base64, with its own type or none." },
  MESSAGE_DROPPED: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "The message was taken out of the line unanswered.", next: "Send it again." },
  MESSAGE_EMPTY: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The message is empty.", next: "Write something." },
  SUBAGENT_LIMIT: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "No further sub-agent may start.", next: "Wait for an answer of one that runs, or do the work here." },
  MESSAGE_LOOP: { wire: "UNAVAILABLE", http: 508, retry: "never", exit: 75, text: "This message would go round in a circle.", next: "Let a person speak, stop what passes messages on, or raise session.relaysMax." },
  SESSION_NOT_VISIBLE: { wire: "FORBIDDEN", http: 403, retry: "after-fix", exit: 3, text: "This agent may not see that session.", next: "Use a session of the same agent, or set tools.sessions.visibility to \"all\"." },
  SESSION_DAMAGED: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 78, text: "This session's stored log does not verify, so it is closed; other sessions are not affected.", next: "Save what can be read: openclaw sessions export KEY. Then restore a backup, or delete it: openclaw sessions delete KEY" },
  CHANNEL_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "after-fix", exit: 4, text: "There is no channel of that name.", next: "Name a channel that is connected, or ask without deliver." },
  CHANNEL_DOWN: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 69, text: "The channel is not connected.", next: "See what it lacks: openclaw channels status" },
  CHANNEL_REFUSED: { wire: "UNAVAILABLE", http: 502, retry: "never", exit: 1, text: "The messenger does not take this message.", next: "See whether the conversation is still there and open to it." },
  PAIRING_CODE_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "after-fix", exit: 4, text: "No stranger has this code now.", next: "List those that wait: openclaw channels pair. A code is good for an hour; a new message brings a new one." },
  SEND_FORBIDDEN: { wire: "FORBIDDEN", http: 403, retry: "after-fix", exit: 3, text: "This session may not send to channels.", next: "Change the session's send policy: sessions.patch with sendPolicy null." },
  SEARCH_OFF: { wire: "INVALID_REQUEST", http: 409, retry: "after-fix", exit: 78, text: "Search is switched off.", next: "Run: openclaw config set session.search true" },
  TURN_STEPS_EXCEEDED: { wire: "UNAVAILABLE", http: 500, retry: "never", exit: 1, text: "The turn was halted: it called tools without coming to an end.", next: "Ask again, more precisely." },
  TURN_STOPPED: { wire: "UNAVAILABLE", http: 409, retry: "never", exit: 130, text: "The run was stopped.", next: "Send another message when you want to go on." },
  TURN_CRASHED: { wire: "UNAVAILABLE", http: 500, retry: "never", exit: 1, text: "The turn was halted: the gateway died with it again and again.", next: "Look into the gateway's log and at the memory it may use; then ask for something smaller." },
  TURN_RUNAWAY: { wire: "UNAVAILABLE", http: 500, retry: "never", exit: 1, text: "The turn was halted: it went in circles.", next: "Ask again, more precisely, or in smaller steps." },
  TURN_TIMEOUT: { wire: "AGENT_TIMEOUT", http: 504, retry: "later", exit: 124, text: "The turn was halted: it took longer than allowed.", next: "Ask again, or raise the limit agents.defaults.timeoutSeconds." },

  // Schedule and webhooks.
  CRON_JOB_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "There is no such job.", next: "Run: openclaw cron list --all" },
  CRON_JOBS_FULL: { wire: "UNAVAILABLE", http: 429, retry: "after-fix", exit: 75, text: "There are as many jobs as there may be.", next: "Remove some: openclaw cron rm JOB" },
  CRON_JOB_BUSY: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "As many runs of this job are under way as there may be.", next: "Wait for one to end: openclaw cron runs JOB" },
  CRON_EXPRESSION_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "This is not a cron expression.", next: "Write minute, hour, day, month and weekday: 0 9 * * 1-5" },
  CRON_NEVER_FIRES: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "This schedule never fires.", next: "Choose a time that is still to come." },
  CRON_KIND_UNSUPPORTED: { wire: "INVALID_REQUEST", http: 400, retry: "never", exit: 2, text: "Jobs of this kind are not offered.", next: "Use a schedule of kind at, every or cron, and a payload agentTurn or systemEvent." },
  TIME_ZONE_UNKNOWN: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "This is not a time zone.", next: "Use a name such as Europe/Berlin or UTC." },
  SYSTEM_EVENTS_FULL: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "As many events wait for this agent's heartbeat as may.", next: "Wait for its next heartbeat." },
  HOOK_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "There is no such hook.", next: "Name it under hooks.mappings, and set hooks.enabled and hooks.token." },
  HOOK_UNAUTHORIZED: { wire: "INVALID_REQUEST", http: 401, retry: "after-fix", exit: 77, text: "The hook wants its token.", next: "Send it in the header Authorization: Bearer, or X-OpenClaw-Token." },
  HOOK_TOKEN_IN_QUERY: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "A token in an address is written into logs; it is not taken from there.", next: "Send it in the header Authorization: Bearer, or X-OpenClaw-Token." },
  HOOK_RATE_LIMITED: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "Too many webhooks came.", next: "Wait as long as Retry-After says." },
  HOOK_BODY_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The hook's body does not fit.", next: "See docs/guide/schedule.md." },
  HOOK_BODY_TOO_LARGE: { wire: "INVALID_REQUEST", http: 413, retry: "after-fix", exit: 2, text: "The hook's body is larger than the limit.", next: "Send less, or raise hooks.maxBodyBytes." },

  // Models.
  MODEL_NOT_CONFIGURED: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 78, text: "No such model is configured.", next: "Run: openclaw config set agents.defaults.model demo/demo" },
  MODEL_AUTH: { wire: "UNAVAILABLE", http: 502, retry: "after-fix", exit: 77, text: "The model provider refused the key.", next: "Set the key the configuration names." },
  MODEL_RATE_LIMITED: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "The model provider asks us to slow down.", next: "Retry later." },
  MODEL_REJECTED: { wire: "UNAVAILABLE", http: 502, retry: "after-fix", exit: 1, text: "The model provider refused the request.", next: "Read the provider's message below." },
  MODEL_UNAVAILABLE: { wire: "UNAVAILABLE", http: 502, retry: "later", exit: 75, text: "The model provider did not answer properly.", next: "Retry; see the cause." },
  MODEL_TIMEOUT: { wire: "AGENT_TIMEOUT", http: 504, retry: "later", exit: 124, text: "The model provider went silent.", next: "Retry; see the cause." },
  MODEL_OUTPUT_INVALID: { wire: "UNAVAILABLE", http: 502, retry: "later", exit: 1, text: "The model provider answered in a form that is not its contract.", next: "Check the base URL and the model name." },
  MODEL_RESTING: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 75, text: "This model failed again and again; it is given a rest.", next: "Wait for its next try, or name a second model: agents.defaults.model.fallbacks" },
  BUDGET_EXCEEDED: { wire: "FORBIDDEN", http: 402, retry: "after-fix", exit: 3, text: "The call would pass a budget, so it was not made.", next: "Run: openclaw usage budget" },

  // Tools, gate, approvals.
  TOOL_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "There is no such tool.", next: "Use one of the tools in the list." },
  TOOL_ARGS_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The arguments do not fit the tool.", next: "Call it again with arguments that fit its schema." },
  TOOL_ARGS_TOO_LARGE: { wire: "INVALID_REQUEST", http: 413, retry: "after-fix", exit: 2, text: "The arguments are larger than the limit.", next: "Write large content to a file in parts." },
  TOOL_FAILED: { wire: "UNAVAILABLE", http: 500, retry: "later", exit: 1, text: "The tool failed.", next: "See the cause." },
  GATE_REFUSED: { wire: "FORBIDDEN", http: 403, retry: "never", exit: 3, text: "The gate refused this side effect.", next: "Read the reason; a person may do it by hand." },
  APPROVAL_DENIED: { wire: "FORBIDDEN", http: 403, retry: "never", exit: 3, text: "A person denied this.", next: "Choose another way." },
  APPROVAL_REQUIRED: { wire: "FORBIDDEN", http: 403, retry: "after-fix", exit: 3, text: "This needs a person's approval.", next: "Run: openclaw approvals list" },
  APPROVAL_NOT_FOUND: { wire: "APPROVAL_NOT_FOUND", http: 404, retry: "never", exit: 4, text: "There is no such approval.", next: "Run: openclaw approvals list" },
  APPROVAL_MISMATCH: { wire: "INVALID_REQUEST", http: 409, retry: "never", exit: 3, text: "This is not what was approved.", next: "Ask for an approval of exactly this." },
  APPROVAL_SPENT: { wire: "INVALID_REQUEST", http: 409, retry: "never", exit: 5, text: "This approval was for one run, which has been.", next: "Ask for another approval." },
  APPROVAL_ALREADY_RESOLVED: { wire: "INVALID_REQUEST", http: 409, retry: "never", exit: 5, text: "This approval has been answered already.", next: "Run: openclaw approvals list" },
  ACTUATOR_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "after-fix", exit: 4, text: "There is no such actuator.", next: "Configure it under actuators, then start the gateway again." },
  ACTUATOR_INTENT_INVALID: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 2, text: "The actuator does not take this intent.", next: "Propose it again in the form the actuator's schema asks for." },
  ACTUATOR_TARGET_FORBIDDEN: { wire: "FORBIDDEN", http: 403, retry: "after-fix", exit: 3, text: "The actuator may not reach this target.", next: "Allow it in the actuator's configuration, if it should." },
  ACTUATOR_FAILED: { wire: "UNAVAILABLE", http: 502, retry: "later", exit: 1, text: "The actuator could not do it.", next: "Read the cause." },
  ACTUATOR_TIMEOUT: { wire: "AGENT_TIMEOUT", http: 504, retry: "later", exit: 124, text: "The actuator got no answer in time.", next: "Retry later, or raise the actuator's limits.timeoutMs." },
  ACTUATOR_CREDENTIAL_MISSING: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 78, text: "A credential that the configuration names is not there.", next: "Set the environment variable or write the file that credentials names." },
  OUTCOME_UNKNOWN: { wire: "UNAVAILABLE", http: 500, retry: "never", exit: 1, text: "It is not known whether this took effect; it was not repeated.", next: "Check by hand, then decide." },

  // Nodes.
  NODE_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "There is no node of that name.", next: "Run: openclaw nodes list" },
  NODE_TAG_NONE: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 4, text: "No node carries this tag.", next: "Start one: openclaw node start --tags=TAG" },
  NODE_OFFLINE: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 69, text: "No connected node offers this.", next: "Run: openclaw nodes list" },
  NODE_DRAINING: { wire: "UNAVAILABLE", http: 503, retry: "after-fix", exit: 75, text: "The node is being drained: it is given no new work.", next: "Give it work again: openclaw nodes drain NODE --off" },
  NODE_LOST: { wire: "UNAVAILABLE", http: 503, retry: "later", exit: 69, text: "The node went away in the middle of the command.", next: "Try another node, or wait for it to come back." },
  NODE_COMMAND_NOT_ALLOWED: { wire: "INVALID_REQUEST", http: 403, retry: "after-fix", exit: 3, text: "This node may not be asked for that command.", next: "Approve the node's commands: openclaw nodes" },
  NODE_COMMAND_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "The node does not know this command.", next: "Run: openclaw nodes describe NODE" },
  NODE_PATH_FORBIDDEN: { wire: "FORBIDDEN", http: 403, retry: "never", exit: 3, text: "The path is outside the directories this node allows.", next: "Use a path inside the workspace, or allow the directory on the node." },
  NODE_BINARY_FORBIDDEN: { wire: "FORBIDDEN", http: 403, retry: "never", exit: 3, text: "The node does not allow this program.", next: "Allow it on the node, or use another program." },
  SYSTEM_RUN_DENIED: { wire: "FORBIDDEN", http: 403, retry: "never", exit: 3, text: "The node's owner does not let this be run.", next: "See what is allowed there: openclaw approvals get --node NODE" },
  NODE_FILE_FAILED: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 1, text: "The file operation failed on the node.", next: "Read the cause." },
  NODE_FENCED: { wire: "UNAVAILABLE", http: 409, retry: "never", exit: 5, text: "The node answers a newer owner of this work.", next: "Nothing: the newer owner goes on with it." },
  NODE_BUSY: { wire: "UNAVAILABLE", http: 429, retry: "later", exit: 75, text: "The node runs as many jobs as it may.", next: "Wait for one to end, then retry." },
  NODE_REPLY_INVALID: { wire: "UNAVAILABLE", http: 502, retry: "never", exit: 1, text: "The node answered something that does not fit the command.", next: "Update the node." },
  JOB_UNKNOWN: { wire: "INVALID_REQUEST", http: 404, retry: "never", exit: 4, text: "The node knows no such job.", next: "List the node's jobs." },
  COMMAND_TIMEOUT: { wire: "AGENT_TIMEOUT", http: 504, retry: "later", exit: 124, text: "The command took longer than allowed and was ended.", next: "Run it as a background job, or raise its timeout." },
  COMMAND_NOT_STARTED: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 1, text: "The command could not be started.", next: "Check the program's name." },
  RUNTIME_MISSING: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 69, text: "Node 24 is needed and was not found.", next: "Install Node 24 or newer, or run npm install here." },
  SERVICE_UNAVAILABLE: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 69, text: "systemd did not do it.", next: "See: openclaw service logs" },
  UPDATE_UNFIT: { wire: "INVALID_REQUEST", http: 400, retry: "after-fix", exit: 1, text: "The program cannot be updated with this; nothing was changed.", next: "Mend what is named, then run it again." },
  UPDATE_TAKEN_BACK: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 1, text: "The other program did not work here; the present one is back and well.", next: "Nothing has to be done. The log says more: openclaw logs" },
  UPDATE_BROKEN: { wire: "UNAVAILABLE", http: 500, retry: "after-fix", exit: 69, text: "Neither program comes up; the present one is in its place.", next: "Run: openclaw doctor" },
  SERVICE_FOREIGN: { wire: "INVALID_REQUEST", http: 409, retry: "after-fix", exit: 5, text: "A service of this name is not ours.", next: "Move that file away, or use --profile NAME." },
  RUNTIME_NOT_FETCHED: { wire: "UNAVAILABLE", http: 502, retry: "later", exit: 69, text: "A private Node could not be fetched.", next: "Install Node 24 or newer yourself." },
} as const satisfies Record<string, ErrorSpec>;

export type ErrorCode = keyof typeof ERRORS;

export interface ErrorOptions {
  /** Why, in words a person understands. Appended to the catalogue's sentence. */
  readonly why?: string;
  /** Overrides the catalogue's next step where a more exact one is known. */
  readonly next?: string;
  /** Small, serialisable facts; they travel on the wire as `details`. Never a secret. */
  readonly detail?: Readonly<Record<string, unknown>>;
  readonly cause?: unknown;
  readonly retryAfterMs?: number;
  /** Exactly what the wire is told. */
  readonly wire?: WireError;
}

/** A coded failure. Test with `hasCode(error, "NODE_OFFLINE")`, never with `instanceof`. */
export class OpenClawError extends Error {
  readonly code: ErrorCode;
  readonly next: string;
  readonly detail: Readonly<Record<string, unknown>>;
  readonly retryAfterMs: number | undefined;
  /** What the wire is told instead, where clients know other words for it. */
  readonly wire: WireError | undefined;

  constructor(code: ErrorCode, options: ErrorOptions = {}) {
    super(options.why === undefined ? ERRORS[code].text : `${ERRORS[code].text} ${options.why}`, { cause: options.cause });
    this.name = "OpenClawError";
    this.code = code;
    this.next = options.next ?? ERRORS[code].next;
    this.detail = options.detail ?? {};
    this.retryAfterMs = options.retryAfterMs;
    this.wire = options.wire;
  }
}

/** The catalogue code of an error, or undefined for anything that is not one of ours. */
export function codeOf(error: unknown): ErrorCode | undefined {
  if (typeof error !== "object" || error === null || !("code" in error)) return undefined;
  const code = error.code;
  return typeof code === "string" && Object.hasOwn(ERRORS, code) ? (code as ErrorCode) : undefined;
}

export function hasCode(error: unknown, code: ErrorCode): boolean {
  return codeOf(error) === code;
}

/** The `error` member of a response frame. Stacks and causes never cross the wire. */
export interface WireError {
  readonly code: WireCode;
  readonly message: string;
  readonly details?: Readonly<Record<string, unknown>>;
  readonly retryable?: boolean;
  readonly retryAfterMs?: number;
}

/** Turns any failure into its wire form; an uncoded one becomes `INTERNAL` and says nothing about its inside. */
export function formatWireError(error: unknown): WireError {
  const code = codeOf(error) ?? "INTERNAL";
  const spec: ErrorSpec = ERRORS[code];
  const known = error instanceof OpenClawError ? error : undefined;
  if (known?.wire !== undefined) return known.wire;
  return {
    code: spec.wire,
    message: known?.message ?? spec.text,
    details: { ...known?.detail, code, next: known?.next ?? spec.next },
    ...(spec.retry === "later" ? { retryable: true } : {}),
    ...(known?.retryAfterMs === undefined ? {} : { retryAfterMs: known.retryAfterMs }),
  };
}

/** The error, told to the wire in words that clients know; our own clients still show ours. */
export function reword(error: OpenClawError, told: Pick<WireError, "code" | "message"> & Partial<WireError>): OpenClawError {
  const { code, message, details = {}, ...more } = told;
  const own = { code: error.code, next: error.next, text: error.message };
  const wire = { code, message, ...more, details: { ...own, ...error.detail, ...details } };
  const reworded = new OpenClawError(error.code, { next: error.next, detail: error.detail, cause: error, wire });
  reworded.message = error.message;
  return reworded;
}

function isErrorCode(code: unknown): code is ErrorCode {
  return typeof code === "string" && Object.hasOwn(ERRORS, code);
}

/** Turns a wire error back into ours; an unknown peer's code becomes `INTERNAL` with the message kept. */
export function parseWireError(
  wire: { readonly code: string; readonly message: string; readonly details?: unknown; readonly retryAfterMs?: number },
): OpenClawError {
  const details = typeof wire.details === "object" && wire.details !== null ? (wire.details as Record<string, unknown>) : {};
  // Where the wire has a code of its own for it, ours stands beside it.
  const code = [details["code"], details["reason"]].find(isErrorCode) ?? "INTERNAL";
  const next = details["next"];
  const error = new OpenClawError(code, {
    detail: { ...details, wire: wire.code },
    ...(typeof next === "string" ? { next } : {}),
    ...(wire.retryAfterMs === undefined ? {} : { retryAfterMs: wire.retryAfterMs }),
  });
  error.message = typeof details["text"] === "string" ? details["text"] : wire.message;
  return error;
}
