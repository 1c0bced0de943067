/** What a person in a channel reads of an outcome: the answer, or one plain sentence of what became of it and what to do. */
import { ERRORS } from "@openclaw/protocol";
import type { Delivery } from "../sessions.ts";

/** Never what went wrong in its own words: those may hold what is nobody else's business. */
export function formatOutcome({ status, text, code }: Pick<Delivery, "status" | "text" | "code">): string {
  if (status === "ok") return text;
  const said = text.trim() === "" ? "" : `${text}\n\n`;
  if (status === "aborted") return code === "MESSAGE_DROPPED" ? `${said}It was taken back.` : `${said}⏹ Stopped.`;
  const why = code === undefined ? "Something went wrong." : `${ERRORS[code].text} (${code})`;
  const next = code !== undefined && ERRORS[code].retry === "later" ? "Send it again in a while."
    : `Whoever runs this assistant can look: openclaw ${code === undefined ? "logs" : `explain ${code}`}`;
  return `${said}⚠️ That did not work. ${why} ${next}`;
}
