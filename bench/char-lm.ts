// Trains char-lm alone on a text, in one thread: npx tsx bench/char-lm.ts FILE [steps] [rate]. 4 layers, 4 heads, width 128,
// context 64, batch 12, Adam; the last 10 % of the text are for validation. The rate falls to a tenth, in a line, over
// the last fifth of the steps (on the page: by steering the learning rate). Prints loss and time as it goes.
import { readFileSync } from 'node:fs';
import { gather } from '../src/data/gather.ts';
import { selectRows } from '../src/data/rows.ts';
import { Sampler } from '../src/data/sampler.ts';
import { textDataset } from '../src/data/text.ts';
import { charLm } from '../src/jobs/char-lm.ts';
import { LoneModel } from '../src/jobs/train-alone.ts';

const [file = '', stepsText = '2000', rateText = '1e-3'] = process.argv.slice(2);
const [steps, rate] = [Number(stepsText), Number(rateText)];
const STABLE = 0.8;
const REPORT_STEPS = 100;
/** Validation windows looked at while it trains; at the end all. */
const QUICK_WINDOWS = 192;

const { meta, blocks } = textDataset([{ name: file, bytes: readFileSync(file) }]);
const options = charLm.options.parse({});
const trainer = await charLm.createTrainer(options, meta);
const defaults = charLm.defaults(options, meta);
let step = 0;
const rateAt = (at: number) => rate * Math.min(1, 1 - (0.9 * (at / steps - STABLE)) / (1 - STABLE));
const model = new LoneModel(charLm, options, meta, trainer, {
  ...defaults,
  get learningRate() {
    return rateAt(step);
  },
});
const sampler = new Sampler(
  blocks.train.map((block, index) => ({ index, samples: block.count })),
  1,
  0,
);
const train = new Map(blocks.train.map((block, index) => [index, block]));

async function validate(windows: number): Promise<string> {
  let [samples, lossSum, score] = [0, 0, 0];
  for (const block of blocks.test) {
    if (samples >= windows) break;
    const rows = Uint32Array.from({ length: Math.min(block.count, windows - samples) }, (_, row) => row);
    const part = await model.evaluate(selectRows(block, rows));
    samples += part.samples;
    lossSum += part.lossSum;
    score += part.score;
  }
  return `validation loss ${(lossSum / samples).toFixed(4)}, ${((100 * score) / samples).toFixed(1)} % right, ${samples} windows`;
}

const parameters = model.tables.reduce((sum, { values }) => sum + values.length, 0);
console.log(`${meta.samples.train} rows, vocabulary ${'classes' in meta ? meta.classes : 0}, ${parameters} parameters`);
let [losses, cpu, wall] = [0, process.cpuUsage(), performance.now()];
for (; step < steps; step++) {
  losses += await model.step(gather(train, sampler.next(defaults.batch)));
  if ((step + 1) % REPORT_STEPS !== 0) continue;
  const { user, system } = process.cpuUsage(cpu);
  const cpuMs = (user + system) / 1000 / REPORT_STEPS;
  const wallMs = (performance.now() - wall) / REPORT_STEPS;
  const held = (step + 1) % (4 * REPORT_STEPS) === 0 ? await validate(QUICK_WINDOWS) : '';
  console.log(
    `step ${step + 1}: loss ${(losses / REPORT_STEPS).toFixed(4)}, ${cpuMs.toFixed(0)} ms CPU (${wallMs.toFixed(0)} ms) a step; ${held}`,
  );
  [losses, cpu, wall] = [0, process.cpuUsage(), performance.now()];
}
console.log(`after ${steps} steps: ${await validate(Number.POSITIVE_INFINITY)}`);
