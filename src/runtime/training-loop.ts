// The worker's loop: pull, compute, push, clock after clock, as far ahead as the bounded delay and the scheduler allow.
// While a gradient is computed, the next pull and the last push are under way (within τ).
import type { ClusterState } from '../protocol/control.ts';
import { NO_CLOCK } from '../protocol/ids.ts';
import { newestOwn } from '../ps/client-events.ts';
import { isActive } from '../ps/cluster-state.ts';
import { delayOf, requiredClock, scheduleAt } from '../ps/consistency.ts';
import { goesOnAlone } from '../ps/lone-worker.ts';
import { Abandoned, type PulledTables, type Task } from './client.ts';
import { Deferred } from './deferred.ts';
import { Evaluator } from './evaluator.ts';
import { type LocalResult, LocalSteps } from './local-steps.ts';
import { type KeyLists, keysOf, type LoopParts, type Step, tableValues, takeBatches } from './loop-parts.ts';
import { moment } from './moments.ts';
import { ownParameters } from './own-parameters.ts';
import { OwnWrites } from './own-writes.ts';
import { StandIn } from './stand-in.ts';

export class TrainingLoop {
  private readonly parameters: Float32Array[][] = [[], []];
  private turn = 0;
  /** The map of the newest pull: nobody's pushes act but under their own. */
  private pulledUnder = '';
  /** For local steps, asked for or chosen by the automatic mode; null without. */
  private local: LocalSteps | null = null;
  private readonly evaluator: Evaluator;
  private readonly standIn: StandIn;
  private readonly ownWrites: OwnWrites;

  constructor(private readonly parts: LoopParts) {
    this.evaluator = new Evaluator(parts);
    this.ownWrites = new OwnWrites(parts.plan.tables);
    this.standIn = new StandIn(parts, {
      drifts: (step) => this.drifts(step),
      gradient: (step, rows) => this.gradient(step, rows),
    });
  }

  /** Runs until the last clock, or until the run stops. @throws Abandoned, Rejected, BlockNotFound */
  async run(): Promise<void> {
    const { plan, meter, batches } = this.parts;
    let clock = await this.join();
    moment('clock');
    batches.startAt(clock);
    this.evaluator.startAt(clock);
    meter.clock = clock - 1;
    let next: Promise<Step> | null = this.begin(clock, clock - 1);
    let isFirst = true;
    while (clock < plan.steps && (await this.mayStart(clock))) {
      const step = this.confirm(await meter.time('communicate', () => next ?? this.begin(clock)));
      const pulled = await this.awaitPull(step);
      moment('parameters');
      if (this.isOvertaken(step, pulled)) {
        clock = await this.skipTo(pulled.floor + 1, step);
        next = clock < plan.steps ? this.begin(clock, clock - 1) : null;
        continue;
      }
      await this.evaluator.onTheWay(clock, pulled);
      if (step.own === null) this.ownWrites.addTo(pulled, step.keys);
      // A newcomer's first step waits for no batches but its own.
      const isAhead = this.mayOverlap(step.last + 1) && !(isFirst && this.isLate(clock));
      next = isAhead ? this.begin(step.last + 1, NO_CLOCK, this.isAlone(step)) : null;
      isFirst = false;
      // The pull must be on its way before the gradient takes the thread.
      const own = (await next)?.own ?? null;
      const isNumber = await this.compute(step, pulled, own);
      if (!isNumber) {
        if (!(await this.isResumed(clock))) break;
        next = this.begin(clock);
        continue;
      }
      clock = step.last + 1;
      batches.prefetch();
      next ??= clock < plan.steps ? this.begin(clock) : null;
      await this.standIn.help(step, pulled, (await next)?.pulled);
    }
    if (clock >= plan.steps) await this.evaluator.atTheEnd();
    meter.isDone = true;
  }

  /** Meets every segment's clock: this worker starts where no segment expects less of it. */
  private async join(): Promise<number> {
    const { client, plan } = this.parts;
    const none = plan.tables.map(() => new Uint32Array(0));
    return newestOwn(await client.pull({ minClock: NO_CLOCK, keys: none, everySegment: true }).done) + 1;
  }

  /**
   * Takes the batches of a round and sends its pull. Resolves when the pull is sent, not when it is answered.
   * @param isAlone no pull: the round begins with this worker's own parameters
   */
  private async begin(clock: number, done = NO_CLOCK, isAlone = false): Promise<Step> {
    const last = done === NO_CLOCK ? this.parts.filters.roundEnd(clock) : this.firstRoundEnd(clock);
    const batches = await takeBatches(this.parts, this.parts.batches, clock, last - clock + 1);
    const keys = keysOf(this.parts, batches);
    const into = this.buffers(keys);
    if (isAlone) {
      const parameters = new Deferred<PulledTables>();
      return { clock, last, batches, keys, pulled: parameters.promise, own: { parameters, into } };
    }
    return { clock, last, batches, keys, pulled: this.pull(clock, keys, into, done), own: null };
  }

