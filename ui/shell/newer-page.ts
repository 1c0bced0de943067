/** Does the gateway serve another build than the one that runs here? Asked after it was started anew; false where it cannot be known. */
import { base } from "./route.ts";

export async function isNewerServed(): Promise<boolean> {
  const own = document.querySelector<HTMLScriptElement>("script[type=module]")?.src.split("/").pop();
  if (own === undefined) return false;
  try {
    const answer = await fetch(`${base}/`, { headers: { accept: "text/html" }, cache: "no-store" });
    return answer.ok && !(await answer.text()).includes(own);
  } catch {
    return false; // it is away again: the next start asks again
  }
}
