/** What the palette reads of conversations and nodes, parsed: nothing beyond this file trusts the shape of a row. */
export interface SessionName { readonly key: string; readonly title: string }

export interface NodeName { readonly id: string; readonly name: string }

type Fields = Readonly<Record<string, unknown>>;

const fields = (value: unknown): Fields => (typeof value === "object" && value !== null ? (value as Fields) : {});
const text = (value: unknown): string | undefined => (typeof value === "string" && value.trim() !== "" ? value : undefined);
const rows = (value: unknown): readonly Fields[] => (Array.isArray(value) ? value.map(fields) : []);

export function parseSessions(answer: unknown): readonly SessionName[] {
  return rows(fields(answer)["sessions"]).flatMap((row) => {
    const key = text(row["key"]);
    return key === undefined ? [] : [{ key, title: text(row["label"]) ?? text(row["displayName"]) ?? text(row["derivedTitle"]) ?? key }];
  });
}

export function parseNodes(answer: unknown): readonly NodeName[] {
  return rows(fields(answer)["nodes"]).flatMap((row) => {
    const id = text(row["nodeId"]);
    return id === undefined ? [] : [{ id, name: text(row["displayName"]) ?? id }];
  });
}
