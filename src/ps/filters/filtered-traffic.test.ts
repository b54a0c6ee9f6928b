// A client and a shard with filters between them: what arrives, what goes again, and what is refused.
import { describe, expect, test } from 'vitest';
import { type PullFilters, type PushFilters, parsePullFilters, parsePushFilters } from '../../protocol/filters.ts';
import { decodeFrame, encodeFrame } from '../../protocol/frame-codec.ts';
import type { Frame } from '../../protocol/frames.ts';
import { NO_CLOCK, nodeId } from '../../protocol/ids.ts';
import { joined } from '../../protocol/testing.ts';
import { ClientCore } from '../client-core.ts';
import type { ClientEffect, ClientEvent } from '../client-events.ts';
import { ASYNC, epochOf, mapOf, scheduleOf, shardPlanOf, TestShard, tableOf, workerOf } from '../testing.ts';
import { AVERAGE } from '../updaters/outer.ts';

const ME = workerOf(1);
const SERVER = nodeId(9);
const TABLES = [tableOf(1_000)];

/** One worker and one server; frames go as bytes, and one may be lost on the way. */
class Fixture {
  readonly shard = new TestShard(
    SERVER,
    mapFor(1),
    scheduleOf(ASYNC),
    shardPlanOf({ tables: TABLES, batch: 4, outer: AVERAGE }),
  );
  readonly client: ClientCore;
  /** Everything that the worker sent, as bytes. */
  readonly sent: Uint8Array[] = [];
  readonly rejected: ClientEffect[] = [];
  pulled: Float32Array = new Float32Array(0);
  isLossy = false;
  private requests = 0;

  constructor(
    public push: PushFilters | null,
    readonly pull: PullFilters | null,
  ) {
    this.client = new ClientCore(ME, () => ++this.requests);
    this.step({ kind: 'plan', run: 1, tables: TABLES });
    this.step({ kind: 'map', map: mapFor(1) });
    this.step({ kind: 'link', node: SERVER, isUp: true });
  }

  step(event: ClientEvent): void {
    for (const effect of this.client.step(event)) {
      if (effect.kind === 'send') this.deliver(effect.frame);
      else if (effect.kind === 'rejected' || effect.kind === 'garbled') this.rejected.push(effect);
    }
  }

  private deliver(frame: Frame): void {
    const bytes = joined(encodeFrame(frame));
    this.sent.push(bytes);
    if (this.isLossy) return;
    for (const answer of this.shard.take(decodeFrame(bytes))) {
      this.step({ kind: 'frame', from: SERVER, frame: decodeFrame(joined(encodeFrame(answer))) });
    }
  }

  pushRows(clock: number, keys: Uint32Array | null, values: Float32Array, covers = 1, isDrift = false): void {
    const readFronts = new Map([[0, clock - covers]]);
    const round = { clock, covers, isDrift, samples: 4 * covers };
    this.step({ kind: 'push', ...round, tables: [{ keys, values }], readFronts, filters: this.push });
  }

  pullRows(keys: Uint32Array | null): Float32Array {
    this.pulled = new Float32Array(keys?.length ?? 1_000);
    const pull = { id: this.requests, minClock: NO_CLOCK, done: NO_CLOCK, everySegment: false };
    this.step({ kind: 'pull', ...pull, keys: [keys], into: [this.pulled], filters: this.pull });
    return this.pulled;
  }

  /** Kinds of the worker's frames, in order. */
  get kinds(): string[] {
    return this.sent.map((bytes) => decodeFrame(bytes).kind);
  }
}

const mapFor = (counter: number) =>
  mapOf({ epoch: epochOf(counter), servers: [SERVER], workers: [ME], tables: TABLES, chain: [SERVER] });

const fixtureOf = (push: string, pull: string) => new Fixture(parsePushFilters(push), parsePullFilters(pull));

const KEYS = Uint32Array.of(3, 7, 500);

describe('through filters', () => {
  test('rows arrive, and come back', () => {
    const fixture = fixtureOf('f16', 'f16');
    fixture.pushRows(0, KEYS, Float32Array.of(1, -2, 0.5));
    expect(fixture.client.unacknowledgedClocks).toBe(0);
    // SGD at rate 1, the whole batch.
    expect([...fixture.pullRows(KEYS)]).toEqual([-1, 2, -0.5]);
    expect(fixture.kinds).toEqual(['filteredPush', 'filteredPull']);
  });

  test('off is the plain frame, array for array', () => {
    const fixture = fixtureOf('off', 'off');
    fixture.pushRows(0, KEYS, Float32Array.of(1, -2, 0.5));
    fixture.pullRows(null);
    expect(fixture.kinds).toEqual(['push', 'pull']);
  });

  test('differences are pulled after the first answer', () => {
    const fixture = fixtureOf('off', 'delta+f32');
    for (let clock = 0; clock < 3; clock++) {
      fixture.pushRows(clock, KEYS, Float32Array.of(1, -2, 0.5));
      expect([...fixture.pullRows(null)]).toEqual(fixture.shard.values());
    }
  });

  test('what was left out goes with the first push after they are off, once', () => {
    const fixture = fixtureOf('topk:0.3', 'off');
    fixture.pushRows(0, KEYS, Float32Array.of(4, 2, 1));
    expect([...fixture.pullRows(KEYS)]).toEqual([-4, 0, 0]);
    fixture.push = null;
    // Only of the rows that are pushed: what waits of others goes with theirs.
    fixture.pushRows(1, KEYS.subarray(0, 2), new Float32Array(2));
    expect([...fixture.pullRows(KEYS)]).toEqual([-4, -2, 0]);
    fixture.pushRows(2, KEYS, new Float32Array(3));
    fixture.pushRows(3, KEYS, new Float32Array(3));
    expect([...fixture.pullRows(KEYS)]).toEqual([-4, -2, -1]);
    const kinds = fixture.kinds.filter((kind) => kind.endsWith('ush'));
    expect(kinds).toEqual(['filteredPush', 'filteredPush', 'filteredPush', 'push']);
  });

  test('a gradient that is no number is refused by its name', () => {
    const fixture = fixtureOf('int8', 'off');
    fixture.pushRows(0, KEYS, Float32Array.of(1, Number.NaN, 0.5));
    expect(fixture.rejected).toMatchObject([{ kind: 'rejected', refuse: { reason: 'not-finite' } }]);
  });
});

