// Topics and sketches as files, against counts made by hand.
import { expect, test } from 'vitest';
import { documentsDataset } from '../data/documents.ts';
import { cellOf } from './count-min/sketch.ts';
import { countMin } from './count-min.ts';
import type { JobExport } from './job.ts';
import { lda } from './lda.ts';

/** Three words, with a name that a CSV must quote. */
const { meta } = documentsDataset({
  ...{ name: 'tiny', words: 3, vocabulary: ['cat', 'dog, "wild"', 'bond'], isText: false, picture: [] },
  documents: { train: [{ words: Uint32Array.of(0, 1, 2), times: Uint32Array.of(4, 2, 6) }], test: [] },
});

const file = <Options>(
  exports: readonly JobExport<Options>[] | undefined,
  extension: string,
  options: Options,
  tables: Float32Array[],
) => {
  const bytes = exports?.find((one) => one.extension === extension)?.make(options, meta, tables);
  return new TextDecoder().decode(bytes);
};

test('counts as CSV, the most frequent first, with exact counts', () => {
  const options = countMin.options.parse({ width: 64, depth: 2 });
  const cells = new Float32Array(128);
  [4, 2, 6].forEach((times, item) => {
    for (let row = 0; row < 2; row++) {
      const cell = cellOf(item, row, { width: 64, depth: 2 });
      cells[cell] = (cells[cell] ?? 0) + times;
    }
  });
  const tables = [cells, Float32Array.of(4, 2, 6)];
  expect(file(countMin.exports, 'csv', options, tables)).toBe(
    'item,estimate,exact\r\nbond,6,6\r\ncat,4,4\r\n"dog, ""wild""",2,2\r\n',
  );
  const sketch = JSON.parse(file(countMin.exports, 'json', options, tables));
  expect(sketch).toMatchObject({ width: 64, depth: 2, counted: 12 });
  expect(sketch.rows.map((row: number[]) => row.reduce((sum, cell) => sum + cell))).toEqual([12, 12]);
});

test('topics with their words: counts are those of the start and what has changed since', () => {
  const options = lda.options.parse({ topics: 2, beta: 1e-6 });
  // Every word wholly in one topic, by moving what starts in the other: half of each, as the totals are even.
  const changes = Float32Array.of(2, -2, 1, -1, -3, 3);
  const totals = Float32Array.of(0, 0);
  const topics = JSON.parse(file(lda.exports, 'json', options, [changes, totals, new Float32Array(0)])).topics;
  const words = topics.map((topic: { words: { word: string; probability: number }[] }) => topic.words);
  expect(words[0][0]).toMatchObject({ word: 'cat', probability: expect.closeTo(4 / 6, 3) });
  expect(words[0][1]).toMatchObject({ word: 'dog, "wild"', probability: expect.closeTo(2 / 6, 3) });
  expect(words[1][0]).toMatchObject({ word: 'bond', probability: expect.closeTo(1, 3) });
  expect(file(lda.exports, 'csv', options, [changes, totals, new Float32Array(0)])).toMatch(
    /^topic,topic share,rank,word,probability\r\n1,0\.5,1,cat,0\.666\d+\r\n1,0\.5,2,"dog, ""wild""",/,
  );
});
