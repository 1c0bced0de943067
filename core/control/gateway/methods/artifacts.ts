/** Files of a session, by the names its messages have them under. */
import { OpenClawError } from "@openclaw/protocol";
import type { OpenAttachment } from "../../../fabric/journal.ts";
import type { Agents } from "../../agents.ts";
import { parseSessionKey, type Sessions } from "../../sessions.ts";
import type { FileDesk } from "../http/file-desk.ts";
import type { MethodHandlers } from "../method.ts";

export interface ArtifactMethodDeps {
  readonly sessions: Pick<Sessions, "file" | "openFile" | "history">;
  readonly files: () => Promise<FileDesk>;
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

export function artifactMethods({ sessions, agents, files }: ArtifactMethodDeps): MethodHandlers {
  const keyOf = ({ sessionKey, agentId }: Params): string => parseSessionKey(sessionKey, agentId ?? agents.defaultId).key;
  const inSession = async <T>(params: Params, read: (key: string, id: string) => Promise<T>): Promise<T> => {
    try {
      if (!DIGEST.test(params.artifactId)) throw new OpenClawError("NOT_FOUND");
      return await read(keyOf(params), params.artifactId);
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
    "artifacts.get": (params) => inSession(params as Params, async (key, id) => (
      { artifact: describe(key, await sessions.openFile(key, id)) }
    )),
    "artifacts.download": (params) => inSession(params as Params, async (key, id) => {
      const file = await sessions.file(key, id);
      const { buffer, byteOffset, byteLength } = file.content;
      const data = Buffer.from(buffer, byteOffset, byteLength).toString("base64");
      return { artifact: describe(key, { ...file, bytes: byteLength }), encoding: "base64", data };
    }),
    "artifacts.link": (params, { signal }) => inSession(params as Params, async (key, id) => (await files()).link(key, id, signal)),
    "artifacts.upload": async (given, { signal }) => {
      const { sessionKey: _, agentId: __, ...params } = given as UploadWish;
      return (await files()).upload(keyOf(given as Params), params, signal);
    },
  };
}

type UploadWish = Parameters<FileDesk["upload"]>[1] & Pick<Params, "sessionKey" | "agentId">;

function describe(sessionKey: string, { id, head: { kind, mimeType, name }, bytes }: Omit<OpenAttachment, "read">): object {
  const type = kind === "text" ? "file" : kind;
  return { id, type, title: name, mimeType, sizeBytes: bytes, sessionKey, download: { mode: "bytes" } };
}
