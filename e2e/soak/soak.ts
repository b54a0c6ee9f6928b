// One soak in a room: trains, does a random fault every few seconds, and watches steps and memory meanwhile.

import { Random } from '../../src/random.ts';
import type { Status } from '../../src/runtime/automation.ts';
import { ClusterFailure } from '../cluster/failure.ts';
import { type DoneFault, type FaultReport, lossAround, reportFault } from '../cluster/fault-report.ts';
import { FaultRunner, logOf } from '../cluster/fault-runner.ts';
import { every } from '../cluster/periods.ts';
import { pushesOf } from '../cluster/result.ts';
import type { Room, RoomTab } from '../cluster/room.ts';
import { begin, lossOf } from '../cluster/training.ts';
import type { SoakArguments } from './arguments.ts';
import { type Outage, type PastFault, spansOf } from './fault-spans.ts';
import { canJudge, type MemorySample, memoryOf } from './memory.ts';
import { nextFault, type RoomState } from './next-fault.ts';
import type { ScoreCurve, SoakResult } from './result.ts';
import { StepTimes } from './stalls.ts';

/** Between two looks at steps: a tab's log of them holds more than this. */
const SAMPLE_MS = 5_000;

/** Between two looks at a tab's memory: each collects its garbage, half a second on a busy machine. */
const MEMORY_MS = 20_000;

/** The last fault has this long to be over before the end. */
const AFTER_FAULT_MS = 9_000;

/** The signaling server is away for so long. */
const SIGNALING_AWAY_MS = 4_000;

/** Figures that come after the pause before all nodes' last reports are in. */
const LAST_MESSAGES = 8;

/**
 * No fault of these costs as long: without a step in this time the run is stuck, and what comes after it shows nothing. A tab
 * that was frozen for 9 s has cost 19 s: ARCHITECTURE, "Open ends".
 */
const STUCK_MS = 40_000;

/** A line of progress this often. */
const SAY_MS = 30_000;

export class Soak {
  private readonly random: Random;
  private readonly faults: FaultRunner;
  private readonly reports: FaultReport[] = [];
  /** Faults whose recovery nobody has logged yet. */
  private open: DoneFault[] = [];
  private readonly past: PastFault[] = [];
  private readonly outages: Outage[] = [];
  private readonly steps = new StepTimes();
  private readonly memory = new Map<RoomTab, MemorySample[]>();
  private readonly memoryDueMs = new Map<RoomTab, number>();
  private isSignalingUp = true;
  private restartMs = Number.POSITIVE_INFINITY;

  constructor(
    private readonly room: Room,
    private readonly wanted: SoakArguments,
  ) {
    this.random = new Random(wanted.seed);
    this.faults = new FaultRunner(room, [], (tabs) => tabs[Math.floor(this.random.unit() * tabs.length)]);
  }

  async run(): Promise<Omit<SoakResult, 'seed' | 'minutes' | 'replay' | 'accuracy'> & { readonly score: ScoreCurve }> {
    const { room, wanted } = this;
    await begin(room, wanted.run);
    const startMs = await this.started();
    const endMs = startMs + wanted.minutes * 60_000;
    await this.follow(startMs, endMs);
    await this.quiet();
    await this.takeReports(true);
    const { metrics } = await room.first.call('figures');
    const curve = await lossOf(room.first);
    const { accuracy, loss } = await room.first.call('series');
    if (metrics === null) throw new ClusterFailure('The soak ended without figures.');
    return {
      score: accuracy,
      steps: metrics.clock + 1,
      samples: metrics.samples,
      lossFirst: loss.value[0] ?? null,
      lossLast: loss.value.at(-1) ?? null,
      acknowledgedPushes: metrics.acknowledged,
      appliedPushes: metrics.applied,
      duplicatesIgnored: metrics.duplicates,
      pushes: pushesOf(metrics),
      memory: [...this.memory].map(([{ tab, node }, samples]) =>
        memoryOf({ name: tab.name, node }, samples, (startMs + endMs) / 2),
      ),
      stalls: this.steps.stalls(startMs, endMs, spansOf(this.past, this.outages)),
      faults: this.reports.map((report) => ({ ...report, ...lossAround(report.atStep, curve) })),
    };
  }

  /** When the first step was done. */
  private async started(): Promise<number> {
    for await (const _ of every('look')) if ((await this.status()).clock > 0) return Date.now();
    throw new RangeError('A timer ended.');
  }

  private async follow(startMs: number, endMs: number): Promise<void> {
    const everyMs = this.wanted.every * 1000;
    let [faultMs, sampleMs, sayMs] = [startMs + everyMs, startMs, startMs];
    let newest = { clock: 0, atMs: startMs };
    for await (const _ of every('watch')) {
      const now = Date.now();
      if (now >= endMs) return;
      const { clock } = await this.status();
      if (clock > newest.clock) newest = { clock, atMs: now };
      if (now - newest.atMs > STUCK_MS) throw await this.stuckAt(clock);
      await this.restartWhenDue(clock);
      if (now >= sampleMs) {
        sampleMs = now + SAMPLE_MS;
        await this.sampleSteps();
      }
      if (canJudge(endMs - startMs)) await this.sampleMemory(now);
      // The last faults have time to be over.
      if (now >= faultMs && now < endMs - AFTER_FAULT_MS) {
        faultMs += everyMs;
        await this.takeReports(false);
        await this.next(clock);
      }
      if (now >= sayMs) {
        sayMs = now + SAY_MS;
        console.log(
          `${Math.round((now - startMs) / 1000)} s: step ${clock}, ${this.reports.length + this.open.length} faults`,
        );
      }
    }
  }

