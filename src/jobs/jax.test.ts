import { expect, test } from 'vitest';
import { computeInParts, type JaxArray } from './jax.ts';

/** As much of an array as is asked here. */
function array(values: readonly number[], note: (what: string) => void): JaxArray {
  const self = {
    get ref() {
      note('owned');
      return self;
    },
    data: async () => {
      note('read');
      return Float32Array.from(values);
    },
    dispose: () => note('disposed'),
  };
  return self as unknown as JaxArray;
}

test('parts are read back one after the other, so that no two hold their activations at once', async () => {
  const seen: string[] = [];
  const tensor = array([], (what) => seen.push(what));
  const all = await computeInParts([tensor], { count: 5, atOnce: 2, width: 1 }, (_, start, end) => {
    seen.push(`rows ${start} to ${end}`);
    return array([start, start + 1], (what) => seen.push(what));
  });
  expect([...all]).toEqual([0, 1, 2, 3, 4]);
  const part = (rows: string) => ['owned', rows, 'read'];
  expect(seen).toEqual([...part('rows 0 to 2'), ...part('rows 2 to 4'), ...part('rows 4 to 5'), 'disposed']);
});
