import { describe, expect, test } from 'vitest';
import { type CodecName, codecNames } from '../../protocol/filters.ts';
import type { FilteredAnswer, PullWish } from '../../protocol/frames.ts';
import { Random } from '../../random.ts';
import { epochOf, tableOf, workerOf } from '../testing.ts';
import { AnswerFilter } from './answer-filter.ts';
import { ClientFilters } from './client-filters.ts';
import { codecNamed } from './codecs.ts';
import { BlockEncoder } from './value-block.ts';

const FLOATS = 300;
const ME = workerOf(1);
const RANGE = { table: 0, segment: 0, start: 0, end: FLOATS, floats: FLOATS };

/** An owner and a worker that pulls differences from it. */
class Pair {
  readonly owner = new AnswerFilter(RANGE, new BlockEncoder());
  readonly client = new ClientFilters(ME, [tableOf(FLOATS)], { seed: 1, l1: 0 });
  bytes = 0;

  wish(codec: CodecName, keys: Uint32Array | null = null) {
    return this.client.codePull({ isDelta: true, codec }, keys, RANGE, ME.node, true).wish;
  }

  pull(codec: CodecName, version: number, values: Float32Array, wish = this.wish(codec)): Float32Array | null {
    return this.answer(codec, version, null, values, wish);
  }

  /** Rows of some keys, out of all values. */
  pullRows(codec: CodecName, version: number, keys: Uint32Array, all: Float32Array): Float32Array | null {
    const rows = Float32Array.from(keys, (key) => all[key] ?? 0);
    return this.answer(codec, version, keys, rows, this.wish(codec, keys));
  }

  private answer(codec: CodecName, version: number, keys: Uint32Array | null, rows: Float32Array, wish: PullWish) {
    const coded = this.owner.encode(ME, wish, version, keys, rows);
    this.bytes = coded.block.length;
    return this.client.decode(answerOf(coded), asked(codec, keys, rows.length));
  }
}

const asked = (codec: CodecName, keys: Uint32Array | null = null, floats = FLOATS) => ({
  ...{ range: RANGE, floats },
  pull: { keys, wish: { isDelta: true, codec } },
});

const answerOf = (coded: { serial: number; base: number; block: Uint8Array }): FilteredAnswer => ({
  kind: 'filteredAnswer',
  epoch: epochOf(1),
  ...{ table: 0, segment: 0, request: 1, version: 1, isHeldBack: false, clocks: { floor: 0, ahead: [] } },
  ...coded,
});

/** Parameters that wander: every clock a small step. */
function* wandering(clocks: number): Generator<Float32Array> {
  const random = new Random(8);
  const values = Float32Array.from({ length: FLOATS }, () => random.unit() - 0.5);
  for (let clock = 0; clock < clocks; clock++) {
    for (let i = 0; i < FLOATS; i++) values[i] = (values[i] ?? 0) + 0.02 * (random.unit() - 0.5);
    yield values;
  }
}

describe('differences', () => {
  test('of f32 are exact, whatever the bits, and cost what has changed', () => {
    const pair = new Pair();
    const values = Float32Array.from({ length: FLOATS }, (_, i) => i - 150);
    expect(pair.pull('f32', 1, values)).toEqual(values);
    values.set([1e-40, -0, 3e38, 90], 57);
    expect(pair.pull('f32', 2, values)).toEqual(values);
    expect(pair.bytes).toBeLessThan(60);
    expect(pair.pull('f32', 3, values)).toEqual(values);
    expect(pair.bytes).toBe(16);
  });

  test.each(codecNames.filter((name) => name !== 'f32'))(
    'of %s follow the values for good: errors do not add up',
    (codec) => {
      const pair = new Pair();
      let [version, worst] = [0, 0];
      for (const values of wandering(200)) {
        const held = pair.pull(codec, ++version, values);
        if (version > 20) worst = Math.max(worst, ...values.map((value, i) => Math.abs(value - (held?.[i] ?? 9))));
      }
      // A step is at most 0.01: one bit of it leaves the most behind.
      expect(worst).toBeLessThan(
        { f16: 1e-5, bf16: 1e-4, int8: 3e-4, int4: 5e-3, onebit: 0.1, whole: 1e-9 }[codec as 'f16'],
      );
    },
  );

  test('begin anew in a new epoch, and for a worker that the owner does not know', () => {
    const pair = new Pair();
    const values = new Float32Array(FLOATS).fill(0.1);
    pair.pull('int8', 1, values);
    pair.owner.reset();
    expect(pair.pull('int8', 2, values)).toEqual(values);
    expect(pair.bytes).toBeGreaterThan(4 * FLOATS);
  });

  test('from what the worker does not hold are not taken: it asks for everything', () => {
    const pair = new Pair();
    const values = new Float32Array(FLOATS).fill(0.1);
    pair.pull('f16', 1, values);
    const early = pair.wish('f16');
    pair.pull('f16', 2, values, early);
    // Two answers to the same wish: the second starts from nothing that is there any more.
    expect(pair.owner.encode(ME, early, 3, null, values).base).toBe(0);
    const stale = pair.owner.encode(ME, { codec: codecNamed('f16').id, base: 3 }, 4, null, values);
    expect(pair.client.decode(answerOf({ ...stale, base: 77 }), asked('f16'))).toBeNull();
    expect(pair.pull('f16', 5, values)).toEqual(values);
  });
});

