// char-lm alone on a text, in one thread: 4 layers, 4 heads, width 128, context 64, batch 12, Adam; the last 10 % of the text are for
// validation. The rate falls to a tenth, in a line, over the last fifth of the steps (on the page: by steering it).
// `npm run bench -- char-lm --args FILE STEPS`; without a file the generated sums.
import { existsSync, readFileSync } from 'node:fs';
import type { Block, DatasetMeta } from '../../src/data/dataset.ts';
import { gather } from '../../src/data/gather.ts';
import { loadAs } from '../../src/data/recognise.testing.ts';
import { selectRows } from '../../src/data/rows.ts';
import { Sampler } from '../../src/data/sampler.ts';
import { textFormat } from '../../src/data/text.ts';
import { charLm } from '../../src/jobs/char-lm.ts';
import { blocksOf, LoneModel } from '../../src/jobs/train-alone.ts';
import { dataFile } from '../data.ts';
import { atMost, type Benchmark, rowOf } from '../harness.ts';

const STABLE = 0.8;
const RATE = 1e-3;
/** Validation windows of a quick run; else all. */
const QUICK_WINDOWS = 64;
/** nanoGPT's own figure for this model, data and number of steps (its README). */
const NANO_GPT_LOSS = 1.88;
const FULL_STEPS = 2_000;

function dataOf(path: string): { meta: DatasetMeta; train: readonly Block[]; test: readonly Block[] } {
  if (existsSync(path)) {
    const { meta, blocks } = loadAs(textFormat, [{ name: path, bytes: readFileSync(path) }]);
    return { meta, ...blocks };
  }
  const generator = charLm.generate(1, null);
  return { meta: generator.meta, train: blocksOf(generator, 'train'), test: blocksOf(generator, 'test') };
}

async function lossOf(model: LoneModel, blocks: readonly Block[], windows: number): Promise<number> {
  let [samples, lossSum] = [0, 0];
  for (const block of blocks) {
    if (samples >= windows) break;
    const rows = Uint32Array.from({ length: Math.min(block.count, windows - samples) }, (_, row) => row);
    const part = await model.evaluate(selectRows(block, rows));
    samples += part.samples;
    lossSum += part.lossSum;
  }
  return lossSum / samples;
}

export const benchmark: Benchmark = {
  what: 'validation loss of the transformer on a text, beside that of guessing by frequency: FILE STEPS',
  async run({ isQuick, args: [path = dataFile('text/tinyshakespeare.txt'), count] }) {
    const { meta, train, test } = dataOf(path);
    const steps = Number(count ?? (isQuick ? 20 : FULL_STEPS));
    const options = charLm.options.parse({});
    const defaults = charLm.defaults(options, meta);
    const trainer = await charLm.createTrainer(options, meta);
    let step = 0;
    const learningRate = () => RATE * Math.min(1, 1 - (0.9 * (step / steps - STABLE)) / (1 - STABLE));
    const settings = {
      ...defaults,
      get learningRate() {
        return learningRate();
      },
    };
    const model = new LoneModel(charLm, options, meta, trainer, settings);
    const leased = train.map(({ count }, index) => ({ index, samples: count }));
    const [sampler, blocks] = [new Sampler(leased, 1, 0), new Map(train.entries())];
    const windows = isQuick ? QUICK_WINDOWS : Number.POSITIVE_INFINITY;
    for (; step < steps; step++) await model.step(gather(blocks, sampler.next(defaults.batch)));
    const isPublished = existsSync(path) && steps === FULL_STEPS;
    const row = { what: `${meta.name}: validation loss after ${steps} steps`, unit: 'nats a character' };
    const ours = [await lossOf(model, test, windows)];
    return isPublished
      ? [
          rowOf({
            ...row,
            ours,
            reference: [NANO_GPT_LOSS],
            target: atMost(NANO_GPT_LOSS, 'ours'),
            note: 'beside nanoGPT’s',
          }),
        ]
      : [rowOf({ ...row, ours, reference: [unigramEntropy(train)], note: 'beside guessing by frequency' })];
  },
};

/** Nats per character of who knows how frequent each is, and nothing else. */
function unigramEntropy(blocks: readonly Block[]): number {
  const counts = new Map<number, number>();
  let total = 0;
  for (const block of blocks) {
    if (block.kind !== 'dense') throw new TypeError('Text travels as dense rows.');
    for (const byte of block.x) counts.set(byte, (counts.get(byte) ?? 0) + 1);
    total += block.x.length;
  }
  return [...counts.values()].reduce((sum, count) => sum - (count / total) * Math.log(count / total), 0);
}