describe('of rounds of several clocks', () => {
  test('what a filter keeps of a mean gradient comes as often as that round had clocks', () => {
    const fixture = fixtureOf('topk:0.3', 'off');
    fixture.pushRows(3, KEYS, Float32Array.of(4, 2, 1), 4);
    fixture.pushRows(5, KEYS, new Float32Array(3), 2);
    fixture.pushRows(6, KEYS, new Float32Array(3));
    expect([...fixture.pullRows(KEYS)]).toEqual([-16, -8, -4]);
  });

  test('what it keeps of a drift comes once: it was the whole way', () => {
    const fixture = fixtureOf('topk:0.001', 'off');
    const way = Float32Array.from({ length: 1_000 }, (_, key) => [4, 2, 1][key] ?? 0);
    fixture.pushRows(3, null, way, 4, true);
    fixture.pushRows(5, null, new Float32Array(1_000), 2, true);
    fixture.pushRows(6, null, new Float32Array(1_000), 1, true);
    expect([...fixture.pullRows(null).subarray(0, 4)]).toEqual([-4, -2, -1, 0]);
  });
});

describe('what is sent again', () => {
  test('is the same to the last byte, though filters have gone on', () => {
    const fixture = fixtureOf('topk:0.4+int8', 'off');
    fixture.isLossy = true;
    fixture.pushRows(
      0,
      null,
      Float32Array.from({ length: 1_000 }, (_, i) => Math.sin(i)),
    );
    fixture.pushRows(
      1,
      null,
      Float32Array.from({ length: 1_000 }, (_, i) => Math.cos(i)),
    );
    fixture.step({ kind: 'link', node: SERVER, isUp: true });
    const [first, second, again, secondAgain] = fixture.sent;
    expect(again).toEqual(first);
    expect(secondAgain).toEqual(second);
  });

  test('after a new map differs by its epoch only, and is applied once', () => {
    const fixture = fixtureOf('int8', 'off');
    fixture.pushRows(0, KEYS, Float32Array.of(1, 1, 1));
    const [sent] = fixture.sent;
    if (sent === undefined) throw new Error('nothing was sent');
    fixture.shard.take(decodeFrame(sent));
    expect(fixture.shard.values()[3]).toBe(-1);
    expect(fixture.shard.core.counters.figures().duplicates).toBe(1);
  });
});

describe('keys', () => {
  const lengthOf = (bytes: Uint8Array | undefined) => bytes?.length ?? 0;
  const many = Uint32Array.from({ length: 100 }, (_, i) => 9 * i);
  const values = new Float32Array(100).fill(1);

  test('go once: then their signature stands for them, in pushes too', () => {
    const fixture = fixtureOf('f16', 'f16');
    fixture.pullRows(many);
    fixture.pushRows(0, many, values);
    fixture.pullRows(many);
    const [first, push, second] = fixture.sent;
    expect(lengthOf(first) - lengthOf(second)).toBe(5 + 100 - 13);
    // Header and fields 52, block 16 + 200, signature 13.
    expect(lengthOf(push)).toBe(52 + 216 + 13);
    expect([...fixture.pulled]).toEqual([...values].map((value) => -value));
  });

  test('that the shard has forgotten are asked for, and nothing is lost or doubled', () => {
    const fixture = fixtureOf('f16', 'f16');
    fixture.pullRows(many);
    fixture.shard.setMap(mapFor(2));
    fixture.step({ kind: 'map', map: mapFor(2) });
    fixture.pushRows(0, many, values);
    expect([...fixture.pullRows(many)]).toEqual([...values].map((value) => -value));
    expect(fixture.shard.core.counters.figures().refused).toMatchObject([{ reason: 'unknown-keys', count: 1 }]);
    expect(fixture.rejected).toEqual([]);
    expect(fixture.client.unacknowledgedClocks).toBe(0);
  });
});

describe('a shard refuses, and counts against the sender', () => {
  const push = (change: object): Frame => ({
    kind: 'filteredPush',
    epoch: epochOf(1),
    ...{ table: 0, segment: 0, worker: ME, clock: 0, settled: 0, samples: 4, readFront: -1 },
    block: new Uint8Array(16),
    keys: Uint8Array.of(0),
    ...change,
  });

  test.each([
    ['a block of another length', push({ block: new Uint8Array(3) })],
    ['a block for other keys', push({})],
    ['keys that are none', push({ keys: Uint8Array.of(9) })],
    ['no keys', push({ keys: new Uint8Array(0) })],
  ])('%s', (_, frame) => {
    const { shard } = fixtureOf('off', 'off');
    const before = shard.state();
    expect(shard.take(frame)).toMatchObject([{ kind: 'refuse', reason: 'malformed', clock: 0 }]);
    expect(shard.state()).toEqual(before);
    for (let i = 0; i < 16; i++) shard.take(frame);
    expect(shard.core.isHostile(ME.node)).toBe(true);
  });
});
