import { describe, expect, it } from 'vitest';
import type { Answer, Frame, Pull, Push, Refusal } from '../protocol/frames.ts';
import { NO_CLOCK, nodeId } from '../protocol/ids.ts';
import { MAX_RESENDS } from '../protocol/limits.ts';
import { ClientCore } from './client-core.ts';
import type { ClientEffect, ClientEvent } from './client-events.ts';
import type { ClusterMap } from './cluster-map.ts';
import { cutSegments, SEGMENT_FLOATS, type TableSpec } from './table.ts';
import { epochOf, mapOf, tableOf, workerOf } from './testing.ts';

const ME = workerOf(1, 4);
const [S, T] = [nodeId(8), nodeId(9)];
const HALF = SEGMENT_FLOATS;

/** Table 0: two segments of one column. Table 1: one segment of two columns. */
const TABLES = [tableOf(2 * HALF), tableOf(3, 2, { kind: 'zeros' }, 'b')];

/** Segments in order, on S, T and S. */
function mapWith(counter: number, owners = [S, T, S]): ClusterMap {
  const placements = owners.map((owner) => ({ chain: [owner], learners: [] }));
  return { ...mapOf({ workers: [ME], epoch: epochOf(counter), servers: [8, 9] }), placements };
}

/** A client with its plan, a map and both links, and the means to play the shards. */
class TestClient {
  readonly core: ClientCore;
  private requests = 100;

  constructor(tables: readonly TableSpec[] = TABLES, map: ClusterMap | null = mapWith(1), links = [S, T]) {
    this.core = new ClientCore(ME, () => this.requests++);
    this.core.step({ kind: 'plan', run: 1, tables });
    if (map !== null) this.core.step({ kind: 'map', map });
    for (const node of links) this.core.step({ kind: 'link', node, isUp: true });
  }

  pull(change: Partial<ClientEvent & { kind: 'pull' }> = {}): ClientEffect[] {
    const into = [new Float32Array(2 * HALF), new Float32Array(6)];
    return this.core.step({
      kind: 'pull',
      ...{ id: 1, minClock: 0, done: NO_CLOCK, keys: [null, null], into, everySegment: false },
      ...change,
    });
  }

  push(clock: number, change: Partial<ClientEvent & { kind: 'push' }> = {}): ClientEffect[] {
    const tables = [
      { keys: null, values: Float32Array.from({ length: 2 * HALF }, (_, at) => at) },
      { keys: null, values: Float32Array.of(10, 11, 20, 21, 30, 31) },
    ];
    return this.core.step({ kind: 'push', clock, samples: 4, tables, readFronts: new Map(), ...change });
  }

  take(frame: Frame, from = S): ClientEffect[] {
    return this.core.step({ kind: 'frame', from, frame });
  }

  ack(clock: number, table: number, segment: number, worker = ME): ClientEffect[] {
    return this.take({ kind: 'ack', epoch: epochOf(1), table, segment, worker, clock });
  }

  refuse(reason: Refusal, clock: number, request = 0, worker = ME): ClientEffect[] {
    return this.take({ kind: 'refuse', epoch: epochOf(1), table: 0, segment: 0, worker, reason, clock, request });
  }
}

const sends = (effects: readonly ClientEffect[]) =>
  effects.flatMap((effect) => (effect.kind === 'send' ? [effect] : []));
const pullsIn = (effects: readonly ClientEffect[]): Pull[] =>
  sends(effects).flatMap(({ frame }) => (frame.kind === 'pull' ? [frame] : []));
const pushesIn = (effects: readonly ClientEffect[]): Push[] =>
  sends(effects).flatMap(({ frame }) => (frame.kind === 'push' ? [frame] : []));
const places = (effects: readonly ClientEffect[]) =>
  sends(effects).map(({ to, frame }) => ('table' in frame ? `${frame.table}.${frame.segment} to ${to}` : frame.kind));

