/**
 * A conversation in a terminal: what was said scrolls up and stays, what is being written stays at the bottom.
 *
 * Everything shown is the session's own record, shown once: a message appears when it is stored, and what streams is compared with
 * what stands there already, so that after a lost connection the text goes on where it stopped. Leaving ends nothing: the turn goes on.
 */
export { runChat } from "./chat/run-chat.ts";
