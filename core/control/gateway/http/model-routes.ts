/** `GET /v1/models`, `GET /v1/models/<id>` and `POST /v1/embeddings`: agents are the models that are offered. */
import { sendJson } from "../send-json.ts";
import type { ApiCall } from "./api-call.ts";
import { HttpRefusal } from "./http-refusal.ts";

const CREATED = 0;

export function answerModels({ request, response, door }: ApiCall): void {
  const data = [...namesOf(door.agents.list().map(({ id }) => id))].map(describe);
  sendJson(request, response, 200, { object: "list", data });
}

export function answerModel({ request, response, door }: ApiCall, name: string): void {
  const known = namesOf(door.agents.list().map(({ id }) => id));
  if (!known.has(name)) {
    throw new HttpRefusal(404, `The model ${JSON.stringify(name.slice(0, 100))} does not exist.`, {
      type: "invalid_request_error", param: "model", code: "model_not_found",
    });
  }
  sendJson(request, response, 200, describe(name));
}

/** Nothing here turns text into vectors; a client is told so in words it understands, and does not ask again by itself. */
export function refuseEmbeddings(): never {
  throw new HttpRefusal(404, "This gateway has no embedder.", {
    type: "invalid_request_error", param: "model", code: "model_not_found", final: true,
  });
}

function namesOf(agentIds: readonly string[]): ReadonlySet<string> {
  return new Set(["openclaw", "openclaw/default", ...agentIds.map((id) => `openclaw/${id}`)]);
}

function describe(id: string): unknown {
  return { id, object: "model", created: CREATED, owned_by: "openclaw" };
}
