// What gradients on old parameters do, with the same rate for all and with the rate divided by the staleness (Zhang et al.
// 2016). The delay is forced: a worker computes on the parameters that it pulled so many clocks ago. The shard, the updater,
// the rates and the gradients are real; there is one worker, and no time in it.
import { findJob } from '../../src/jobs/registry.ts';
import { nodeId } from '../../src/protocol/ids.ts';
import type { ReadFronts } from '../../src/ps/client-events.ts';
import { assignSegments } from '../../src/ps/ring.ts';
import { ShardCore } from '../../src/ps/shard-core.ts';
import { cutSegments } from '../../src/ps/table.ts';
import { Client } from '../../src/runtime/client.ts';
import { makePlan } from '../../src/runtime/run-plan.ts';
import { shardPlanOf } from '../../src/runtime/shard-host.ts';
import { generatedData } from '../filters/lone-cluster.ts';
import { type Benchmark, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';
import { Examiner } from '../stragglers/examiner.ts';

const JOB = 'digits-mlp';
const OPTIONS = { hidden: [32] };
const SAMPLES = { train: 4_096, test: 512 };
/** A whole block is a batch. */
const BATCH = 512;
const DELAYS = [0, 4, 16, 30];
const RATES = [0.1, 0.5];
/** Of a quick run: where the fixed rate fails, and where nothing is old. */
const QUICK = { delays: [0, 16], rates: [0.5] };
const [WORKER, SERVER] = [nodeId(1), nodeId(2)];

/** @returns test accuracy in percent after all steps, of plain SGD */
async function train(delay: number, isStalenessAware: boolean, learningRate: number, steps: number): Promise<number> {
  const data = generatedData(JOB, SAMPLES);
  const wish = { job: JOB, options: OPTIONS, batch: BATCH, steps, seed: 1, replicas: 0, updater: 'sgd' };
  const plan = { ...makePlan(wish, data.meta, data.plan), run: 1 };
  const job = findJob(JOB);
  const trainer = await job.createTrainer(job.options.parse(OPTIONS), data.meta);
  const worker = { node: WORKER, incarnation: 1 };
  const shard = new ShardCore(SERVER);
  const placements = assignSegments([SERVER], cutSegments(plan.tables), 0).map((chain) => ({ chain, learners: [] }));
  const map = { epoch: { term: 1, counter: 1 }, run: 1, servers: [SERVER], placements, workers: [worker] };
  shard.step({ kind: 'plan', plan: shardPlanOf(plan) });
  const entry = { fromClock: 0, consistency: { kind: 'async' }, learningRate, isStalenessAware } as const;
  shard.step({ kind: 'schedule', schedule: [entry] });
  shard.step({ kind: 'map', map });
  let requests = 0;
  const client: Client = new Client(
    worker,
    1,
    plan.tables,
    (_, frame) => {
      // Answers come in a turn of their own, as they would from a link.
      setImmediate(() => {
        for (const effect of shard.step({ kind: 'frame', from: WORKER, frame }))
          client.receive(SERVER, effect.frame, 0);
      });
      return 0;
    },
    () => ++requests,
  );
  client.setMap(map);
  client.setLink(SERVER, true);
  const keys = plan.tables.map(() => null);
  const generator = job.generate(1, SAMPLES);
  const blocks = Array.from({ length: data.plan.train.blocks }, (_, at) => generator.block('train', at));
  const old: { tables: readonly Float32Array[]; readFronts: ReadFronts }[] = [];
  for (let clock = 0; clock < steps; clock++) {
    old.push(await client.pull({ minClock: clock - 1, keys }).done);
    const read = old.length > delay ? old.shift() : old[0];
    const block = blocks[clock % blocks.length];
    if (read === undefined || block === undefined) throw new RangeError('Nothing to compute on.');
    const values = read.tables.map((table) => ({ keys: null, values: table.slice() }));
    const { tables } = await trainer.gradient(values, block);
    await client.push({ clock, samples: BATCH, tables, readFronts: read.readFronts }).done;
  }
  const examiner = await Examiner.of(JOB, data, OPTIONS);
  const accuracy = await examiner.accuracy((await client.pull({ minClock: -1, keys }).done).tables);
  examiner.close();
  trainer.dispose();
  return 100 * accuracy;
}

export const benchmark: Benchmark = {
  what: 'forced delays: the same rate for all gradients beside a rate divided by the staleness',
  async run({ isQuick }) {
    const steps = isQuick ? 60 : 600;
    const rows: Row[] = [];
    for (const learningRate of isQuick ? QUICK.rates : RATES) {
      for (const delay of isQuick ? QUICK.delays : DELAYS) {
        const aware = await train(delay, true, learningRate, steps);
        const fixed = await train(delay, false, learningRate, steps);
        const what = `delay ${delay}, rate ${learningRate}: test accuracy, aware`;
        const note = `beside the fixed rate; ${steps} clocks of SGD, the delay is forced`;
        rows.push(rowOf({ what, unit: '%', ours: [aware], reference: [fixed], note }));
      }
    }
    return rows;
  },
};
