/** Files of a session, by the names its messages have them under. */
import { OpenClawError } from "@openclaw/protocol";
import type { KeptAttachment } from "../../../fabric/journal.ts";
import type { Agents } from "../../agents.ts";
import { parseSessionKey, type Sessions } from "../../sessions.ts";
import type { MethodHandlers } from "../method.ts";

export interface ArtifactMethodDeps {
  readonly sessions: Pick<Sessions, "file" | "history">;
  readonly agents: Agents;
}

interface Params {
  readonly sessionKey: string;
  readonly agentId?: string;
  readonly artifactId: string;
  readonly runId?: string;
}

/** Messages that are looked through for files. */
const LISTED_AMONG = 1_000;
const DIGEST = /^[0-9a-f]{64}$/;

export function artifactMethods({ sessions, agents }: ArtifactMethodDeps): MethodHandlers {
  const keyOf = ({ sessionKey, agentId }: Params): string => parseSessionKey(sessionKey, agentId ?? agents.defaultId).key;
  const find = async (params: Params): Promise<{ readonly key: string; readonly file: KeptAttachment }> => {
    const key = keyOf(params);
    try {
      if (!DIGEST.test(params.artifactId)) throw new OpenClawError("NOT_FOUND");
      return { key, file: await sessions.file(key, params.artifactId) };
    } catch (error) {
      if (!(error instanceof OpenClawError) || error.code !== "NOT_FOUND") throw error;
      const why = "This session has no such file, or keeps it no longer.";
      throw new OpenClawError("NOT_FOUND", { why, next: "List what there is: artifacts.list." });
    }
  };
  return {
    "artifacts.list": async (given) => {
      const params = given as Params;
      const sessionKey = keyOf(params);
      const { messages } = await sessions.history(sessionKey, LISTED_AMONG, 0);
      const artifacts = messages.flatMap(({ content, __openclaw: { runId, seq: messageSeq } }) => content.flatMap((part) => {
        if (part["artifactId"] === undefined || (params.runId !== undefined && params.runId !== runId)) return [];
        const { artifactId: id, type, mimeType, fileName: title, sizeBytes } = part;
        return [{ id, type, title, mimeType, sizeBytes, sessionKey, runId, messageSeq, download: { mode: "bytes" } }];
      }));
      return { artifacts };
    },
    "artifacts.get": async (params) => {
      const { key, file } = await find(params as Params);
      return { artifact: describe(key, file) };
    },
    "artifacts.download": async (params) => {
      const { key, file } = await find(params as Params);
      const { buffer, byteOffset, byteLength } = file.content;
      return { artifact: describe(key, file), encoding: "base64", data: Buffer.from(buffer, byteOffset, byteLength).toString("base64") };
    },
  };
}

function describe(sessionKey: string, { id, head: { kind, mimeType, name }, content }: KeptAttachment): object {
  const type = kind === "text" ? "file" : kind;
  return { id, type, title: name, mimeType, sizeBytes: content.length, sessionKey, download: { mode: "bytes" } };
}
