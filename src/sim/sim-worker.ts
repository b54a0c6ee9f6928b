// A worker in virtual time: the real ClientCore, driven as the training loop drives it. Pull, compute for a while, push,
// with the next pull under way during the computation where the delay allows it.
import type { ClusterState } from '../protocol/control.ts';
import type { Answer, FilteredAnswer, Frame } from '../protocol/frames.ts';
import { NO_CLOCK, type NodeId, type WorkerId } from '../protocol/ids.ts';
import { MAX_UNACKED_CLOCKS } from '../protocol/limits.ts';
import { whomToHelp } from '../ps/backups.ts';
import { ClientCore } from '../ps/client-core.ts';
import { type ClientEvent, newestOwn, type Pulled, type ReadFronts } from '../ps/client-events.ts';
import { delayOf, requiredClock, roundEnd, scheduleAt } from '../ps/consistency.ts';
import type { RingInbox } from '../ps/ring-inbox.ts';
import type { RingRule } from '../ps/ring-push.ts';
import type { Rows } from '../ps/segment.ts';
import type { TableSpec } from '../ps/table.ts';
import { DENSE_TABLE } from './counting-job.ts';
import type { ClientLoad } from './invariants.ts';

export interface WorkerSite {
  readonly self: WorkerId;
  readonly run: number;
  readonly steps: number;
  readonly tables: readonly TableSpec[];
  /** Samples that the push of so many clocks stands for. */
  samplesOf(clocks: number): number;
  cluster(): ClusterState;
  send(to: NodeId, frame: Frame): void;
  /** What the push of a clock carries. */
  rows(worker: WorkerId, clock: number, covers: number): readonly Rows[];
  computeMs(): number;
  now(): number;
  after(delayMs: number, run: () => void): void;
  /** A gradient is about to be computed on what a pull brought; `floor` is the oldest that any segment's clock was. */
  onStart(clock: number, required: number, floor: number): void;
  /** What an answer of the dense table has brought. */
  onRead(answer: Answer | FilteredAnswer, values: Float32Array): void;
  nextRequest(): number;
  /** Of a run whose gradients go round. */
  readonly ring: { readonly rule: RingRule; readonly inbox: RingInbox } | undefined;
  /** Hands a frame to another worker. */
  pass(to: NodeId, frame: Frame): void;
}

/** For one round: the clocks from `clock` to `last`, one unless there are local steps. */
interface PullUnderWay {
  readonly id: number;
  readonly clock: number;
  readonly last: number;
  readonly required: number;
  floor: number;
  pulled: Pulled | null;
  /** Where the rows of each table go. */
  readonly into: readonly Float32Array[];
}

export class SimWorker {
  private readonly core: ClientCore;
  private clock = NO_CLOCK;
  private pull: PullUnderWay | null = null;
  private isComputing = false;
  private isJoined = false;
  private isEnded = false;
  private pulls = 0;
  /** Milliseconds since the last report. */
  private spent = { computeMs: 0, waitMs: 0, communicateMs: 0, backupMs: 0, skipped: 0 };
  /** Pushes that were left to others, each segment's counted. */
  skippedPushes = 0;
  private idleSince = 0;
  /** The last clock of the newest round that it has begun. */
  begun = NO_CLOCK;
  /** Clock required by each request under way, to check every answer against. */
  private readonly floors = new Map<number, PullUnderWay>();

  constructor(private readonly site: WorkerSite) {
    this.core = new ClientCore(site.self, () => site.nextRequest());
    this.step({ kind: 'plan', run: site.run, tables: site.tables, ring: site.ring });
  }

  /** Pushes that were acknowledged, each segment's counted. */
  get acknowledged(): number {
    return this.core.acknowledgedPushes;
  }

  get finishedClock(): number {
    return this.clock - (this.isJoined ? 1 : 0);
  }

  get isDone(): boolean {
    const isAtEnd = this.clock >= this.site.steps || this.isStopped;
    return this.isJoined && isAtEnd && !this.isComputing && this.core.unacknowledgedClocks === 0;
  }

