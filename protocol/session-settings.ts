/** Values that settings of a session may have, least first where there is an order. */
export const QUEUE_MODES = ["followup", "steer", "collect", "interrupt"] as const;
export const THINKING_LEVELS = ["off", "minimal", "low", "medium", "high", "xhigh"] as const;
/** `off` shows no tools, `on` shows that they run, `full` shows what they bring. */
export const VERBOSE_LEVELS = ["off", "on", "full"] as const;
/** Whether replies go back to the channel that a message came from. */
export const SEND_POLICIES = ["allow", "deny"] as const;
/** When a message in a group begins a turn. */
export const GROUP_ACTIVATIONS = ["mention", "always"] as const;