  /** The run as the first tab knows it. @throws ClusterFailure when it doesn't go on, or a tab has a problem */
  private async status(): Promise<{ clock: number }> {
    const all = await Promise.race([Promise.all(this.room.tabs.map((tab) => tab.call('status'))), this.room.trouble]);
    const problem = all.find(({ problem }) => problem !== null)?.problem;
    if (problem) throw new ClusterFailure(problem.text);
    const run = all[0]?.run;
    if (run?.phase === 'failed' || run?.phase === 'stopped') throw new ClusterFailure(run.message ?? run.phase);
    return { clock: run?.clock ?? 0 };
  }

  /** With what every tab believes of the room, to look at. */
  private async stuckAt(clock: number): Promise<ClusterFailure> {
    const seconds = STUCK_MS / 1000;
    for (const { tab, node } of this.room.awake) {
      const { connection, nodes, run } = await tab.call('status');
      const maps = await tab.call('mapLog');
      console.log(
        JSON.stringify({ node, connection, nodes, phase: run?.phase, message: run?.message, map: maps.at(-1) }),
      );
    }
    return new ClusterFailure(`No worker did a step in ${seconds} s, at step ${clock}.`);
  }

  private async next(clock: number): Promise<void> {
    const fault = nextFault(this.random, await this.state(clock), this.wanted.only);
    if (fault === null) return;
    const atMs = Date.now();
    console.log(`${new Date(atMs).toISOString()} ${fault.text} at step ${clock}`);
    const past: PastFault = { fault, fromMs: atMs, endMs: Number.POSITIVE_INFINITY };
    this.past.push(past);
    if (fault.kind === 'stop-signaling') {
      this.isSignalingUp = false;
      this.restartMs = atMs + SIGNALING_AWAY_MS;
      this.outages.push({ fromMs: atMs, toMs: Number.POSITIVE_INFINITY });
    }
    await this.faults.perform(fault, clock);
    const close = () => {
      past.endMs = Date.now();
    };
    // That it failed is said at the end.
    this.faults.settled().then(close, close);
  }

  private async restartWhenDue(clock: number): Promise<void> {
    if (Date.now() < this.restartMs) return;
    this.restartMs = Number.POSITIVE_INFINITY;
    this.isSignalingUp = true;
    await this.faults.perform({ kind: 'restart-signaling', atStep: clock, text: 'restart-signaling' }, clock);
    const outage = this.outages.at(-1);
    if (outage !== undefined) outage.toMs = Date.now();
  }

  private async state(clock: number): Promise<RoomState> {
    const { room } = this;
    const { nodes }: Status = await room.first.call('status');
    const maps = await room.first.call('mapLog');
    const scheduler = nodes.find(({ isScheduler }) => isScheduler)?.id;
    const count = (role: RoomTab['role']) => room.all.filter((member) => member.role === role).length;
    return {
      workers: count('worker'),
      servers: count('server'),
      scheduler: room.all.find(({ node }) => node === scheduler)?.role ?? 'worker',
      copies: maps.at(-1)?.copies ?? 0,
      isSignalingUp: this.isSignalingUp,
      isBusy: this.faults.isBusy,
      clock,
    };
  }

  private async sampleSteps(): Promise<void> {
    for (const { tab, node } of this.room.awake) this.steps.add(node, await tab.call('stepLog'));
  }

  /** Of one tab at a time, so that nothing else waits for long. */
  private async sampleMemory(now: number): Promise<void> {
    const due = this.room.awake.find((member) => now >= (this.memoryDueMs.get(member) ?? 0));
    if (due === undefined) return;
    this.memoryDueMs.set(due, now + MEMORY_MS);
    const bytes = await due.tab.memoryBytes();
    if (bytes !== null) this.memory.set(due, [...(this.memory.get(due) ?? []), { atMs: Date.now(), bytes }]);
  }

  /**
   * Reports of the faults that are over: the tabs' logs don't reach back for ever. What nobody has recovered from yet is
   * looked at again; its loss is told at the end, when the curve is there.
   */
  private async takeReports(isLast: boolean): Promise<void> {
    if (isLast) await this.faults.settled();
    this.open.push(...this.faults.done.splice(0));
    if (this.open.length === 0) return;
    const logs = await Promise.all(this.room.awake.map(logOf));
    const looked = this.open.map((done) => ({ done, report: reportFault(done, logs, []) }));
    const isOver = ({ report }: (typeof looked)[number]): boolean => isLast || report.recoveryMs !== null;
    this.reports.push(...looked.filter(isOver).map(({ report }) => report));
    this.open = looked.filter((one) => !isOver(one)).map(({ done }) => done);
  }

  /** Pauses the run, so that nothing is under way, and waits for everybody's last word. */
  private async quiet(): Promise<void> {
    await this.faults.settled();
    if (!this.isSignalingUp) await this.restartWhenDue(0);
    await this.sampleSteps();
    await this.room.first.call('pause');
    let until = Number.POSITIVE_INFINITY;
    for await (const _ of every('watch')) {
      const { run } = await this.room.first.call('status');
      const { messages } = await this.room.first.call('figures');
      if (run?.phase === 'paused' && until === Number.POSITIVE_INFINITY) until = messages + LAST_MESSAGES;
      if (messages >= until) return;
    }
  }
}
