import test from "node:test";
import assert from "node:assert/strict";
import { inspect } from "node:util";
import { systemIds } from "../../../base/ids.ts";
import { ExpiringSecrets } from "./expiring-secrets.ts";

const make = (): ExpiringSecrets => new ExpiringSecrets({ ids: systemIds, lifetimeMs: 1_000, max: 3 });

test("a value opens until its time is over, and is taken once", () => {
  const secrets = make();
  const { value, expiresAtMs } = secrets.mint(10_000);
  assert.equal(Buffer.from(value.reveal(), "base64url").length, 24);
  assert.equal(expiresAtMs, 11_000);
  assert.equal(secrets.has(value.reveal(), 10_999), true);
  assert.equal(secrets.has(value.reveal(), 11_000), false);
  assert.equal(secrets.take(value.reveal(), 10_500), true);
  assert.equal(secrets.take(value.reveal(), 10_500), false);
  for (const wrong of ["", "x", `${value.reveal()}x`, value.reveal().slice(1)]) assert.equal(secrets.has(wrong, 10_500), false);
});

test("a bounded number is kept, the oldest forgotten first, and none of them in the clear", () => {
  const secrets = make();
  const values = Array.from({ length: 5 }, () => secrets.mint(0).value.reveal());
  assert.deepEqual(values.map((value) => secrets.has(value, 1)), [false, false, true, true, true]);
  const seen = inspect(secrets, { depth: 9, showHidden: true });
  for (const value of values) assert.equal(seen.includes(value), false);
  secrets.clear();
  assert.equal(secrets.has(values[4] ?? "", 1), false);
});
