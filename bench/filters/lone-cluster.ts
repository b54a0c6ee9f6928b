// A cluster in one process: the real trainers, clients, shards and frames, with links that are function calls. For counting
// bytes and comparing results; it says nothing about time.
import { readFileSync } from 'node:fs';
import { basename } from 'node:path';
import type { DatasetMeta } from '../../src/data/dataset.ts';
import { DEFAULT_SETTINGS } from '../../src/data/file-format.ts';
import { findJob } from '../../src/jobs/registry.ts';
import type { DataPlan, Traffic } from '../../src/protocol/control.ts';
import type { Filters } from '../../src/protocol/filters.ts';
import { decodeFrame, encodeFrame } from '../../src/protocol/frame-codec.ts';
import type { Frame } from '../../src/protocol/frames.ts';
import { type NodeId, nodeId } from '../../src/protocol/ids.ts';
import { joined } from '../../src/protocol/testing.ts';
import type { Consistency } from '../../src/ps/consistency.ts';
import { ShardCore } from '../../src/ps/shard-core.ts';
import { BlockExchange } from '../../src/runtime/block-exchange.ts';
import { loadFiles } from '../../src/runtime/data-files.ts';
import { Signal } from '../../src/runtime/deferred.ts';
import { asItIs } from '../../src/runtime/emulation.ts';
import { localStepsFor, makePlan } from '../../src/runtime/run-plan.ts';
import { shardPlanOf } from '../../src/runtime/shard-host.ts';
import { splitPlan } from '../../src/runtime/splits.ts';
import { StepLog } from '../../src/runtime/step-log.ts';
import { TrainerRun } from '../../src/runtime/trainer-run.ts';
import { runningCluster } from '../cluster-state.ts';

export interface LoneData {
  readonly meta: DatasetMeta;
  readonly plan: DataPlan;
  readonly exchange: BlockExchange;
}

const newExchange = () =>
  new BlockExchange(
    () => 0,
    () => [],
  );

export async function dataFromFiles(kind: DatasetMeta['kind'], paths: readonly string[]): Promise<LoneData> {
  const exchange = newExchange();
  const files = paths.map((path) => new File([readFileSync(path)], basename(path)));
  const { meta, plan } = await loadFiles(files, kind, DEFAULT_SETTINGS, exchange, () => undefined);
  return { meta, plan, exchange };
}

export function generatedData(job: string, samples: { train: number; test: number } | null): LoneData {
  const { meta, blockSamples } = findJob(job).generate(1, samples);
  const source = { kind: 'generated', seed: 1, samples } as const;
  const plan = { name: meta.name, train: splitPlan(blockSamples.train), test: splitPlan(blockSamples.test), source };
  return { meta, plan, exchange: newExchange() };
}

export interface LoneRequest {
  readonly job: string;
  readonly data: LoneData;
  readonly workers: number;
  readonly servers: number;
  readonly consistency: Consistency;
  readonly filters: Filters;
  readonly localSteps: number;
  readonly steps: number;
  readonly batch: number;
  readonly seed: number;
  readonly learningRate?: number;
  readonly options?: Record<string, unknown>;
  /** Hears of every frame between workers and servers, as bytes that nobody changes. */
  readonly onFrame?: (bytes: Uint8Array) => void;
}

/** How good the model was at a clock, on the part of the test data that is looked at on the way. */
export interface Look {
  readonly clock: number;
  readonly accuracy: number;
}

export interface LoneResult {
  readonly accuracy: number;
  /** Every evaluation in order; the last is the whole test set's. */
  readonly looks: readonly Look[];
  /** Clocks of the run. */
  readonly clocks: number;
  readonly loss: number;
  readonly figures: Record<string, number>;
  readonly traffic: Traffic;
  readonly seconds: number;
}