  /** Does a worker that begins with `clock` come into a run that is under way? */
  private isLate(clock: number): boolean {
    return clock > (this.parts.plan.from?.clock ?? NO_CLOCK) + 1;
  }

  /**
   * The last clock of this worker's first round. Of rounds that the automatic mode chose a newcomer's first is one step, so that
   * its gradient is there soon; the next ends with that of the others. Not in BSP, where their rounds would wait for it, and it for
   * theirs; rounds that were asked for are all as long.
   */
  private firstRoundEnd(clock: number): number {
    const { cluster, filters } = this.parts;
    const isFixed = scheduleAt(cluster().schedule, clock).localSteps !== undefined;
    return this.isLate(clock) && this.mayOverlap(clock) && !isFixed ? clock : filters.roundEnd(clock);
  }

  private pull(clock: number, keys: KeyLists, into: readonly Float32Array[], done = NO_CLOCK): Promise<PulledTables> {
    const { client, cluster, filters } = this.parts;
    this.pulledUnder = epochText(cluster());
    const minClock = requiredClock(cluster().schedule, clock);
    const wish = { ...filters.pull(clock), isShared: true };
    return client.pull({ minClock, keys, done, into, everySegment: done !== NO_CLOCK, ...wish }).done;
  }

  /** A round that was to begin with this worker's own parameters pulls after all where others may have pushed since. */
  private confirm(step: Step): Step {
    if (step.own === null || this.isPulledUnderMap) return step;
    return { ...step, pulled: this.pull(step.clock, step.keys, step.own.into), own: null };
  }

  private awaitPull(step: Step): Promise<PulledTables> {
    const { meter } = this.parts;
    return meter.time(
      ({ isHeldBack }) => (isHeldBack ? 'wait' : 'communicate'),
      () => step.pulled,
    );
  }

  /** May the pull of `clock` be asked for before the push of the clock before it? Not in BSP: it must contain that. */
  private mayOverlap(clock: number): boolean {
    const { cluster, plan } = this.parts;
    return clock < plan.steps && delayOf(scheduleAt(cluster().schedule, clock).consistency) >= 1;
  }

  /**
   * May the round after `step` begin with what this worker has then? Only where the servers will have the same: all of it has
   * been pulled and pushed under the map of now, and every batch is whole, so that the servers go the whole way.
   */
  private isAlone(step: Step): boolean {
    const { cluster, plan } = this.parts;
    const samples = step.batches.reduce((sum, { block }) => sum + block.count, 0);
    const isWhole = samples === plan.batch * (step.last - step.clock + 1) && step.keys.every((keys) => keys === null);
    const mayGoOn = goesOnAlone(cluster(), step.clock) && goesOnAlone(cluster(), step.last + 1);
    return isWhole && mayGoOn && this.drifts(step) && this.isPulledUnderMap;
  }

  /** Whether what was pulled last, and what was pushed since, was under the map of now. */
  private get isPulledUnderMap(): boolean {
    return this.pulledUnder === epochText(this.parts.cluster());
  }

  /** Has another made this worker's gradients while it was far behind: its own one would come too late? */
  private isOvertaken({ last }: Step, { floor }: PulledTables): boolean {
    return this.parts.plan.hasBackups === true && Number.isFinite(floor) && floor >= last;
  }

  /**
   * Leaves the rounds from `step` to just before `clock` to whoever has made them. The next pull says so: what was pushed in
   * this worker's name may be lost with a server, and nobody will send it again. Its own pushes must be safe before that.
   * @returns `clock`
   */
  private async skipTo(clock: number, step: Step): Promise<number> {
    const { client, filters, meter } = this.parts;
    await meter.time('communicate', () => client.allAcknowledged());
    let rounds = 0;
    for (let at = step.clock; at < clock; at = filters.roundEnd(at) + 1) rounds++;
    client.skip(rounds);
    const samples = step.batches.reduce((sum, { block }) => sum + block.count, 0) / (step.last - step.clock + 1);
    meter.skip(clock - 1, Math.round(samples * (clock - step.clock)));
    return clock;
  }

