// Inserts per second of one core through the servers: packets are added up, pushed by the worker's client core, encoded,
// decoded, and applied by a shard, all in this one thread. `npx tsx bench/count-min.ts [--seconds 5] [--json FILE]`.
import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { gather } from '../src/data/gather.ts';
import { zipfGenerator } from '../src/data/generators/zipf-stream.ts';
import { Sampler } from '../src/data/sampler.ts';
import { countMin } from '../src/jobs/count-min.ts';
import { decodeFrame, encodeFrame, type Frame } from '../src/protocol/frames.ts';
import { nodeId } from '../src/protocol/ids.ts';
import { ClientCore, type ClientEffect } from '../src/ps/client-core.ts';
import type { Rows } from '../src/ps/segment.ts';
import { ShardCore } from '../src/ps/shard-core.ts';
import { ASYNC, mapOf, scheduleOf, workerOf } from '../src/ps/testing.ts';

const WORKER = workerOf(1);
const SERVER = nodeId(9);

/** One worker and one shard; frames go through bytes, as on a link. */
class Pair {
  private readonly client: ClientCore;
  private readonly shard = new ShardCore(SERVER);
  acknowledged = 0;
  bytes = 0;

  constructor(tables: ReturnType<typeof countMin.tables>, batch: number) {
    let requests = 0;
    this.client = new ClientCore(WORKER, () => ++requests);
    const map = mapOf({ servers: [SERVER], workers: [WORKER], tables });
    const updater = { kind: 'add' } as const;
    const plan = { run: 1, tables, seed: 1, updater, batch, steps: 0x7fff_ffff, isResumed: false };
    this.shard.step({ kind: 'plan', plan });
    this.shard.step({ kind: 'schedule', schedule: scheduleOf(ASYNC) });
    this.shard.step({ kind: 'map', map });
    this.client.step({ kind: 'plan', run: 1, tables });
    this.client.step({ kind: 'map', map });
    this.client.step({ kind: 'link', node: SERVER, isUp: true });
  }

  push(clock: number, samples: number, tables: readonly Rows[]): void {
    this.perform(this.client.step({ kind: 'push', clock, samples, tables, readFronts: new Map() }));
  }

  private perform(effects: readonly ClientEffect[]): void {
    for (const effect of effects) {
      if (effect.kind === 'acknowledged') this.acknowledged++;
      if (effect.kind !== 'send') continue;
      for (const answer of this.shard.step({ kind: 'frame', from: WORKER.node, frame: this.carry(effect.frame) })) {
        this.perform(this.client.step({ kind: 'frame', from: SERVER, frame: this.carry(answer.frame) }));
      }
    }
  }

  private carry(frame: Frame): Frame {
    const bytes = Buffer.concat(encodeFrame(frame));
    this.bytes += bytes.byteLength;
    // Frames come aligned from a link.
    return decodeFrame(new Uint8Array(bytes));
  }
}

async function measure(exact: boolean, seconds: number) {
  const samples = { train: 4_000, test: 10 };
  const generator = zipfGenerator(1, samples);
  const options = countMin.options.parse({ exact });
  const { batch } = countMin.defaults(options, generator.meta);
  const trainer = await countMin.createTrainer(options, generator.meta);
  const blocks = new Map(generator.blockSamples.train.map((_, index) => [index, generator.block('train', index)]));
  const sampler = new Sampler(
    [...blocks].map(([index, { count }]) => ({ index, samples: count })),
    1,
    0,
  );
  const pair = new Pair(countMin.tables(options, generator.meta), batch);
  const itemsPerPacket = 250;
  let [clock, items, start] = [0, 0, performance.now()];
  for (;;) {
    const picks = sampler.next(batch);
    const { tables } = await trainer.gradient([], gather(blocks, picks), picks);
    pair.push(clock++, batch, tables);
    items += batch * itemsPerPacket;
    // The first hundred clocks warm the engine up.
    if (clock === 100) [items, start] = [0, performance.now()];
    if (clock > 100 && performance.now() - start > seconds * 1000) break;
  }
  if (pair.acknowledged !== clock) throw new Error(`${pair.acknowledged} of ${clock} pushes were acknowledged`);
  return { exact, insertsPerSecond: (items * 1000) / (performance.now() - start), bytesPerInsert: pair.bytes / items };
}

const { values } = parseArgs({ options: { seconds: { type: 'string', default: '5' }, json: { type: 'string' } } });

async function main(): Promise<void> {
  const results = [];
  for (const exact of [false, true]) results.push(await measure(exact, Number(values.seconds)));
  for (const { exact, insertsPerSecond, bytesPerInsert } of results) {
    const rate = `${(insertsPerSecond / 1e6).toFixed(2)} M inserts/s on one core, ${bytesPerInsert.toFixed(2)} bytes each`;
    console.log(`${exact ? 'sketch and exact counts' : 'sketch alone'.padEnd(23)}  ${rate}`);
  }
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify({ countMin: results }, null, 2)}\n`);
}

void main();
