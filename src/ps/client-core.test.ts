// What a client pushes.
import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import {
  answerTo,
  HALF,
  ME,
  mapWith,
  places,
  pullsIn,
  pushesIn,
  S,
  sends,
  T,
  TABLES,
  TestClient,
} from './client-testing.ts';
import { tableOf } from './testing.ts';

describe('a push', () => {
  it('sends every segment its rows, as views of what was given', () => {
    const client = new TestClient();
    const values = new Float32Array(2 * HALF).fill(7);
    const tables = [
      { keys: null, values },
      { keys: null, values: Float32Array.of(1, 2, 3, 4, 5, 6) },
    ];
    const effects = client.push(0, { tables, samples: 32 });
    expect(places(effects)).toEqual(['0.0 to 8', '0.1 to 9', '1.0 to 8']);
    const pushes = pushesIn(effects);
    expect(pushes).toMatchObject([{ clock: 0, samples: 32, worker: ME, keys: null }, {}, {}]);
    expect(pushes.map((push) => push.values.length)).toEqual([HALF, HALF, 6]);
    expect(pushes[1]?.values.buffer).toBe(values.buffer);
    expect(pushes[1]?.values.byteOffset).toBe(4 * HALF);
  });

  it('cuts key lists at the segments, and tells also those without a key', () => {
    const client = new TestClient();
    const tables = [
      { keys: Uint32Array.of(HALF, HALF + 2), values: Float32Array.of(1, 2) },
      { keys: Uint32Array.of(0, 2), values: Float32Array.of(3, 4, 5, 6) },
    ];
    expect(pushesIn(client.push(0, { tables })).map(({ keys, values }) => [[...(keys ?? [])], [...values]])).toEqual([
      [[], []],
      [
        [HALF, HALF + 2],
        [1, 2],
      ],
      [
        [0, 2],
        [3, 4, 5, 6],
      ],
    ]);
  });

  it('of a worker without samples tells every segment that it is past this clock', () => {
    const none = { keys: new Uint32Array(0), values: new Float32Array(0) };
    const pushes = pushesIn(new TestClient().push(3, { samples: 0, tables: [none, none] }));
    expect(pushes.map(({ clock, samples, values }) => [clock, samples, values.length])).toEqual([
      [3, 0, 0],
      [3, 0, 0],
      [3, 0, 0],
    ]);
  });

  it('says what it was computed on; its own clock where it read nothing', () => {
    const pushes = pushesIn(new TestClient().push(5, { readFronts: new Map([[1, 9]]) }));
    expect(pushes.map(({ readFront }) => readFront)).toEqual([4, 9, 4]);
  });

  it('is acknowledged when every segment has, and only once', () => {
    const client = new TestClient();
    client.push(0);
    expect(client.ack(0, 0, 0)).toEqual([]);
    expect(client.ack(0, 0, 0)).toEqual([]);
    expect(client.ack(0, 1, 0)).toEqual([]);
    expect(client.core.unacknowledgedClocks).toBe(1);
    expect([client.core.acknowledgedPushes, client.core.openPushes]).toEqual([2, 1]);
    expect(client.ack(0, 0, 1)).toEqual([{ kind: 'acknowledged', clock: 0 }]);
    expect(client.core.unacknowledgedClocks).toBe(0);
    expect(client.ack(0, 0, 1)).toEqual([]);
  });

  it('may come table by table, and is acknowledged when all of them are', () => {
    const client = new TestClient();
    const [first, second] = [
      { keys: null, values: new Float32Array(2 * HALF) },
      { keys: null, values: new Float32Array(6) },
    ];
    expect(places(client.push(0, { tables: [null, second], isPart: true }))).toEqual(['1.0 to 8']);
    expect(client.ack(0, 1, 0)).toEqual([]);
    expect(places(client.push(0, { tables: [first, null] }))).toEqual(['0.0 to 8', '0.1 to 9']);
    client.ack(0, 0, 0);
    expect(client.ack(0, 0, 1)).toEqual([{ kind: 'acknowledged', clock: 0 }]);
    // All but the last part may be acknowledged before it is there, and it may be empty.
    client.push(1, { tables: [first, second], isPart: true });
    for (const [table, segment] of [
      [0, 0],
      [0, 1],
      [1, 0],
    ] as const)
      expect(client.ack(1, table, segment)).toEqual([]);
    expect(client.push(1, { tables: [null, null] })).toEqual([{ kind: 'acknowledged', clock: 1 }]);
    expect(client.core.unacknowledgedClocks).toBe(0);
  });

  it('is not acknowledged by words to another incarnation, another node, or of another clock', () => {
    const client = new TestClient([tableOf(4)], mapWith(1, [S]));
    client.push(0, { tables: [{ keys: null, values: new Float32Array(4) }] });
    expect(client.ack(0, 0, 0, { ...ME, incarnation: 3 })).toEqual([]);
    expect(client.ack(0, 0, 0, { ...ME, node: nodeId(2) })).toEqual([]);
    expect(client.ack(1, 0, 0)).toEqual([]);
    expect(client.ack(0, 0, 0)).toHaveLength(1);
  });

  it('goes through the filters of its owner’s link: near tabs have their own', () => {
    const client = new TestClient();
    const int8 = { all: { stages: [], codec: 'int8' as const }, tables: [] };
    const kinds = sends(client.push(0, { filters: int8, near: { nodes: new Set([T]), filters: null } })).map(
      ({ to, frame }) => `${frame.kind} to ${to}`,
    );
    expect(kinds).toEqual(['filteredPush to 8', 'push to 9', 'filteredPush to 8']);
    const wish = { all: { isDelta: true, codec: 'int8' as const }, tables: [] };
    const pulls = sends(client.pull({ filters: wish, near: { nodes: new Set([T]), filters: null } }));
    expect(pulls.map(({ frame }) => frame.kind)).toEqual(['filteredPull', 'pull', 'filteredPull']);
  });

  it('to a shard of the same tab is no traffic', () => {
    const client = new TestClient(TABLES, mapWith(1, [ME.node, T, T]), [ME.node, T]);
    client.push(0);
    const { push } = client.core.filters;
    expect([push.raw, push.kept, push.values]).toEqual(new Array(3).fill(4 * (HALF + 6)));
    for (const pull of pullsIn(client.pull()))
      client.take(answerTo(pull, 1), pull.segment === 0 && pull.table === 0 ? ME.node : T);
    const { pull } = client.core.filters;
    expect([pull.raw, pull.kept, pull.values]).toEqual(new Array(3).fill(4 * (HALF + 6)));
  });

  it('without rows for a table is a mistake of the caller', () => {
    expect(() => new TestClient().push(0, { tables: [] })).toThrow(RangeError);
  });

  it('tells each segment the oldest clock that it has not acknowledged', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    client.ack(0, 0, 1);
    expect(pushesIn(client.push(2)).map(({ settled }) => settled)).toEqual([0, 1, 0]);
  });
});
