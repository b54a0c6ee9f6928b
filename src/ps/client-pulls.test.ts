// What a client asks for, and puts together.
import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { answerTo, HALF, ME, mapWith, places, pullsIn, S, T, TestClient } from './client-testing.ts';
import { epochOf, tableOf } from './testing.ts';

describe('a pull', () => {
  it('asks every segment at its owner, each under its own number', () => {
    const effects = new TestClient().pull({ minClock: 5, done: 3 });
    expect(places(effects)).toEqual(['0.0 to 8', '0.1 to 9', '1.0 to 8']);
    expect(pullsIn(effects)).toMatchObject([
      { request: 100, minClock: 5, done: 3, keys: null, worker: ME, epoch: epochOf(1) },
      { request: 101 },
      { request: 102 },
    ]);
  });

  it('asks only where its keys are, and only for them', () => {
    const keys = [Uint32Array.of(5, HALF - 1, HALF), new Uint32Array(0)];
    const effects = new TestClient().pull({ keys, into: [new Float32Array(3), new Float32Array(0)] });
    expect(pullsIn(effects).map(({ table, segment, keys }) => [table, segment, ...(keys ?? [])])).toEqual([
      [0, 0, 5, HALF - 1],
      [0, 1, HALF],
    ]);
  });

  it('asks every segment where their clocks are wanted, for no rows where no key is', () => {
    const none = [new Uint32Array(0), new Uint32Array(0)];
    const effects = new TestClient().pull({ keys: none, everySegment: true });
    expect(pullsIn(effects).map(({ keys }) => keys?.length)).toEqual([0, 0, 0]);
  });

  it('of nothing is complete at once', () => {
    const none = [new Uint32Array(0), new Uint32Array(0)];
    expect(new TestClient().pull({ id: 7, keys: none })).toEqual([
      {
        kind: 'pulled',
        id: 7,
        pulled: { ownClocks: new Map(), floor: Number.POSITIVE_INFINITY, readFronts: new Map(), isHeldBack: false },
      },
    ]);
  });

  it('puts answers together, in any order, and is complete with the last', () => {
    const client = new TestClient();
    const into = [new Float32Array(2 * HALF), new Float32Array(6)];
    const [first, second, third] = pullsIn(client.pull({ into }));
    if (!first || !second || !third) throw new Error('three pulls');
    expect(client.take(answerTo(third, 3))).toEqual([]);
    expect(client.take(answerTo(first, 1))).toEqual([]);
    expect(client.take(answerTo(second, 2), T)).toMatchObject([{ kind: 'pulled', id: 1 }]);
    expect([into[0]?.[0], into[0]?.[HALF - 1], into[0]?.[HALF], into[0]?.[2 * HALF - 1]]).toEqual([1, 1, 2, 2]);
    expect([...(into[1] ?? [])]).toEqual([3, 3, 3, 3, 3, 3]);
  });

  it('puts rows of key lists where their keys stand in the list', () => {
    const client = new TestClient();
    const into = [new Float32Array(3), new Float32Array(4)];
    const pulls = pullsIn(client.pull({ into, keys: [Uint32Array.of(1, 2, HALF + 7), Uint32Array.of(0, 2)] }));
    for (const [index, pull] of pulls.entries()) client.take(answerTo(pull, index + 1));
    expect(into.map((rows) => [...rows])).toEqual([
      [1, 1, 2],
      [3, 3, 3, 3],
    ]);
  });

  it('puts wide rows of a later segment where they belong', () => {
    const wide = [tableOf(HALF, 2)];
    const client = new TestClient(wide, mapWith(1, [S, T]));
    const keys = Uint32Array.of(1, HALF / 2, HALF / 2 + 1);
    const into = [new Float32Array(6)];
    const [first, second] = pullsIn(client.pull({ into, keys: [keys] }));
    if (!first || !second) throw new Error('two pulls');
    client.take(answerTo(second, 0, { values: Float32Array.of(3, 4, 5, 6) }));
    client.take(answerTo(first, 0, { values: Float32Array.of(1, 2) }));
    expect([...(into[0] ?? [])]).toEqual([1, 2, 3, 4, 5, 6]);
  });

  it('tells the newest clock of each segment, its own there, and whether it had to wait', () => {
    const client = new TestClient();
    const [first, second, third] = pullsIn(client.pull());
    if (!first || !second || !third) throw new Error('three pulls');
    client.take(answerTo(first, 0, { clocks: { floor: 3, ahead: [{ node: ME.node, clock: 5 }] } }));
    client.take(answerTo(second, 0, { clocks: { floor: 4, ahead: [] }, isHeldBack: true }));
    const [done] = client.take(answerTo(third, 0, { clocks: { floor: 2, ahead: [{ node: nodeId(2), clock: 9 }] } }));
    expect(done).toMatchObject({ pulled: { isHeldBack: true } });
    expect(done?.kind === 'pulled' && [...done.pulled.ownClocks]).toEqual([
      [0, 5],
      [1, 4],
      [65_536, 2],
    ]);
    expect(done?.kind === 'pulled' && [...done.pulled.readFronts]).toEqual([
      [0, 5],
      [1, 4],
      [65_536, 9],
    ]);
  });

  it('counts each answer once: repeated, unknown and late ones change nothing', () => {
    const client = new TestClient();
    const into = [new Float32Array(2 * HALF), new Float32Array(6)];
    const [first, second, third] = pullsIn(client.pull({ into }));
    if (!first || !second || !third) throw new Error('three pulls');
    client.take(answerTo(first, 1));
    expect(client.take(answerTo(first, 9))).toEqual([]);
    expect(client.take(answerTo({ ...first, request: 999 }, 9))).toEqual([]);
    expect(into[0]?.[0]).toBe(1);
    client.take(answerTo(second, 1));
    expect(client.take(answerTo(third, 1))).toHaveLength(1);
    expect(client.take(answerTo(third, 9))).toEqual([]);
    expect(into[1]?.[0]).toBe(1);
  });

  it('takes no answer of another size, and goes on waiting for the right one', () => {
    const client = new TestClient([tableOf(4)], mapWith(1, [S]));
    const into = [new Float32Array(4)];
    const [pull] = pullsIn(client.pull({ into, keys: [null] }));
    if (!pull) throw new Error('a pull');
    const values = (...list: number[]) => ({ values: Float32Array.from(list) });
    expect(client.take(answerTo(pull, 0, values(1, 2, 3)))).toEqual([]);
    expect(client.take(answerTo(pull, 0, values(1, 2, 3, 4, 5)))).toEqual([]);
    expect([...(into[0] ?? [])]).toEqual([0, 0, 0, 0]);
    expect(client.take(answerTo(pull, 0, values(1, 2, 3, 4)))).toHaveLength(1);
  });

  it('takes no answer that speaks of another segment than was asked', () => {
    const client = new TestClient();
    const into = [new Float32Array(2 * HALF), new Float32Array(6)];
    const [first, second] = pullsIn(client.pull({ into }));
    if (!first || !second) throw new Error('pulls');
    expect(client.take(answerTo(first, 9, { table: 1 }))).toEqual([]);
    expect(client.take(answerTo(second, 9, { table: 1 }))).toEqual([]);
    expect(client.take(answerTo(second, 9, { segment: 0 }))).toEqual([]);
    expect(into.map((rows) => rows.some((value) => value !== 0))).toEqual([false, false]);
  });
});
