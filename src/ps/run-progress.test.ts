import { describe, expect, it } from 'vitest';
import type { WorkerReport } from '../protocol/control.ts';
import { NO_CLOCK, nodeId } from '../protocol/ids.ts';
import { History } from './history.ts';
import type { NodeRole } from './node-figures.ts';
import { liveTestBlocks, RunProgress } from './run-progress.ts';
import { metricsOf, reportOf, runPlanOf, workerReportOf } from './testing.ts';

const [A, B, C] = [nodeId(1), nodeId(2), nodeId(3)];
const plan = runPlanOf({ run: 1 });

const role = (node: typeof A, isWorker = true): NodeRole => ({
  node,
  label: `node ${node}`,
  isWorker,
  isServer: false,
});
const roles = [role(A), role(B)];

/** Progress of a run that started at time 0. */
function running(workers = plan): RunProgress {
  const progress = new RunProgress(workers, null);
  progress.setRunning(true, 0);
  return progress;
}

const take = (progress: RunProgress, node: typeof A, worker: Partial<WorkerReport>, now = 1_000) =>
  progress.take(node, reportOf({ worker: workerReportOf(worker) }), now);

describe('the loss curve', () => {
  it('is the mean over the samples of all workers, at the last clock of each bucket', () => {
    const progress = running();
    take(progress, A, { clock: 4, losses: [[0, 10, 20]] });
    take(progress, B, { clock: 4, losses: [[0, 20, 30]] });
    progress.closeBuckets(4, 1_000);
    // (10 + 20) / (20 + 30) at clock 4, after 5 clocks of 10 samples and 1 second.
    expect(progress.metrics(roles, false).loss).toEqual([[4, 50, 1, 0.6]]);
  });

  it('waits for the slowest worker', () => {
    const progress = running();
    take(progress, A, {
      clock: 9,
      losses: [
        [0, 10, 25],
        [5, 10, 25],
      ],
    });
    take(progress, B, { clock: 3, losses: [[0, 10, 20]] });
    progress.closeBuckets(3, 1_000);
    expect(progress.metrics(roles, false).loss).toEqual([]);
    take(progress, B, { clock: 4, losses: [[0, 2, 5]] }, 2_000);
    progress.closeBuckets(4, 2_000);
    expect(progress.metrics(roles, false).loss).toEqual([[4, 50, 2, 22 / 50]]);
  });

  it('comes in the order of the clocks, whatever the order of the reports', () => {
    const progress = running();
    take(progress, A, {
      clock: 14,
      losses: [
        [10, 3, 1],
        [0, 1, 1],
        [5, 2, 1],
      ],
    });
    progress.closeBuckets(14, 1_000);
    expect(progress.metrics(roles, false).loss.map(([clock, , , value]) => [clock, value])).toEqual([
      [4, 1],
      [9, 2],
      [14, 3],
    ]);
  });

  it('has longer buckets later in a long run', () => {
    const progress = running(runPlanOf({ run: 1, lossEvery: 5, lossDoublesAfter: 2 }));
    take(progress, A, {
      clock: 29,
      losses: [
        [5, 1, 1],
        [10, 2, 1],
        [20, 3, 1],
      ],
    });
    progress.closeBuckets(29, 1_000);
    // Of 5 clocks up to clock 10, of 10 up to 20, of 20 from there: the last one isn't over.
    expect(progress.metrics(roles, false).loss.map(([clock, , , value]) => [clock, value])).toEqual([
      [9, 1],
      [19, 2],
    ]);
  });

  it('ends its last bucket with the run', () => {
    const progress = running(runPlanOf({ run: 1, steps: 7 }));
    take(progress, A, { clock: 6, losses: [[5, 4, 2]] });
    progress.closeBuckets(6, 1_000);
    expect(progress.metrics(roles, false).loss).toEqual([[6, 70, 1, 2]]);
  });

  it('has no point where no sample was', () => {
    const progress = running();
    take(progress, A, { clock: 4, losses: [[0, 0, 0]] });
    progress.closeBuckets(4, 1_000);
    expect(progress.metrics(roles, false).loss).toEqual([]);
  });
});

