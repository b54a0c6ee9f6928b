import { expect, it } from 'vitest';
import { checkBlockFits, decodeBlock, encodeBlock } from './blocks.ts';
import { DEFAULT_SETTINGS } from './file-format.ts';
import { decodeManifest, encodeManifest } from './manifest.ts';
import { recogniseDataset } from './recognise.testing.ts';

const file = (name: string, text: string) => ({ name, bytes: new TextEncoder().encode(text) });
const lines = (count: number) =>
  Array.from({ length: count }, (_, row) => `u${row % 5}::m${row % 7}::${1 + (row % 5)}::9`);

it('files of ratings become a dataset that travels', () => {
  const { meta, blocks, skippedRows } = recogniseDataset([file('ml.dat', lines(60).join('\n'))], 1);
  expect(meta).toMatchObject({ kind: 'ratings', name: 'ml.dat', samples: { train: 50, test: 10 }, users: 5, items: 7 });
  expect(meta).toMatchObject({ features: 12, names: { users: ['u0', 'u1', 'u2', 'u3', 'u4'] } });
  expect(skippedRows).toBe(0);
  for (const block of [...blocks.train, ...blocks.test]) checkBlockFits(decodeBlock(encodeBlock(block)), meta);
  const manifest = { meta, blocks: { train: [], test: [] } };
  expect(() => decodeManifest(encodeManifest(manifest))).toThrow(/samples do not add up/);
});

it('the mean is that of the ratings trained on', () => {
  const { meta } = recogniseDataset([file('train.csv', '1,1,2\n2,2,5\n'), file('test.csv', '1,2,1\n3,3,1\n')], 1);
  expect(meta).toMatchObject({ mean: 3.5, users: 3, items: 3 });
});

it('bad rows are an error, or skipped', () => {
  const text = `user,item,rating\n${lines(20).join('\n').replaceAll('::', ',').replaceAll(',9', '')}\nx,y,no\n`;
  expect(() => recogniseDataset([file('r.csv', text)], 1)).toThrow(
    /r.csv: line 22, column 5: a rating must be a number/,
  );
  const { meta, skippedRows } = recogniseDataset([file('r.csv', text)], 1, 'dense', {
    ...DEFAULT_SETTINGS,
    skipBadRows: true,
  });
  expect([meta.samples.train + meta.samples.test, skippedRows]).toEqual([20, 1]);
});
