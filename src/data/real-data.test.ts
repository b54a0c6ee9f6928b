import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { BadDataFile } from './data-file.ts';
import { recogniseDataset } from './recognise.testing.ts';

const DATA = fileURLToPath(new URL('../../../shared/data/', import.meta.url));
const isHere = existsSync(DATA);
if (!isHere) console.log(`real data: ${DATA} is absent, so the facts about MNIST and a9a are not checked`);

const file = (path: string) => ({ name: path, bytes: new Uint8Array(gunzipSync(readFileSync(`${DATA}${path}`))) });
const MNIST = [
  'mnist/train-images-idx3-ubyte.gz',
  'mnist/train-labels-idx1-ubyte.gz',
  'mnist/t10k-images-idx3-ubyte.gz',
];

describe.runIf(isHere)('real data', () => {
  it('MNIST is 10,000 and 10,000 images of 28×28 in ten classes', () => {
    const { meta, blocks } = recogniseDataset([...MNIST, 'mnist/t10k-labels-idx1-ubyte.gz'].map(file), 1);
    expect(meta).toEqual({
      kind: 'dense',
      name: 'train-images-idx3-ubyte',
      samples: { train: 10_000, test: 10_000 },
      features: 784,
      shape: [28, 28],
      classes: 10,
    });
    expect(blocks.train).toHaveLength(20);
    // The test labels begin 7 2 1 0 4.
    expect([...(blocks.test[0]?.y.subarray(0, 5) ?? [])]).toEqual([7, 2, 1, 0, 4]);
  });

  it('MNIST without its test labels is refused', () => {
    expect(() => recogniseDataset(MNIST.map(file), 1)).toThrow(BadDataFile);
  });

  it('a9a is 32,560 and 16,281 samples with keys from 1 to 122', () => {
    const { meta, blocks } = recogniseDataset(['a9a/a9a.t.gz', 'a9a/a9a.gz'].map(file), 1);
    expect(meta).toEqual({
      kind: 'sparse',
      name: 'a9a',
      samples: { train: 32_560, test: 16_281 },
      features: 123,
      classes: 2,
    });
    const [first] = blocks.train;
    expect(first?.kind === 'sparse' && [...first.indices.subarray(0, 4)]).toEqual([3, 11, 14, 19]);
  });
});