describe('the accuracy curve', () => {
  it('has a point when every worker has evaluated its part, and only then', () => {
    const progress = running();
    take(progress, A, { evaluations: [[9, 30, 60, 45]] });
    expect(progress.metrics(roles, false).accuracy).toEqual([]);
    take(progress, B, { evaluations: [[9, 20, 40, 35]] });
    const { accuracy, testLoss } = progress.metrics(roles, false);
    expect(accuracy).toEqual([[9, 100, 1, 0.8]]);
    expect(testLoss).toBe(0.5);
  });

  it('looks at the first blocks on the way, and at the whole test set at the end', () => {
    const test = { samples: 5_000, blockSamples: 1_000, blocks: 5 };
    const large = runPlanOf({ run: 1, data: { ...plan.data, test } });
    // 1,024 samples are enough on the way: two blocks of 1,000.
    expect(liveTestBlocks(large.data.test)).toBe(2);
    const progress = running(large);
    take(progress, A, {
      evaluations: [
        [9, 0, 2_000, 1_500],
        [99, 0, 3_000, 3_000],
      ],
    });
    expect(progress.metrics(roles, false).accuracy.map(([clock]) => clock)).toEqual([9]);
    take(progress, B, { evaluations: [[99, 0, 2_000, 1_500]] });
    expect(progress.metrics(roles, false).accuracy).toEqual([[99, 1_000, 1, 0.9]]);
  });

  it('looks at one block at least, and at no more than there are', () => {
    const blocks = (samples: number, blockSamples: number) =>
      liveTestBlocks({ samples, blockSamples, blocks: Math.ceil(samples / blockSamples) });
    expect([blocks(100, 100), blocks(60_000, 10_000), blocks(10_000, 512), blocks(500, 512)]).toEqual([1, 1, 2, 1]);
  });

  it('sends each point once, also one that completes after a later one', () => {
    const progress = running();
    const sent: number[] = [];
    const send = () => sent.push(...progress.metrics(roles, false).accuracy.map(([clock]) => clock));
    take(progress, A, {
      evaluations: [
        [9, 0, 60, 6],
        [19, 0, 60, 6],
      ],
    });
    take(progress, B, { evaluations: [[19, 0, 40, 4]] });
    send();
    take(progress, B, { evaluations: [[9, 0, 40, 4]] });
    send();
    expect(sent.toSorted((a, b) => a - b)).toEqual([9, 19]);
  });
});

describe('time', () => {
  it('counts training only, not pauses', () => {
    const progress = running();
    progress.setRunning(false, 4_000);
    expect(progress.seconds(60_000)).toBe(4);
    progress.setRunning(true, 60_000);
    expect(progress.seconds(61_500)).toBe(5.5);
  });

  it('ends with the last samples: the evaluation at the end is not training', () => {
    const progress = running();
    take(progress, A, { samples: 100 }, 2_000);
    take(progress, A, { samples: 100 }, 9_000);
    progress.finish();
    expect([progress.seconds(9_000), progress.metrics(roles, false).seconds]).toEqual([2, 2]);
  });

  it('counts once what is said twice', () => {
    const progress = running();
    progress.setRunning(true, 3_000);
    expect(progress.seconds(4_000)).toBe(4);
    progress.setRunning(false, 4_000);
    progress.setRunning(false, 9_000);
    expect(progress.seconds(9_000)).toBe(4);
  });
});

describe('figures', () => {
  it('of a worker are its rate and its shares of time', () => {
    const progress = running();
    const times = { computeMs: 100, waitMs: 50, communicateMs: 25 };
    take(progress, A, { clock: 3, samples: 500, spanMs: 250, ...times });
    const metrics = progress.metrics([role(A), role(B, false)], false);
    expect(metrics.nodes[0]).toMatchObject({
      clock: 3,
      samplesPerSecond: 2_000,
      compute: 0.4,
      wait: 0.2,
      communicate: 0.1,
    });
    expect(metrics).toMatchObject({ clock: 3, samples: 500, samplesPerSecond: 2_000 });
    // Half of the old rate, half of the new: 500 more in 0.5 s.
    take(progress, A, { clock: 4, samples: 1_000, spanMs: 500 });
    expect(progress.metrics(roles, false).nodes[0]?.samplesPerSecond).toBe(1_500);
    expect(progress.clocksPerSecond([A])).toBe(150);
  });

  it('of a worker that has not reported are those of one that has done nothing', () => {
    expect(running().metrics([role(C)], false).nodes[0]).toMatchObject({
      clock: NO_CLOCK,
      samplesPerSecond: 0,
      staleness: null,
      device: null,
    });
  });

  it('never claim more than all of the time', () => {
    const progress = running();
    take(progress, A, { samples: 10, spanMs: 100, computeMs: 150 });
    expect(progress.metrics(roles, false).nodes[0]?.compute).toBe(1);
  });

  it('mark a worker that takes more than twice as long for a clock as the median worker, also where all wait for it', () => {
    const progress = running();
    const three = [role(A), role(B), role(C)];
    const slow = () => progress.metrics(three, false).nodes.map(({ isSlow }) => isSlow);
    /** One clock each, of a second: what it isn't busy it waits. */
    const clockOf = (clock: number, busyMs: readonly number[]) => {
      for (const [at, node] of [A, B, C].entries()) {
        const computeMs = busyMs[at] ?? 0;
        take(progress, node, { clock, samples: clock, computeMs, waitMs: 1_000 - computeMs, spanMs: 1_000 });
      }
    };
    for (let clock = 0; clock < 3; clock++) clockOf(clock, [100, 110, 900]);
    expect(slow()).toEqual([false, false, true]);
    for (let clock = 3; clock < 40; clock++) clockOf(clock, [100, 110, 190]);
    expect(slow()).toEqual([false, false, false]);
  });

  it('have the clock of the slowest worker and of the fastest', () => {
    const progress = running();
    take(progress, A, { clock: 3 });
    take(progress, B, { clock: 8 });
    expect(progress.span([A, B])).toEqual({ floor: 3, front: 8 });
    expect(progress.span([A, C])).toEqual({ floor: NO_CLOCK, front: 3 });
    expect(progress.span([])).toEqual({ floor: NO_CLOCK, front: NO_CLOCK });
  });

  it('add up what the shards counted and what all nodes sent', () => {
    const progress = running();
    const shard = {
      duplicates: 1,
      pushes: [{ node: A, count: 5 }],
      refused: [],
      staleness: { 0: 4, 2: 1 },
      workers: [{ node: A, applied: 5, delaySum: 2 }],
    };
    const traffic = { push: { raw: 10, wire: 5 }, pull: { raw: 20, wire: 20 } };
    progress.take(A, reportOf({ acknowledged: 6, shard, traffic }), 0);
    const saved = { push: 3, pull: 0 };
    progress.take(B, reportOf({ shard: { ...shard, staleness: { 2: 3 }, saved }, traffic }), 0);
    const metrics = progress.metrics([role(A), role(B, false)], false);
    expect(metrics).toMatchObject({ applied: 10, acknowledged: 6, duplicates: 2, staleness: { 0: 4, 2: 4 } });
    expect(metrics.traffic).toEqual({ push: { raw: 20, wire: 10, saved: 3 }, pull: { raw: 40, wire: 40 } });
    expect(metrics.nodes.map(({ staleness }) => staleness)).toEqual([0.4, null]);
  });

  it('do not fall when a worker leaves: what it did is done', () => {
    const progress = running();
    take(progress, A, { samples: 500 });
    take(progress, B, { samples: 300 });
    progress.forget(B);
    expect(progress.metrics([role(A)], false).samples).toBe(800);
  });

  it('of a worker that comes back after it was taken for gone count what it did once', () => {
    const progress = running();
    take(progress, A, { samples: 500 });
    take(progress, B, { samples: 300 });
    progress.forget(B);
    take(progress, B, { samples: 350, spanMs: 250 });
    const metrics = progress.metrics(roles, false);
    expect(metrics.samples).toBe(850);
    // 50 samples since, not 350, in a quarter of a second.
    expect(metrics.nodes[1]?.samplesPerSecond).toBeLessThanOrEqual(200);
  });
});