/** What the shard answers to a pull: `value` in every row. */
function answerTo({ table, segment, request, keys }: Pull, value: number, change: Partial<Answer> = {}): Answer {
  const range = cutSegments(TABLES).find((one) => one.table === table && one.segment === segment);
  const width = TABLES[table]?.width ?? 1;
  const rows = keys?.length ?? (range ? range.end - range.start : 0);
  const clocks = { floor: 0, ahead: [] };
  const head = { epoch: epochOf(1), table, segment, request, version: 1, isHeldBack: false, clocks };
  return { kind: 'answer', ...head, values: new Float32Array(rows * width).fill(value), ...change };
}

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
        pulled: { ownClock: NO_CLOCK, floor: Number.POSITIVE_INFINITY, readFronts: new Map(), isHeldBack: false },
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

  it('tells the newest clock of each segment, its own newest clock, and whether it had to wait', () => {
    const client = new TestClient();
    const [first, second, third] = pullsIn(client.pull());
    if (!first || !second || !third) throw new Error('three pulls');
    client.take(answerTo(first, 0, { clocks: { floor: 3, ahead: [{ node: ME.node, clock: 5 }] } }));
    client.take(answerTo(second, 0, { clocks: { floor: 4, ahead: [] }, isHeldBack: true }));
    const [done] = client.take(answerTo(third, 0, { clocks: { floor: 2, ahead: [{ node: nodeId(2), clock: 9 }] } }));
    expect(done).toMatchObject({ pulled: { ownClock: 5, isHeldBack: true } });
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

describe('what is not acknowledged or answered', () => {
  it('is sent when there is a map, and a link', () => {
    const client = new TestClient(TABLES, null, []);
    expect(client.pull()).toEqual([]);
    expect(client.push(0)).toEqual([]);
    expect(client.core.step({ kind: 'map', map: mapWith(1) })).toEqual([]);
    expect(places(client.core.step({ kind: 'link', node: T, isUp: true }))).toEqual(['0.1 to 9', '0.1 to 9']);
    expect(places(client.core.step({ kind: 'link', node: S, isUp: true }))).toHaveLength(4);
  });

  it('is not sent while the map is of another run', () => {
    const client = new TestClient(TABLES, { ...mapWith(1), run: 2 });
    expect([...client.pull(), ...client.push(0)]).toEqual([]);
    expect(places(client.core.step({ kind: 'map', map: mapWith(2) }))).toHaveLength(6);
  });

  it('is sent again under a newer map: to the new owners, under the new epoch, pushes in the order of their clocks', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    client.ack(0, 0, 0);
    client.pull();
    const effects = client.core.step({ kind: 'map', map: mapWith(2, [T, T, S]) });
    expect(pushesIn(effects).map(({ clock, table, segment }) => [clock, table, segment])).toEqual([
      [0, 0, 1],
      [0, 1, 0],
      [1, 0, 0],
      [1, 0, 1],
      [1, 1, 0],
    ]);
    expect(pullsIn(effects).map(({ request }) => request)).toEqual([100, 101, 102]);
    for (const { frame } of sends(effects)) expect(frame.epoch).toEqual(epochOf(2));
    expect(places(effects).filter((place) => place.startsWith('0.0'))).toEqual(['0.0 to 9', '0.0 to 9']);
  });

  it('is not sent again under an old map, or the same', () => {
    const client = new TestClient();
    client.push(0);
    expect(client.core.step({ kind: 'map', map: mapWith(1) })).toEqual([]);
    expect(client.core.step({ kind: 'map', map: mapWith(0) })).toEqual([]);
    expect(client.core.epoch).toEqual(epochOf(1));
  });

  it('is sent again over a new link, to that node only', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    client.core.step({ kind: 'link', node: T, isUp: false });
    expect(places(client.push(2))).toEqual(['0.0 to 8', '1.0 to 8']);
    const effects = client.core.step({ kind: 'link', node: T, isUp: true });
    expect(pushesIn(effects).map(({ clock }) => clock)).toEqual([0, 1, 2]);
    expect(new Set(places(effects))).toEqual(new Set(['0.1 to 9']));
  });

  it('is sent again in order where a shard found a gap, to that segment only', () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    expect(pushesIn(client.refuse('out-of-order', 1)).map(({ clock, segment }) => [clock, segment])).toEqual([
      [0, 0],
      [1, 0],
    ]);
  });

  it("is sent again only so often at a shard's word while nothing is acknowledged", () => {
    const client = new TestClient();
    client.push(0);
    client.push(1);
    const refuse = () => client.refuse('out-of-order', 1);
    for (let times = 0; times < MAX_RESENDS - 1; times++) expect(pushesIn(refuse())).toHaveLength(2);
    client.ack(0, 0, 0);
    for (let times = 0; times < MAX_RESENDS; times++) expect(pushesIn(refuse())).toHaveLength(1);
    expect(refuse()).toMatchObject([{ kind: 'rejected', from: S, refuse: { reason: 'out-of-order' } }]);
    client.core.step({ kind: 'map', map: mapWith(2) });
    expect(pushesIn(refuse())).toHaveLength(1);
  });

  it('goes again, with the pulls, to a shard that had no room for it before its map came', () => {
    const client = new TestClient();
    client.push(0);
    client.pull();
    const effects = client.refuse('early', 0);
    expect(pushesIn(effects).map(({ table, segment }) => [table, segment])).toEqual([
      [0, 0],
      [1, 0],
    ]);
    expect(pullsIn(effects).map(({ request }) => request)).toEqual([100, 102]);
    for (let times = 1; times < MAX_RESENDS; times++) expect(client.refuse('early', 0)).toHaveLength(4);
    expect(client.refuse('early', 0)).toMatchObject([{ kind: 'rejected' }]);
  });

  it('waits for the newer map where a shard speaks of one', () => {
    const client = new TestClient();
    client.push(0);
    expect(client.refuse('stale-epoch', 0)).toEqual([]);
    expect(client.refuse('not-owner', 0)).toEqual([]);
    expect(client.core.unacknowledgedClocks).toBe(1);
  });

  it('is kept back while the map has no such worker: a shard would count it as a violation', () => {
    const client = new TestClient();
    client.push(0);
    const others = [workerOf(1, 5)];
    expect(pushesIn(client.core.step({ kind: 'map', map: { ...mapWith(2), workers: others } }))).toEqual([]);
    expect(pushesIn(client.core.step({ kind: 'map', map: mapWith(3) }))).toHaveLength(3);
  });

  it('is forgotten with its run', () => {
    const client = new TestClient();
    client.push(0);
    client.pull();
    client.core.step({ kind: 'plan', run: 2, tables: TABLES });
    expect(client.core.step({ kind: 'map', map: { ...mapWith(2), run: 2 } })).toEqual([]);
    expect(client.core.unacknowledgedClocks).toBe(0);
  });
});