  /** In a run that is being stopped, or was: held back where it is, until another is farther. */
  private get isStopped(): boolean {
    const { phase, clockLimit } = this.site.cluster();
    return (phase === 'finishing' || phase === 'stopped') && this.clock >= clockLimit;
  }

  load(): ClientLoad {
    return this.core.load();
  }

  get unacknowledged(): number {
    return this.core.unacknowledgedClocks;
  }

  /** Where the time has gone since the last call. */
  takeTimes(): Spent {
    const { spent } = this;
    this.spent = { computeMs: 0, waitMs: 0, communicateMs: 0, backupMs: 0, skipped: 0 };
    return spent;
  }

  /** Begins where no segment expects less of this worker. */
  start(): void {
    this.begin(NO_CLOCK, NO_CLOCK);
  }

  step(event: ClientEvent): void {
    if (this.isEnded) return;
    const read = event.kind === 'frame' ? this.noteAnswer(event.frame) : null;
    for (const effect of this.core.step(event)) {
      if (effect.kind === 'send') this.send(effect.to, effect.frame);
      else if (effect.kind === 'pass') this.site.pass(effect.to, effect.frame);
      else if (effect.kind === 'pulled') this.arrive(effect.id, effect.pulled);
      else if (effect.kind === 'garbled') throw new Error(`worker ${this.site.self.node}: ${effect.text}`);
      else if (effect.kind === 'rejected') throw new Error(`worker ${this.site.self.node}: ${effect.refuse.reason}`);
    }
    // What it couldn't take is asked for again.
    if (read !== null && !this.floors.has(read.answer.request)) this.site.onRead(read.answer, read.values);
    this.proceed();
  }

  end(): void {
    this.isEnded = true;
  }

  private send(to: NodeId, frame: Frame): void {
    const isPull = frame.kind === 'pull' || frame.kind === 'filteredPull';
    if (isPull && this.pull !== null) this.floors.set(frame.request, this.pullOf(frame.request));
    this.site.send(to, frame);
  }

  private pullOf(request: number): PullUnderWay {
    const known = this.floors.get(request) ?? this.pull;
    if (known === null) throw new Error('a pull is sent that nobody asked for');
    return known;
  }

  /** @returns the answer of the whole dense table, where it is one that was asked for, and where its rows will be */
  private noteAnswer(answer: Frame): { answer: Answer | FilteredAnswer; values: Float32Array } | null {
    if (answer.kind !== 'answer' && answer.kind !== 'filteredAnswer') return null;
    const pull = this.floors.get(answer.request);
    if (pull === undefined) return null;
    pull.floor = Math.min(pull.floor, answer.clocks.floor);
    this.floors.delete(answer.request);
    const values = answer.table === DENSE_TABLE ? pull.into[DENSE_TABLE] : undefined;
    return values === undefined || values.length === 0 ? null : { answer, values };
  }

  private begin(clock: number, done: number): void {
    const { tables, self } = this.site;
    const isJoin = clock === NO_CLOCK;
    const last = isJoin ? clock : roundEnd(this.site.cluster().schedule, clock, this.site.steps);
    const rows = isJoin ? null : this.site.rows(self, last, 1);
    const keys = tables.map((_, table) => (rows === null ? new Uint32Array(0) : (rows[table]?.keys ?? null)));
    const into = tables.map(({ keys: all, width }, table) => new Float32Array((keys[table]?.length ?? all) * width));
    const required = isJoin ? NO_CLOCK : requiredClock(this.site.cluster().schedule, clock);
    const id = ++this.pulls;
    this.begun = last;
    this.pull = { id, clock, last, required, floor: Number.POSITIVE_INFINITY, pulled: null, into };
    const { filters } = scheduleAt(this.site.cluster().schedule, Math.max(clock, 0));
    const everySegment = isJoin || done !== NO_CLOCK;
    const pull = { id, minClock: required, done, keys, into, everySegment, isShared: !isJoin };
    this.step({ kind: 'pull', ...pull, filters: filters?.kind === 'fixed' ? filters.pull : null });
  }

