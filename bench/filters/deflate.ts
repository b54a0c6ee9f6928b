// What deflate saves of the frames of real runs, after all filters, and what it takes: so under which bandwidth it pays.
import { deflate, inflate } from '../../src/net/deflate.ts';
import { LEAST_DEFLATED_BYTES } from '../../src/net/deflate-worth.ts';
import { FrameKind } from '../../src/protocol/frames.ts';
import { cpuMs, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';
import { parseCase, SUITES } from './cases.ts';
import { generatedData, type LoneData, trainLone } from './lone-cluster.ts';

interface Case {
  readonly what: string;
  readonly job: string;
  /** Of `parseCase`. */
  readonly filters: string;
  readonly batch: number;
  readonly steps: number;
}

/** Several exchanges each, and so that changes are of a model that has learnt something. */
const CASES: readonly Case[] = [
  { what: 'digits-mlp, int8', job: 'digits-mlp', filters: 'int8,delta+int8,16', batch: 128, steps: 96 },
  { what: 'digits-mlp, f16', job: 'digits-mlp', filters: 'f16,f16,1', batch: 128, steps: 30 },
  { what: 'digits-mlp, top 1 % as int8', job: 'digits-mlp', filters: 'topk:0.01+int8,off,1', batch: 128, steps: 60 },
  { what: 'sparse-logistic, int8', job: 'sparse-logistic', filters: 'int8,int8,1', batch: 512, steps: 100 },
  { what: 'lda, whole numbers', job: 'lda', filters: 'int8,int8,1', batch: 100, steps: 40 },
];

const CODED_KINDS: readonly number[] = [FrameKind.filteredPush, FrameKind.filteredAnswer];
const MOST_FRAMES = 400;

/** The newest coded frames of a run, both ways. */
async function framesOf({ job, filters: name, batch, steps }: Case, data: LoneData): Promise<Uint8Array[]> {
  const frames: Uint8Array[] = [];
  const { filters, localSteps, consistency } = parseCase(name);
  const size = { workers: 2, servers: 1, batch, steps, seed: 1 };
  const onFrame = (bytes: Uint8Array) => {
    if (bytes.length >= LEAST_DEFLATED_BYTES && CODED_KINDS.includes(bytes[1] ?? 0))
      frames.push(Uint8Array.from(bytes));
  };
  await trainLone({ ...size, job, data, filters, localSteps, consistency, onFrame });
  return frames.slice(-MOST_FRAMES);
}

async function rowFor(one: Case, data: LoneData): Promise<Row> {
  const frames = await framesOf(one, data);
  const deflated: Uint8Array[] = [];
  const bytesOf = (all: readonly Uint8Array[]) => all.reduce((sum, { length }) => sum + length, 0);
  // The first ones make the streams' code warm.
  for (const frame of frames.slice(0, 50)) await inflate(await deflate([frame]), frame.length);
  const there = await cpuMs(async () => {
    for (const frame of frames) deflated.push(await deflate([frame]));
  });
  const back = await cpuMs(async () => {
    for (const [at, bytes] of deflated.entries()) await inflate(bytes, frames[at]?.length ?? 0);
  });
  const [before, after] = [bytesOf(frames), bytesOf(deflated)];
  const perSecond = (ms: number) => (before / ms / 1000).toFixed(0);
  const breakEven = Math.max(0, (before - after) / (there + back) / 1000).toFixed(1);
  return rowOf({
    ...{ what: `deflate after ${one.what}: bytes`, unit: 'kB', ours: [after / 1000], reference: [before / 1000] },
    note: `${frames.length} frames; there ${perSecond(there)}, back ${perSecond(back)} MB/s: pays on links under ${breakEven} MB/s`,
  });
}

/** @param isQuick the first and the last case only */
export async function deflateRows(isQuick: boolean): Promise<Row[]> {
  const rows: Row[] = [];
  for (const one of isQuick ? CASES.filter((_, at) => at === 0 || at === CASES.length - 1) : CASES) {
    const suite = isQuick ? undefined : SUITES.find(({ job }) => job === one.job);
    rows.push(await rowFor(one, (await suite?.open(null)) ?? generatedData(one.job, null)));
  }
  return rows;
}