describe('a refusal that sending again will not help', () => {
  it.each<Refusal>(['not-a-worker', 'bad-keys', 'not-finite', 'too-many'])('is reported: %s', (reason) => {
    const client = new TestClient();
    client.push(0);
    expect(client.refuse(reason, 0)).toMatchObject([{ kind: 'rejected', from: S, refuse: { reason } }]);
  });

  it('is reported of a pull, too', () => {
    const client = new TestClient();
    client.pull();
    expect(client.refuse('bad-keys', 0, 100)).toMatchObject([{ kind: 'rejected' }]);
  });

  // A tab has two clients on the same links, and may have had a third: an earlier incarnation of its worker.
  it.each([
    ['an earlier incarnation', workerOf(1, 3)],
    ['a reader in the same tab', workerOf(1, 0)],
    ['another node', workerOf(2, 4)],
  ])('is not for a client when it was meant for %s', (_, worker) => {
    const client = new TestClient();
    client.push(0);
    client.pull();
    expect(client.refuse('not-a-worker', 0, 0, worker)).toEqual([]);
    expect(client.refuse('bad-keys', 0, 100, worker)).toEqual([]);
    expect(client.refuse('out-of-order', 0, 0, worker)).toEqual([]);
    expect(client.refuse('not-a-worker', 0)).toHaveLength(1);
  });

  it('is not for a client that has sent no such thing', () => {
    expect(new TestClient().refuse('not-a-worker', 5)).toEqual([]);
    expect(new TestClient().refuse('bad-keys', 0, 12_345)).toEqual([]);
    const client = new TestClient();
    client.push(0);
    client.pull();
    expect(client.refuse('not-a-worker', 5)).toEqual([]);
    expect(client.refuse('bad-keys', 0, 12_345)).toEqual([]);
  });
});
