import assert from "node:assert/strict";
import { test } from "node:test";
import { BoundedQueue } from "./queue.ts";

async function drain<T>(queue: BoundedQueue<T>): Promise<T[]> {
  const items: T[] = [];
  for await (const item of queue) items.push(item);
  return items;
}

test("a full queue refuses and keeps what it has", () => {
  const queue = new BoundedQueue<number>(2);
  assert.deepEqual([queue.push(1), queue.push(2), queue.push(3)], [true, true, false]);
  assert.equal(queue.length, 2);
});

test("items come out in order, those pushed before and after the consumer began to wait", async () => {
  const queue = new BoundedQueue<number>(10);
  queue.push(1);
  const drained = drain(queue);
  await new Promise(setImmediate);
  queue.push(2);
  queue.push(3);
  await new Promise(setImmediate);
  assert.equal(queue.length, 0);
  queue.push(4);
  queue.close();
  assert.deepEqual(await drained, [1, 2, 3, 4]);
});

test("an item may be any value, undefined too", async () => {
  const queue = new BoundedQueue<number | undefined>(10);
  queue.push(1);
  queue.push(undefined);
  queue.push(3);
  queue.close();
  assert.deepEqual(await drain(queue), [1, undefined, 3]);
});

test("closing lets the consumer read what is left, and nothing is taken after it", async () => {
  const queue = new BoundedQueue<number>(10);
  queue.push(1);
  queue.close();
  assert.equal(queue.push(2), false);
  assert.deepEqual(await drain(queue), [1]);
});

test("closing with an error throws it after what is left; the first closing counts", async () => {
  const queue = new BoundedQueue<number>(10);
  const failure = new Error("cut");
  queue.push(1);
  queue.close(failure);
  queue.close(new Error("later"));
  const items: number[] = [];
  await assert.rejects(async () => {
    for await (const item of queue) items.push(item);
  }, failure);
  assert.deepEqual(items, [1]);
});

test("closing wakes a consumer that waits", async () => {
  const queue = new BoundedQueue<number>(1);
  const drained = drain(queue);
  await new Promise(setImmediate);
  queue.close();
  assert.deepEqual(await drained, []);
});