describe('what is sent', () => {
  /** Progress with one point of each curve. */
  function withPoints(): RunProgress {
    const progress = running();
    take(progress, A, { clock: 4, samples: 50, losses: [[0, 1, 1]], evaluations: [[9, 0, 100, 50]] });
    progress.closeBuckets(4, 1_000);
    return progress;
  }

  it('is what is new, or everything for one that has heard nothing', () => {
    const progress = withPoints();
    const news = progress.metrics(roles, false);
    expect([news.loss.length, news.accuracy.length, news.isHistory]).toEqual([1, 1, false]);
    const nothing = progress.metrics(roles, false);
    expect([nothing.loss, nothing.accuracy]).toEqual([[], []]);
    expect(progress.metrics(roles, true)).toMatchObject({ ...{ loss: news.loss, accuracy: news.accuracy } });
  });

  it('leaves a page that joins between two messages with every point once', () => {
    const progress = withPoints();
    const page = new History();
    page.add(progress.metrics(roles, true));
    page.add(progress.metrics(roles, false));
    expect(page.all()?.loss).toHaveLength(1);
    expect(page.all()?.accuracy).toHaveLength(1);
  });

  it('leaves a page with every point once, also when another scheduler takes over', () => {
    const page = new History();
    page.add(withPoints().metrics(roles, false));
    const next = new RunProgress(plan, page.all());
    next.setRunning(true, 5_000);
    take(next, A, { clock: 9, samples: 100, losses: [[5, 1, 1]] }, 6_000);
    next.closeBuckets(9, 6_000);
    page.add(next.metrics(roles, false));
    expect(page.all()?.loss.map(([clock]) => clock)).toEqual([4, 9]);
    expect(page.all()?.accuracy).toHaveLength(1);
    expect(page.all()?.seconds).toBe(2);
  });

  it('of another run is not taken over', () => {
    const old = metricsOf({ run: 7, isHistory: true, loss: [[1, 1, 1, 1]], seconds: 100 });
    const progress = new RunProgress(plan, old);
    expect(progress.metrics([], true)).toMatchObject({ loss: [], seconds: 0 });
  });

  it('has no rate from before a new scheduler: the first report is not the work of a quarter second', () => {
    const before = withPoints();
    take(before, A, { clock: 5, samples: 100_000 });
    const next = new RunProgress(plan, before.metrics([role(A)], true));
    take(next, A, { clock: 6, samples: 100_500, spanMs: 250 });
    expect(next.metrics([role(A)], false).samplesPerSecond).toBeLessThanOrEqual(2_000);
  });
});
