import { describe, expect, test } from 'vitest';
import { type CodecName, codecNames } from '../../protocol/filters.ts';
import type { FilteredAnswer } from '../../protocol/frames.ts';
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
  readonly owner = new AnswerFilter(5, new BlockEncoder());
  readonly client = new ClientFilters(ME, [tableOf(FLOATS)], { seed: 1, l1: 0 });
  bytes = 0;

  wish(codec: CodecName) {
    return this.client.codePull({ isDelta: true, codec }, null, RANGE, ME.node, true).wish;
  }

  pull(codec: CodecName, version: number, values: Float32Array, wish = this.wish(codec)): Float32Array | null {
    const coded = this.owner.encode(ME, wish, version, true, values);
    this.bytes = coded.block.length;
    return this.client.decode(answerOf(coded), FLOATS);
  }
}

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
    expect(pair.owner.encode(ME, early, 3, true, values).base).toBe(0);
    const stale = pair.owner.encode(ME, { codec: codecNamed('f16').id, base: 3 }, 4, true, values);
    expect(pair.client.decode(answerOf({ ...stale, base: 77 }), FLOATS)).toBeNull();
    expect(pair.pull('f16', 5, values)).toEqual(values);
  });
});

test('without differences all workers share one block of a version', () => {
  const owner = new AnswerFilter(5, new BlockEncoder());
  const wish = { codec: codecNamed('int8').id, base: null };
  const values = new Float32Array(FLOATS).fill(0.3);
  const [a, b] = [workerOf(1), workerOf(2)].map((worker) => owner.encode(worker, wish, 7, true, values).block);
  expect(a).toBe(b);
  expect(owner.encode(ME, wish, 8, true, values).block).not.toBe(a);
});