/** Trains from start to end. @throws Error with the first worker's problem */
export async function trainLone(request: LoneRequest): Promise<LoneResult> {
  const { data } = request;
  const job = findJob(request.job);
  const defaults = job.defaults(job.options.parse(request.options ?? {}), data.meta);
  const learningRate = request.learningRate ?? defaults.learningRate;
  const { batch, steps, seed, localSteps } = request;
  const { consistency, filters } = request;
  const wish = { job: job.name, options: request.options ?? {}, batch, steps, seed, replicas: 0, consistency };
  const plan = { ...makePlan({ ...wish, updater: defaults.updater.kind, localSteps }, data.meta, data.plan), run: 1 };
  const workers = Array.from({ length: request.workers }, (_, i) => nodeId(i + 1));
  const servers = Array.from({ length: request.servers }, (_, i) => nodeId(100 + i));
  const schedule = [{ fromClock: 0, consistency, learningRate, filters, localSteps: localStepsFor(plan, localSteps) }];
  const cluster = runningCluster({ plan, workers, servers, schedule });
  const shards = new Map(servers.map((node) => [node, new ShardCore(node)]));
  const changed = new Signal();
  const trainers = new Map<NodeId, TrainerRun>();
  const deliver = (to: NodeId, from: NodeId, bytes: Uint8Array) => {
    const frame = decodeFrame(bytes);
    for (const effect of shards.get(to)?.step({ kind: 'frame', from, frame }) ?? []) {
      const answer = joined(encodeFrame(effect.frame));
      request.onFrame?.(answer);
      setImmediate(() => trainers.get(effect.to)?.receive(to, decodeFrame(answer), answer.length));
    }
  };
  for (const self of workers) {
    const send = (to: NodeId, frame: Frame) => {
      const bytes = joined(encodeFrame(frame));
      request.onFrame?.(bytes);
      setImmediate(() => deliver(to, self, bytes));
      return bytes.length;
    };
    const pass = (to: NodeId, frame: Frame) => {
      const bytes = joined(encodeFrame(frame));
      const arrived = decodeFrame(bytes);
      setImmediate(() => {
        if (arrived.kind === 'ringPush' || arrived.kind === 'ringAnswer')
          trainers.get(to)?.receiveRing(self, arrived, bytes.length);
      });
      return bytes.length;
    };
    let requests = self * 1_000_000;
    const parts = {
      self,
      plan,
      exchange: data.exchange,
      own: () => null,
      steps: new StepLog(() => Date.now()),
      cluster: () => cluster,
      changed,
      send,
      onPrepared: () => undefined,
      emulate: asItIs,
    };
    trainers.set(
      self,
      new TrainerRun({
        ...parts,
        pass,
        peers: () => workers,
        linked: () => servers,
        nextRequest: () => ++requests,
        now: () => performance.now(),
      }),
    );
  }
  for (const shard of shards.values()) {
    shard.step({ kind: 'plan', plan: shardPlanOf(plan) });
    shard.step({ kind: 'schedule', schedule: cluster.schedule });
    shard.step({ kind: 'map', map: cluster.map });
  }
  const start = performance.now();
  for (const trainer of trainers.values()) trainer.follow();
  const evaluated = await untilDone([...trainers.values()]);
  const seconds = (performance.now() - start) / 1000;
  const reports = [...trainers.values()].map((trainer) => trainer.report());
  const figures = (await trainers.get(nodeId(1))?.figures()) ?? {};
  for (const trainer of trainers.values()) trainer.close();
  return { ...evaluated, clocks: plan.steps, figures, seconds, traffic: sumOf(reports.map(({ traffic }) => traffic)) };
}

/** Reports are taken as a page takes them; an evaluation is the sum of the workers' parts. */
async function untilDone(trainers: readonly TrainerRun[]): Promise<Pick<LoneResult, 'accuracy' | 'loss' | 'looks'>> {
  const done = new Set<TrainerRun>();
  const parts = new Map<number, Map<TrainerRun, readonly [number, number, number]>>();
  while (done.size < trainers.length) {
    await new Promise((resolve) => setTimeout(resolve, 50));
    for (const trainer of trainers) {
      if (trainer.problem !== null) throw new Error(trainer.problem);
      const { worker, divergedAt } = trainer.report();
      if (divergedAt !== null) throw new Error(`diverged at clock ${divergedAt}`);
      for (const [clock, ...part] of worker?.evaluations ?? []) {
        // The last clock may be looked at twice: on the way, and then with the whole test set.
        parts.set(clock, (parts.get(clock) ?? new Map()).set(trainer, part));
      }
      if (worker?.isDone) done.add(trainer);
    }
  }
  const sums = [...parts].map(([clock, ofClock]) => {
    const sum = (at: 0 | 1 | 2) => [...ofClock.values()].reduce((total, part) => total + part[at], 0);
    return { clock, loss: sum(0) / sum(1), accuracy: sum(2) / sum(1) };
  });
  const looks = sums.sort((a, b) => a.clock - b.clock);
  const last = looks.at(-1);
  if (last === undefined) throw new Error('Nothing was evaluated.');
  return { accuracy: last.accuracy, loss: last.loss, looks };
}

const STAGES = ['raw', 'wire', 'kept', 'values', 'places', 'keys', 'milliseconds'] as const;

function sumOf(all: readonly Traffic[]): Traffic {
  const sum: Traffic = { push: { raw: 0, wire: 0 }, pull: { raw: 0, wire: 0 } };
  for (const traffic of all) {
    for (const way of ['push', 'pull'] as const) {
      for (const stage of STAGES) sum[way][stage] = (sum[way][stage] ?? 0) + (traffic[way][stage] ?? 0);
    }
  }
  return sum;
}