  private arrive(id: number, pulled: Pulled): void {
    if (this.pull?.id !== id) return;
    this.pull.pulled = pulled;
    this.pull.floor = Math.min(this.pull.floor, pulled.floor);
    if (this.isJoined) return;
    this.isJoined = true;
    this.idleSince = this.site.now();
    this.clock = newestOwn(pulled) + 1;
    this.pull = null;
    this.begin(this.clock, this.clock - 1);
  }

  /** Starts the next computation when its pull is there and nothing holds it back. Called after every event. */
  proceed(): void {
    const { pull, clock } = this;
    if (this.isEnded || !this.isJoined || this.isComputing || pull === null || pull.pulled === null) return;
    if (pull.clock !== clock || clock >= this.site.steps || clock >= this.site.cluster().clockLimit) return;
    if (this.core.unacknowledgedClocks >= MAX_UNACKED_CLOCKS) return;
    if (this.site.cluster().plan?.hasBackups === true && pull.pulled.floor >= pull.last) {
      if (this.core.unacknowledgedClocks === 0) this.skipTo(pull.pulled.floor + 1);
      return;
    }
    this.site.onStart(clock, pull.required, pull.floor);
    this.isComputing = true;
    const { last } = pull;
    const { readFronts, isHeldBack } = pull.pulled;
    this.spent[isHeldBack ? 'waitMs' : 'communicateMs'] += this.site.now() - this.idleSince;
    this.pull = null;
    const next = last + 1;
    const delay = delayOf(scheduleAt(this.site.cluster().schedule, next).consistency);
    if (delay >= 1 && next < this.site.steps) this.begin(next, NO_CLOCK);
    const covers = next - clock;
    const computeMs = covers * this.site.computeMs();
    this.site.after(computeMs, () => {
      this.spent.computeMs += computeMs;
      this.finish(last, covers, readFronts);
    });
  }

  /** Another has made this worker's gradients until then. */
  private skipTo(clock: number): void {
    for (let at = this.clock; at < clock; at = roundEnd(this.site.cluster().schedule, at, this.site.steps) + 1)
      this.skippedPushes += this.core.segments;
    this.spent.skipped += clock - this.clock;
    this.clock = clock;
    this.pull = null;
    if (clock < this.site.steps) this.begin(clock, clock - 1);
  }

  /** While it would only wait for a worker that is far behind, it makes that one's gradient of the round, too. */
  private backUp(clock: number, covers: number, readFronts: ReadFronts): void {
    const worker = whomToHelp(this.site.cluster(), this.site.self.node, clock);
    if (worker === null || this.isComputing || this.isEnded) return;
    const { filters } = scheduleAt(this.site.cluster().schedule, clock);
    const computeMs = covers * this.site.computeMs();
    this.isComputing = true;
    this.site.after(computeMs, () => {
      if (this.isEnded) return;
      this.isComputing = false;
      this.spent.backupMs += computeMs;
      const samples = this.site.samplesOf(covers);
      const push = { worker, clock, covers, isDrift: false, samples, readFronts, parameters: [] };
      const tables = this.site.rows(worker, clock, covers);
      this.step({ kind: 'backup', ...push, tables, filters: filters?.kind === 'fixed' ? filters.push : null });
    });
  }

  private finish(clock: number, covers: number, readFronts: ReadFronts): void {
    if (this.isEnded) return;
    this.isComputing = false;
    this.idleSince = this.site.now();
    this.clock = clock + 1;
    const tables = this.site.rows(this.site.self, clock, covers);
    const { filters } = scheduleAt(this.site.cluster().schedule, clock);
    const push = { clock, covers, samples: this.site.samplesOf(covers), tables, readFronts };
    this.step({ kind: 'push', ...push, filters: filters?.kind === 'fixed' ? filters.push : null });
    // Where its pull was ahead of the push, the next computation has begun.
    if (this.pull === null && !this.isComputing && this.clock < this.site.steps) this.begin(this.clock, NO_CLOCK);
    this.proceed();
    this.backUp(clock, covers, readFronts);
  }
}

/** Milliseconds, and clocks that others have made. */
interface Spent {
  readonly computeMs: number;
  readonly waitMs: number;
  readonly communicateMs: number;
  readonly backupMs: number;
  readonly skipped: number;
}
