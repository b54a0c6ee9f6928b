import { describe, expect, test } from 'vitest';
import { type PushSpec, parsePushSpec } from '../../protocol/filters.ts';
import { Random } from '../../random.ts';
import { PushFilter, PushWork } from './push-filter.ts';
import { BlockEncoder, decodeBlock } from './value-block.ts';

const FLOATS = 256;

function specOf(text: string): PushSpec {
  const spec = parsePushSpec(text);
  if (spec === null) throw new Error('off is no spec');
  return spec;
}

const filterOf = (floats: number, width = 1, start = 0) => {
  const range = { table: 0, segment: 0, start, end: start + floats / width, floats };
  return new PushFilter(range, width, new BlockEncoder(), new PushWork());
};

const contextOf = (clock: number, covers = 1) => ({ clock, covers, seed: clock * 77, l1: 0, parameters: null });

function gradients(clocks: number): Float32Array[] {
  const random = new Random(4);
  return Array.from({ length: clocks }, () => Float32Array.from({ length: FLOATS }, () => random.unit() - 0.4));
}

/** What the server adds up, and what the gradients add up to. */
function totals(text: string, clocks: number): { sent: Float64Array; meant: Float64Array } {
  const filter = filterOf(FLOATS);
  const sent = new Float64Array(FLOATS);
  const meant = new Float64Array(FLOATS);
  gradients(clocks).forEach((values, clock) => {
    const decoded = decodeBlock(filter.encode({ keys: null, values }, specOf(text), contextOf(clock)), FLOATS);
    for (let i = 0; i < FLOATS; i++) {
      sent[i] = (sent[i] ?? 0) + (decoded[i] ?? 0);
      meant[i] = (meant[i] ?? 0) + (values[i] ?? 0);
    }
  });
  return { sent, meant };
}

const furthest = ({ sent, meant }: { sent: Float64Array; meant: Float64Array }) =>
  Math.max(...sent.map((total, i) => Math.abs(total - (meant[i] ?? 0))));

describe('what is left behind comes later: sums stay close for good', () => {
  // Largest single values are 0.6; the mean of the sums grows by 0.1 a clock, to 40 at clock 400.
  test.each(['topk:0.1', 'topk:0.1+int8', 'onebit', 'significant:0.5+f16', 'skip:0.5', 'topk:0.2+skip:0.3+int4'])(
    '%s',
    (text) => {
      const [early, late] = [furthest(totals(text, 100)), furthest(totals(text, 400))];
      expect(late).toBeLessThan(8);
      expect(late).toBeLessThan(2 * early + 0.5);
    },
  );

  test('the rest is exactly what is missing', () => {
    const filter = filterOf(4);
    const values = Float32Array.of(4, 3, 2, 1);
    const spec = specOf('topk:0.25');
    const sent = [0, 1, 2].map((clock) => [
      ...decodeBlock(filter.encode({ keys: null, values }, spec, contextOf(clock)), 4),
    ]);
    // The rest after one push: 0 3 2 1; after two, 4 0 4 2; then 8 3 6 3 is on offer.
    expect(sent).toEqual([
      [4, 0, 0, 0],
      [0, 6, 0, 0],
      [8, 0, 0, 0],
    ]);
  });
});

test('what rounds leave behind counts as often as they have clocks, however long the next one is', () => {
  const filter = filterOf(2);
  const spec = specOf('topk:0.5');
  const push = (values: number[], clock: number, covers: number) => [
    ...decodeBlock(filter.encode({ keys: null, values: Float32Array.from(values) }, spec, contextOf(clock, covers)), 2),
  ];
  expect(push([4, 3], 3, 4)).toEqual([4, 0]);
  // 3 for each of four clocks is 12 in all: 6 for each of two.
  expect(push([1, 0], 5, 2)).toEqual([0, 6]);
  expect(push([0, 0], 6, 1)).toEqual([2, 0]);
});

test('under an L1 penalty a round collects as its clocks would one by one', () => {
  const parameters = new Float32Array(1);
  const spec = specOf('kkt');
  // 0.4 a clock on average against a penalty of 0.5; then 0.8, which by itself is more.
  const sentOf = (covers: number, gradients: readonly number[]) => {
    const filter = filterOf(1);
    return gradients.map((value, round) => {
      const context = { ...contextOf((round + 1) * covers - 1, covers), l1: 0.5, parameters };
      return decodeBlock(filter.encode({ keys: null, values: Float32Array.of(value) }, spec, context), 1)[0];
    });
  };
  const [single, fours] = [sentOf(1, [0.4, 0.8, 0]), sentOf(4, [0.4, 0.8, 0])];
  expect(single[1]).toBeCloseTo(1.2, 6);
  expect(fours).toEqual(single);
});

test('momentum correction sends what momentum on the server would have made of it', () => {
  const filter = filterOf(2);
  const spec = specOf('topk:0.5:0.5');
  const push = (a: number, b: number, clock: number) => [
    ...decodeBlock(filter.encode({ keys: null, values: Float32Array.of(a, b) }, spec, contextOf(clock)), 2),
  ];
  expect(push(8, 1, 0)).toEqual([8, 0]);
  // Second value: velocities 1, then 1.5, then 1.75; rest 1, 2.5, 4.25. The first starts anew after it was sent.
  expect(push(8, 1, 1)).toEqual([8, 0]);
  expect(push(0, 1, 2)).toEqual([0, 4.25]);
});

test('keys have memories of their own, wherever they stand in a push', () => {
  const filter = filterOf(8, 2, 100);
  const spec = specOf('topk:0.5');
  const push = (keys: number[], values: number[], clock: number) => {
    const rows = { keys: Uint32Array.from(keys), values: Float32Array.from(values) };
    return [...decodeBlock(filter.encode(rows, spec, contextOf(clock)), values.length)];
  };
  expect(push([100, 102], [1, 2, 8, 9], 0)).toEqual([0, 0, 8, 9]);
  expect(push([101], [3, 4], 1)).toEqual([0, 4]);
  expect(push([100, 101], [5, 5, 0, 0], 2)).toEqual([6, 7, 0, 0]);
});

test('a filter without memory sends what an earlier one left behind, and then forgets', () => {
  const filter = filterOf(2);
  const encode = (text: string, clock: number) => [
    ...decodeBlock(filter.encode({ keys: null, values: Float32Array.of(4, 1) }, specOf(text), contextOf(clock)), 2),
  ];
  expect(encode('topk:0.5', 0)).toEqual([4, 0]);
  expect(encode('f32', 1)).toEqual([4, 2]);
  expect(encode('f32', 2)).toEqual([4, 1]);
});
