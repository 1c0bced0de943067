/** What a program may not call by name over HTTP or the wire, unless the owner says so under `gateway.tools.allow`. */
const DENIED = [
  "exec", "spawn", "shell", "job", "write_file", "fs_write", "fs_delete", "fs_move", "apply_patch", "sessions_spawn", "sessions_send",
  "cron", "gateway", "nodes",
] as const;

export interface DeniedChoice { readonly allow?: readonly string[]; readonly deny?: readonly string[] }

export function deniedTools({ allow = [], deny = [] }: DeniedChoice = {}): readonly string[] {
  return [...DENIED.filter((name) => !allow.includes(name)), ...deny];
}
