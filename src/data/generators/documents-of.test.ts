import { expect, test } from 'vitest';
import type { Generator } from '../dataset.ts';
import { wordsOf } from '../documents.ts';
import { barsGenerator } from './bars.ts';
import { zipfGenerator } from './zipf-stream.ts';

const SAMPLES = { train: 300, test: 40 };

function tokensIn({ block, blockSamples, meta }: Generator, split: 'train' | 'test'): number {
  if (meta.kind !== 'documents') throw new Error('These are no documents.');
  let tokens = 0;
  blockSamples[split].forEach((_, index) => {
    const rows = block(split, index);
    if (rows.kind !== 'sparse') throw new Error('These are no words.');
    for (let row = 0; row < rows.count; row++) for (const { times } of wordsOf(rows, row, meta.words)) tokens += times;
  });
  return tokens;
}

test.each([
  ['bars', barsGenerator],
  ['a stream', zipfGenerator],
])('%s: as many words as its meta says', (_, make) => {
  const generator = make(3, SAMPLES);
  for (const split of ['train', 'test'] as const) {
    expect(generator.meta).toMatchObject({ tokens: { [split]: tokensIn(generator, split) } });
  }
});