test('workers that hold the same get one block of differences, and others their own', () => {
  const owner = new AnswerFilter(RANGE, new BlockEncoder());
  const workers = [1, 2].map((node) => {
    const worker = workerOf(node);
    const client = new ClientFilters(worker, [tableOf(FLOATS)], { seed: 1, l1: 0 });
    const pull = (version: number, values: Float32Array) => {
      const { wish } = client.codePull({ isDelta: true, codec: 'int8' }, null, RANGE, worker.node, true);
      const coded = owner.encode(worker, wish, version, null, values);
      return { ...coded, held: client.decode(answerOf(coded), asked('int8')) };
    };
    return { pull };
  });
  const [a, b] = workers as [(typeof workers)[0], (typeof workers)[0]];
  let version = 0;
  for (const values of wandering(60)) {
    version++;
    const first = a.pull(version, values);
    // The second misses every fifth version: from then on they hold different roundings.
    if (version % 5 === 0) continue;
    const second = b.pull(version, values);
    expect(second.block === first.block).toBe(version < 5);
    for (const { held } of [first, second]) {
      const worst = Math.max(...values.map((value, i) => Math.abs(value - (held?.[i] ?? 9))));
      expect(worst).toBeLessThan(3e-4);
    }
  }
});

describe('differences of whole numbers', () => {
  const everySecond = Uint32Array.from({ length: FLOATS / 2 }, (_, i) => 2 * i);
  const most = Uint32Array.from({ length: FLOATS - 20 }, (_, i) => i + 10);
  const few = Uint32Array.of(1, 2, 3);

  test('are of whatever rows are asked for, exact, and cost what has changed', () => {
    const pair = new Pair();
    const random = new Random(3);
    const all = Float32Array.from({ length: FLOATS }, () => random.below(1_000));
    for (let version = 1; version <= 40; version++) {
      for (let i = 0; i < 5; i++) all[random.below(FLOATS)] = random.below(1_000) - 300;
      const keys = [most, everySecond, few][random.below(3)] as Uint32Array;
      const rows = pair.pullRows('whole', version, keys, all);
      expect(rows).toEqual(Float32Array.from(keys, (key) => all[key] ?? 0));
    }
    pair.pullRows('whole', 41, most, all);
    pair.pullRows('whole', 42, most, all);
    expect(pair.bytes).toBe(16);
  });

  test('are wished for only where much of the segment is', () => {
    const pair = new Pair();
    expect(pair.wish('whole', most).base).toBe(0);
    expect(pair.wish('whole', everySecond).base).toBe(0);
    expect(pair.wish('whole', few).base).toBeNull();
    expect(pair.wish('int8', most).base).toBeNull();
  });

  test('too long for a float begin anew, and are exact', () => {
    const pair = new Pair();
    const all = new Float32Array(FLOATS).fill(-3);
    pair.pullRows('whole', 1, most, all);
    // 2²⁵ + 1 more than −3, which no float is; 2²⁵ more would be 2²⁵ − 4.
    all[20] = 2 ** 25 - 2;
    const coded = pair.owner.encode(ME, pair.wish('whole', most), 2, most, all.slice(10, FLOATS - 10));
    expect(coded.base).toBe(0);
    expect(pair.client.decode(answerOf(coded), asked('whole', most, most.length))).toEqual(all.slice(10, FLOATS - 10));
  });

  test('begin anew in a new epoch; from what the worker does not hold they are not taken', () => {
    const pair = new Pair();
    const all = Float32Array.from({ length: FLOATS }, (_, i) => i);
    pair.pullRows('whole', 1, most, all);
    pair.owner.reset();
    expect(pair.pullRows('whole', 2, most, all)).toEqual(all.slice(10, FLOATS - 10));
    const coded = pair.owner.encode(ME, pair.wish('whole', most), 3, most, all.slice(10, FLOATS - 10));
    const answer = answerOf({ ...coded, base: 77 });
    expect(pair.client.decode(answer, asked('whole', most, most.length))).toBeNull();
    expect(pair.pullRows('whole', 4, most, all)).toEqual(all.slice(10, FLOATS - 10));
  });
});

test('without differences all workers share one block of a version', () => {
  const owner = new AnswerFilter(RANGE, new BlockEncoder());
  const wish = { codec: codecNamed('int8').id, base: null };
  const values = new Float32Array(FLOATS).fill(0.3);
  const [a, b] = [workerOf(1), workerOf(2)].map((worker) => owner.encode(worker, wish, 7, null, values).block);
  expect(a).toBe(b);
  expect(owner.encode(ME, wish, 8, null, values).block).not.toBe(a);
});
