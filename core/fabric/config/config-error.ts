import { OpenClawError } from "@openclaw/protocol";
import type { ConfigIssue } from "./check-config.ts";

/** The coded error for a list of issues: one in words, all of them in `detail`. An issue of the key that was set comes first. */
export function configError(path: string, issues: readonly ConfigIssue[], key = ""): OpenClawError {
  const own = key === "" ? undefined : issues.find((candidate) => isWithin(candidate.path, key) || isWithin(key, candidate.path));
  const issue = own ?? issues[0];
  if (issue === undefined) return new OpenClawError("CONFIG_INVALID", { why: path });
  const more = issues.length > 1 ? ` (${issues.length - 1} more)` : "";
  // An unknown key is the answer only to somebody who named it; in a file it is one of the ways to be invalid.
  const code = issue.code === "CONFIG_SECRET_INLINE" || (own !== undefined && issue.code === "CONFIG_KEY_UNKNOWN")
    ? issue.code : "CONFIG_INVALID";
  const what = issue.path === "" ? "The file" : `"${issue.path}"`;
  return new OpenClawError(code, {
    why: `${issue.file ?? path}:${issue.line}:${issue.column} ${what} ${issue.message}.${more}`,
    detail: { path, issues: issues.slice(0, 8) },
  });
}

function isWithin(key: string, holder: string): boolean {
  return key === holder || (holder !== "" && (key.startsWith(`${holder}.`) || key.startsWith(`${holder}[`)));
}