  /** Computes and pushes the gradient. @returns false where it isn't finite: then nothing was pushed */
  private async compute(step: Step, pulled: PulledTables, own: Step['own']): Promise<boolean> {
    const { client, emulate, filters, meter, plan } = this.parts;
    const clock = step.last;
    const covers = clock - step.clock + 1;
    const isDrift = this.drifts(step);
    if (step.batches.length === 0) {
      // It pulls nothing, so nothing but this holds it back.
      await meter.time('wait', () => client.roomToPush());
      const none = new Float32Array(0);
      const tables = plan.tables.map(() => ({ keys: isDrift ? null : new Uint32Array(0), values: none }));
      this.note(clock, client.push({ clock, covers, isDrift, samples: 0, tables, readFronts: pulled.readFronts }));
      meter.step(clock, 0, 0);
      return true;
    }
    const { samples, ways, ...gradient } = await meter.time('compute', () =>
      emulate(() => this.gradient(step, pulled), step.batches.length),
    );
    if (!Number.isFinite(gradient.lossSum)) {
      meter.divergedAt = step.clock;
      // What isn't finite is in the inner updater's state, too.
      this.local = null;
      return false;
    }
    moment('gradient');
    await meter.time('communicate', () => client.roomToPush());
    const { readFronts, tables: parameters } = pulled;
    const push = { clock, covers, isDrift, samples, tables: gradient.tables, readFronts, parameters };
    this.note(clock, client.push({ ...push, ...filters.push(clock) }));
    if (ways.length > 0) this.ownWrites.note(clock, ways);
    own?.parameters.resolve(ownParameters(pulled, gradient.tables, clock, own.into));
    moment('pushed');
    meter.step(clock, gradient.lossSum, samples);
    return true;
  }

  /**
   * Does this round push the way that the worker went? Of rounds that the automatic mode chose only those of several steps:
   * between them the servers' own updater goes on. Asked-for rounds all do, also those that something cuts to one step.
   */
  private drifts({ clock, last }: Step): boolean {
    const { cluster, plan } = this.parts;
    const isFixed = scheduleAt(cluster().schedule, clock).localSteps !== undefined;
    return plan.outer !== undefined && (isFixed || last > clock);
  }

  private async gradient(step: Step, pulled: PulledTables): Promise<LocalResult> {
    const { batches, keys, clock } = step;
    const { cluster, plan, trainer } = this.parts;
    const parameters = tableValues(keys, pulled);
    const [batch] = batches;
    const isDrift = this.drifts(step);
    if (isDrift || step.last > clock) {
      // The inner updater's state lives as long as the local steps do.
      this.local ??= new LocalSteps(plan, trainer, isDrift);
      return this.local.run(parameters, batches, scheduleAt(cluster().schedule, clock).learningRate);
    }
    this.local = null;
    if (batch === undefined) throw new RangeError('A gradient of no batch.');
    const { block, picks } = batch;
    return { ...(await trainer.gradient(parameters, block, picks)), samples: block.count, ways: [] };
  }

  /** Remembers when the push was acknowledged, if it ever is. */
  private note(clock: number, { done }: Task<void>): void {
    done.then(
      () => {
        moment('acknowledged');
        this.parts.steps.done(clock);
      },
      () => undefined,
    );
  }

  /**
   * Waits while the scheduler holds this clock back. In a run that is being stopped it may still let this worker go on, to
   * where another is already. @returns false when the run stops here
   */
  private async mayStart(clock: number): Promise<boolean> {
    const { changed, cluster, isOver, meter } = this.parts;
    for (;;) {
      if (isOver()) throw new Abandoned();
      const { clockLimit, phase } = cluster();
      if (phase === 'stopped') return false;
      meter.isDone = phase === 'finishing' && clock >= clockLimit;
      if (clock < clockLimit) return true;
      await changed.next();
    }
  }

  /** After a loss that isn't a number: until the scheduler has paused the run, and someone has resumed or stopped it. */
  private async isResumed(clock: number): Promise<boolean> {
    const { changed, cluster, isOver, meter } = this.parts;
    while (isActive(cluster()) && !isOver()) {
      const wasPaused = cluster().phase === 'paused';
      await changed.next();
      if (wasPaused && cluster().phase === 'running') break;
    }
    meter.divergedAt = null;
    return this.mayStart(clock);
  }

  /** Two sets in turn: one is computed on while the other is filled. Only whole tables keep their size. */
  private buffers(keys: KeyLists): Float32Array[] {
    this.turn = 1 - this.turn;
    const set = this.parameters[this.turn] ?? [];
    return this.parts.plan.tables.map((table, index) => {
      const list = keys[index] ?? null;
      if (list !== null) return new Float32Array(list.length * table.width);
      set[index] ??= new Float32Array(table.keys * table.width);
      return set[index];
    });
  }
}

const epochText = ({ map }: ClusterState): string => `${map.epoch.term} ${map.epoch.counter}`;
