import assert from "node:assert/strict";
import { test } from "node:test";
import { hasCode, type JsonSchema } from "@openclaw/protocol";
import { parseJson5 } from "./parse-json5.ts";
import { REDACTED, redactConfig, redactText, restoreSecrets, restoreValue } from "./secret-places.ts";

const CANARY = "canary-0123456789abcdef";
const schema: JsonSchema = {
  type: "object",
  properties: {
    gateway: {
      type: "object", properties: {
        port: { type: "integer" },
        token: {
          anyOf: [{ type: "string" }, { type: "object", properties: { source: { type: "string" }, id: { type: "string" } } }], secret: true,
        },
      },
    },
    channels: { type: "object", additionalProperties: true },
  },
};

test("no secret is shown, in values or in the text as it was written; where one is may be seen (S0.4)", async () => {
  const text = `// about
{
  gateway: { port: 1, token: '${CANARY}' },
  channels: {
    telegram: { botToken: "${CANARY}", name: 'bot', accounts: [{ password: "${CANARY}" }], webhookSecret: "\${HOOK}" },
    mcp: { env: { ANYTHING: "${CANARY}" }, headers: { "x-any": "${CANARY}" }, url: "https://me:${CANARY}@host/" },
    ref: { apiKey: { source: "env", provider: "default", id: "THE_KEY" } }, maxTokens: 5, sessionKey: "main", apiKeyEnv: "NAME",
  },
}
`;
  const shown = await redactText(text, schema) ?? "";
  assert.equal(shown.includes(CANARY), false);
  assert.match(shown, /^\/\/ about\n\{\n {2}gateway: \{ port: 1, token: "__OPENCLAW_REDACTED__" \},/);
  for (const kept of ["name: 'bot'", '"${HOOK}"', 'id: "THE_KEY"', "maxTokens: 5", 'sessionKey: "main"', 'apiKeyEnv: "NAME"']) {
    assert.ok(shown.includes(kept), kept);
  }
  const parsed = await parseJson5(text);
  assert.ok(parsed.ok);
  assert.equal(await restoreSecrets(shown, parsed.value), text.replaceAll(`'${CANARY}'`, `"${CANARY}"`), "written back, nothing is lost");
  assert.equal(await redactText("{ token: ", schema), null, "what cannot be read is not shown");
  const reference = { gateway: { token: { source: "env", id: "X" } } };
  assert.deepEqual(redactConfig(reference, schema), reference);
});

test("the marker keeps the stored secret, by id in a list of things with one; where none is stored it is refused", async () => {
  const stored = { gateway: { token: CANARY }, channels: { list: [{ id: "a", token: "A" }, { id: "b", token: "B" }] } };
  const one = { channels: { list: [{ id: "b", token: REDACTED }] } };
  assert.deepEqual(restoreValue(one, stored), { channels: { list: [{ id: "b", token: "B" }] } });
  assert.equal(
    await restoreSecrets(`{ channels: { list: [{ id: 'b', token: '${REDACTED}' }, { id: 'a', token: '${REDACTED}' }] } }`, stored),
    `{ channels: { list: [{ id: 'b', token: "B" }, { id: 'a', token: "A" }] } }`,
  );
  const nothing = restoreSecrets(`{ channels: { other: '${REDACTED}' } }`, stored);
  await assert.rejects(nothing, (error: Error) => hasCode(error, "CONFIG_INVALID") && /"channels\.other"/.test(error.message));
});
