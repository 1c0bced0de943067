import assert from "node:assert/strict";
import { test } from "node:test";
import { tokenIn } from "./token-in.ts";

const TOKEN = "abcdefghijklmnopqrstuvwxyz012345";
const code = (content: unknown): string => Buffer.from(JSON.stringify(content)).toString("base64url");

test("a link, a setup code and its link form each hold the token that lets a browser in; anything else holds none (S4.28)", () => {
  const setup = code({ url: "ws://127.0.0.1:1", bootstrapToken: TOKEN });
  for (const pasted of [`http://127.0.0.1:18789/#pair=${TOKEN}`, `  ${setup}\n`, `oc-pair://${setup}`, `oc-pair://${setup}/`]) {
    assert.equal(tokenIn(pasted), TOKEN, pasted);
  }
  for (const pasted of ["", "http://127.0.0.1:18789/", "#pair=short", code({ bootstrapToken: 5 }), code("text"), "x".repeat(64)]) {
    assert.equal(tokenIn(pasted), undefined, pasted);
  }
});
