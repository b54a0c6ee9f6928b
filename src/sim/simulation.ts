// One history: nodes, network, signaling and faults in virtual time, all from one seed, checked as it unfolds.
import type { ClusterState, Request, RoleChoice } from '../protocol/control.ts';
import type { Filters } from '../protocol/filters.ts';
import { compareEpochs, type NodeId, segmentKey, type WorkerId } from '../protocol/ids.ts';
import { isActive } from '../ps/cluster-state.ts';
import type { Consistency } from '../ps/consistency.ts';
import type { NodeEvent } from '../ps/node-core.ts';
import type { Segment } from '../ps/segment.ts';
import { hash32, Random } from '../random.ts';
import { countingPlan, gradientRows, pushRows, wholePushRows } from './counting-job.ts';
import { FaultInjector, type Target } from './fault-injector.ts';
import { drawFaults, type Fault } from './faults.ts';
import type { SimulationConfig, SimulationResult } from './history.ts';
import { checkMemory, checkReplicas, MapLedger, type Violation } from './invariants.ts';
import { INTERNET, LAN, Network, type NetworkSettings } from './network.ts';
import { createLedger, type PushLedger } from './push-ledgers.ts';
import { ReadLedger } from './read-ledger.ts';
import { type SignalingLine, VirtualSignaling } from './signaling.ts';
import { gatherCheckpoint, type SimCheckpoint } from './sim-checkpoints.ts';
import { SimNode } from './sim-node.ts';
import { VirtualTime } from './virtual-time.ts';

/** Segments of the receipts table, unless said. */
const DEFAULT_SEGMENTS = 6;

/** Nothing may keep the clocks from moving for longer than this after the last fault: all timeouts add to far less. */
const STALL_LIMIT_MS = 60_000;

/** Histories that never end are a bug of their own. */
const MAX_EVENTS = 5_000_000;
const MAX_EVENTS_PER_STEP = 1_000;

/** Events, for each node, between two looks at how full every queue is. */
const MEMORY_CHECK_EVERY = 10;

/** Events between two comparisons of all replicas: each compares megabytes. */
const REPLICA_CHECK_EVERY = 20_000;

/** A gradient takes 8 to 18 ms, on a slow node four times as long. */
const MEAN_COMPUTE_MS = 13;

/** Tabs open one after the other. */
const JOIN_INTERVAL_MS = 20;

/** What a room that trains may be changed to. */
const STEERED: readonly Consistency[] = [{ kind: 'bsp' }, { kind: 'ssp', delay: 2 }, { kind: 'async' }];

const roundsOf = (localSteps: number): Filters => ({
  kind: 'auto',
  choice: { push: null, pull: null, localSteps, reason: 'drawn from the seed' },
});

export class Simulation {
  readonly time = new VirtualTime();
  private readonly random: Random;
  private readonly network: Network;
  private readonly signaling: VirtualSignaling;
  private readonly nodes = new Map<NodeId, SimNode>();
  private readonly pushes: PushLedger;
  private readonly reads = new ReadLedger();
  private readonly maps = new MapLedger();
  private readonly violations: Violation[] = [];
  private readonly injector: FaultInjector;
  private readonly total: number;
  private readonly segments: number;
  private readonly maxEvents: number;
  private hash = 0;
  private events = 0;
  private faultsPlanned = false;
  private faultsLeft = 0;
  private newest: ClusterState | null = null;
  private movedAt = 0;
  private lastFloor = -1;
  /** The most segments that any map had. */
  private placed = 0;
  private hasEnded = false;
  private readonly checkpoints: SimCheckpoint[] = [];

  constructor(private readonly config: SimulationConfig) {
    this.random = new Random(config.seed);
    this.total = config.workers + config.servers + (config.both ?? 0);
    this.segments = config.segments ?? DEFAULT_SEGMENTS;
    this.maxEvents = Math.max(MAX_EVENTS, MAX_EVENTS_PER_STEP * config.steps);
    this.pushes = createLedger(this.segments, config.steps, this.total);
    this.network = new Network(this.time, new Random(hash32(config.seed, 7)), this.networkOf(config), {
      onUp: (node, peer) => this.nodes.get(node)?.onPage(() => this.nodes.get(node)?.linkUp(peer)),
      onDown: (node, peer) => this.nodes.get(node)?.onPage(() => this.nodes.get(node)?.linkDown(peer)),
      isAlive: (node) => this.nodes.get(node)?.isAlive ?? false,
      onSend: config.onSend,
      canSignal: (node) => this.nodes.get(node)?.line.isJoined ?? false,
    });
    this.signaling = new VirtualSignaling(this.time, config.seed, 2 * this.total);
    this.injector = new FaultInjector(this.asTarget());
  }

  /** Most rooms are on one network, some are spread over countries. */
  private networkOf({ network, seed }: SimulationConfig): NetworkSettings {
    return network ?? (hash32(seed, 13) % 4 === 0 ? INTERNET : LAN);
  }

  private asTarget(): Target {
    const simulation = this;
    const { time, network, signaling, total } = this;
    return {
      ...{ time, network, signaling, startNodes: total },
      get nodeCount() {
        return simulation.nodes.size;
      },
      get cluster() {
        return simulation.newest;
      },
      alive: () => this.alive(),
      add: (role) => this.add(role),
      steer: (node, pick) => this.steer(node, pick),
      trace: (line) => this.trace(line),
    };
  }

  run(): SimulationResult {
    const { workers, servers, both = 0 } = this.config;
    const roles = [
      ['worker', workers],
      ['server', servers],
      ['both', both],
    ] as const;
    const opened = roles.flatMap(([role, count]) => Array.from({ length: count }, () => role));
    for (const [index, role] of opened.entries()) this.time.after(index * JOIN_INTERVAL_MS, () => this.add(role));
    this.time.after(this.total * JOIN_INTERVAL_MS + 1_000, () => this.start());
    this.unfold();
    if (!this.hasEnded && this.violations.length === 0) this.violate(6, `no end after ${this.events} events`);
    if (this.hasEnded) this.checkEnd();
    return this.result();
  }

  /** Runs event after event. A core that throws has failed like one that breaks an invariant, and can be replayed. */
  private unfold(): void {
    try {
      while (!this.hasEnded && this.violations.length === 0 && this.events < this.maxEvents && this.time.step())
        this.afterEvent();
    } catch (error) {
      this.violate(0, `thrown: ${error instanceof Error ? error.message : String(error)}`);
    }
  }

  /** A tab opens. It is a node once the room has let it in; should the room forget who it is, its page loads anew. */
  private add(role: RoleChoice): void {
    let node: SimNode | null = null;
    const tell = (event: NodeEvent) => node?.onPage(() => node?.step(event));
    const line = this.signaling.open({
      onWelcome: ({ node: self, members, scheduler, term }) => {
        if (node !== null && node.self !== self) {
          this.trace(`${node.self} is forgotten, and comes in anew`);
          this.injector.reload(node);
          return this.add(role);
        }
        // A server that has restarted may take a tab for the first of all. It is alone there until the others are back.
        if (node === null && this.nodes.get(self)?.isAlive) return;
        node ??= this.admit(self, role, line);
        tell({ kind: 'welcome', members, scheduler, term });
      },
      onJoined: (other) => tell({ kind: 'joined', node: other }),
      onLeft: (other, reason) => tell({ kind: 'left', node: other, reason }),
      onTerm: (scheduler, term) => tell({ kind: 'term', scheduler, term }),
      onAway: () => tell({ kind: 'signaling', isUp: false }),
    });
  }

  private admit(self: NodeId, role: RoleChoice, line: SignalingLine): SimNode {
    const { time, network, config } = this;
    const random = new Random(hash32(config.seed, 11, self));
    const isSlow = random.unit() < 0.15;
    const rowsOf = this.descends ? gradientRows : config.reduce === 'ring' ? wholePushRows : pushRows;
    const pace = (config.computeMs ?? MEAN_COMPUTE_MS) / MEAN_COMPUTE_MS;
    const skewMs = (random.unit() - 0.5) * 1_000_000;
    const node: SimNode = new SimNode(self, role, line, {
      time,
      network,
      isSlow,
      from: config.from ?? null,
      skewMs,
      computeMs: () => (isSlow ? 4 : 1) * (node.slowUntil > time.now ? 10 : 1) * pace * (8 + random.unit() * 10),
      rows: (worker, clock, covers) => rowsOf(this.segments, this.pushes.slotOf(worker, clock), worker, clock, covers),
      // Outside BSP a push weighs as the samples that it stands for, of those that its clocks have: here always all.
      samplesOf: (clocks) => (config.drifts === true ? this.batch * clocks : 1),
      onStart: (worker, clock, required, floor) => this.checkStart(worker, clock, required, floor),
      onAnswer: (worker, answer, values) => this.reads.answered(worker, answer, values),
      onRead: (worker, answer, values) => {
        const violation = this.reads.check(worker, answer, values);
        if (violation !== null) this.violations.push(violation);
      },
      onAcknowledge: ({ worker, clock, table, segment }) => {
        if (table === 0) this.pushes.acknowledge(worker, clock, segment);
      },
      onCluster: (who, cluster) => this.noteCluster(who, cluster),
      nodeOf: (id) => this.nodes.get(id),
      trace: (line) => this.trace(line),
      isMeasured: config.onSend !== undefined,
    });
    this.nodes.set(self, node);
    this.trace(`${self} opens as ${role}`);
    return node;
  }

  private start(): void {
    const { steps, replicas, consistency, checkpoint, from, reduce, backups } = this.config;
    const first = this.alive()[0];
    if (first === undefined) return;
    const plan = {
      ...countingPlan(this.segments, this.batch, steps, replicas),
      ...(reduce === undefined ? {} : { reduce, isWhole: true }),
      ...(this.descends ? { updater: { kind: 'sgd' as const }, isWhole: true } : {}),
      ...(backups === undefined ? {} : { hasBackups: backups }),
      ...(checkpoint === undefined ? {} : { checkpoint }),
      ...(from === undefined ? {} : { from: { clock: from.clock, parts: [], schedule: [...from.schedule] } }),
    };
    this.trace(`${first.self} asks to start`);
    const filters = this.filters();
    const chosen = filters === undefined ? {} : { filters };
    first.step({ kind: 'request', request: { ask: 'start', plan, consistency, learningRate: 1, ...chosen } });
  }

  /** Local steps are the automatic mode's to choose: it begins with what is drawn, and measures on. */
  private filters(): Filters | undefined {
    const { drifts = false, filters, seed } = this.config;
    if (!drifts) return filters;
    return roundsOf(2 + (hash32(seed, 17) % 7));
  }

  private steer(node: SimNode, pick: number): boolean {
    const { config } = this;
    const isFixed = config.reduce !== undefined || config.backups === true;
    if (isFixed || this.newest?.phase !== 'running') return false;
    const request: Request =
      config.drifts === true
        ? { ask: 'filters', filters: roundsOf(2 + Math.floor(pick * 7)) }
        : { ask: 'consistency', consistency: STEERED[Math.floor(pick * STEERED.length)] ?? { kind: 'bsp' } };
    this.trace(`${node.self} asks for ${JSON.stringify(request)}`);
    node.onPage(() => node.step({ kind: 'request', request }));
    return true;
  }

  /** Sums are counted twice where two may bring the same, and have no direction: then pushes go down a slope. */
  private get descends(): boolean {
    return this.config.drifts === true || this.config.backups === true;
  }

  private get batch(): number {
    return this.config.workers + (this.config.both ?? 0);
  }

  private noteCluster(who: NodeId, cluster: ClusterState): void {
    const violation = this.maps.check(cluster);
    if (violation !== null) this.violations.push(violation);
    const { map, phase } = cluster;
    const isNewer = this.newest === null || cluster.term > this.newest.term || cluster.revision > this.newest.revision;
    if (isNewer) {
      this.newest = cluster;
      this.noteCheckpoint(cluster);
      const { term, counter } = map.epoch;
      const chains = map.placements.map(({ chain, learners }) => [chain.join('>'), ...learners].join('+')).join(' ');
      this.trace(
        `epoch ${term}.${counter} ${phase}: ${map.workers.length} workers, chains ${chains} (heard by ${who})`,
      );
    }
    if (phase === 'running' && !this.faultsPlanned) this.planFaults();
  }

  private noteCheckpoint(cluster: ClusterState): void {
    const { newest } = cluster.checkpoint;
    if (newest === null || this.checkpoints.some(({ clock }) => clock === newest.clock)) return;
    this.trace(`checkpoint of clock ${newest.clock} is complete`);
    this.checkpoints.push(gatherCheckpoint(cluster, [...this.nodes.values()]));
  }

  private planFaults(): void {
    this.faultsPlanned = true;
    this.movedAt = this.time.now;
    const { faults, faultCount, steps } = this.config;
    const spanMs = steps * 60;
    const drawn = drawFaults(this.random, faults, faultCount, spanMs);
    this.faultsLeft = drawn.length;
    for (const fault of drawn) this.time.after(fault.atMs, () => this.commit(fault));
    if (this.config.stops)
      this.time.after((hash32(this.config.seed, 19) % 1_000) * 0.001 * steps * MEAN_COMPUTE_MS, () => this.stop());
  }

  private stop(): void {
    const node = this.alive().find(({ isStill }) => !isStill);
    if (node === undefined || this.newest === null || !isActive(this.newest)) return;
    this.trace(`${node.self} asks to stop`);
    node.onPage(() => node.step({ kind: 'request', request: { ask: 'stop' } }));
  }

  private commit(fault: Fault): void {
    this.faultsLeft--;
    this.movedAt = this.time.now;
    this.injector.commit(fault);
  }

  private get map(): ClusterState['map'] | undefined {
    return this.newest?.map;
  }

  /** 3: no gradient is computed on parameters older than τ allows. */
  private checkStart(worker: WorkerId, clock: number, required: number, floor: number): void {
    this.trace(`${worker.node}/${worker.incarnation} computes ${clock}`);
    if (floor < required && !this.heardLate(clock))
      this.violate(3, `worker ${worker.node} computes clock ${clock} on floor ${floor}, needs ${required}`);
  }

  /** Where some hear late of a change, those who wait for each other's rounds go on: see `HostedSegment.isReached`. */
  private heardLate(clock: number): boolean {
    const schedule = this.newest?.schedule ?? [];
    return this.alive().some((node) => node.isLateFor(clock, schedule));
  }

  private afterEvent(): void {
    this.events++;
    if (this.events % REPLICA_CHECK_EVERY === 0) this.violations.push(...checkReplicas(this.copies()));
    if (this.events % 50 === 0) this.checkProgress();
    if (this.events % (MEMORY_CHECK_EVERY * this.total) === 0) this.checkMemory();
  }

  /** 7: nothing grows over its bound. */
  private checkMemory(): void {
    // A room that is begun by a stranger has none, while those of the old one are still at work.
    const segments = Math.max(this.placed, this.map?.placements.length ?? 0);
    this.placed = segments;
    for (const { self, shard, worker } of this.alive()) {
      this.violations.push(...checkMemory(self, shard.load(), worker?.load() ?? null, segments));
    }
  }

  /** 6: the clocks move, until everybody is done. */
  private checkProgress(): void {
    if (!this.faultsPlanned) {
      if (this.time.now > STALL_LIMIT_MS) this.violate(6, 'training never began');
      return;
    }
    const workers = this.alive().flatMap(({ worker }) => worker ?? []);
    const floor = workers.length === 0 ? -1 : Math.min(...workers.map(({ finishedClock }) => finishedClock));
    this.tellOnlooker(floor);
    if (floor !== this.lastFloor) {
      this.lastFloor = floor;
      this.movedAt = this.time.now;
    }
    if (this.isQuiet()) this.hasEnded = true;
    else if (this.faultsLeft === 0 && this.injector.isIdle && this.time.now - this.movedAt > STALL_LIMIT_MS)
      this.violate(6, this.describeStall());
  }

  private tellOnlooker(floor: number): void {
    const { newest, config } = this;
    if (newest === null || config.observe === undefined) return;
    config.observe({
      now: this.time.now,
      floor,
      cluster: newest,
      add: (role) => this.add(role),
      kill: (node) => this.injector.crash(node),
    });
  }

  /** Everybody in the newest map has done and got acknowledged all, and no segment is on its way. */
  private isQuiet(): boolean {
    if (this.faultsLeft > 0 || !this.injector.isIdle || this.map === undefined) return false;
    // After the end workers may all go; during a run there is always one, or there will be.
    if (this.newest === null || (this.map.workers.length === 0 && isActive(this.newest))) return false;
    const workers = this.map.workers.map(({ node }) => this.nodes.get(node));
    const { epoch } = this.map;
    return (
      this.alive().every(({ shard }) => compareEpochs(shard.epoch, epoch) === 0) &&
      workers.every((node) => node?.isAlive && !node.isStill && node.worker?.isDone) &&
      this.map.placements.every(
        ({ learners, chain }) => learners.length === 0 && chain.every((node) => this.isThere(node)),
      )
    );
  }

  private isThere(id: NodeId): boolean {
    const node = this.nodes.get(id);
    return node?.isAlive === true && !node.isStill;
  }

  private describeStall(): string {
    const workers = this.alive().map(({ self, worker }) => {
      const state = worker === null ? '–' : `${worker.finishedClock} (${worker.unacknowledged} unacknowledged)`;
      return `${self}: ${state}`;
    });
    const { phase, message } = this.newest ?? {};
    return `nothing moves for ${STALL_LIMIT_MS} ms, phase ${phase} ${message ?? ''}; workers ${workers.join(', ')}`;
  }

  private checkEnd(): void {
    this.checkStop();
    const owners = new Map<number, Segment>();
    for (const node of this.alive()) {
      for (const { segment, isOwner } of node.shard.segments()) {
        if (!isOwner) continue;
        const key = segmentKey(segment.range.table, segment.range.segment);
        const holder = this.map?.placements[this.indexOf(key)]?.chain[0];
        if (holder === node.self) owners.set(key, segment);
      }
    }
    this.violations.push(...this.pushes.check(owners, this.readsMeans()), ...checkReplicas(this.copies()));
  }

  /** 9: a run that was stopped ends with all of its workers at one clock. */
  private checkStop(): void {
    const workers = this.map?.workers.flatMap(({ node }) => this.nodes.get(node)?.worker ?? []) ?? [];
    const clocks = new Set(workers.map(({ finishedClock }) => finishedClock));
    if (this.newest?.phase === 'stopped' && clocks.size > 1)
      this.violate(9, `workers have stopped at clocks ${[...clocks].join(', ')}`);
  }

  /** In BSP the pushes of a clock are in as their mean, where the updater takes one. */
  private readsMeans(): boolean {
    return this.descends && this.config.consistency.kind === 'bsp';
  }

  private indexOf(key: number): number {
    return key < segmentKey(1, 0) ? key : this.segments + (key - segmentKey(1, 0));
  }

  private copies(): { node: NodeId; segment: Segment }[] {
    return this.alive().flatMap((node) => node.shard.segments().map(({ segment }) => ({ node: node.self, segment })));
  }

  private alive(): SimNode[] {
    return [...this.nodes.values()].filter(({ isAlive }) => isAlive);
  }

  private violate(invariant: number, text: string): void {
    this.violations.push({ invariant, text });
  }

  private trace(line: string): void {
    const full = `${this.time.now.toFixed(3)} ${line}`;
    for (let at = 0; at < full.length; at++) this.hash = (Math.imul(this.hash, 31) + full.charCodeAt(at)) | 0;
    this.config.onTrace?.(full);
  }

  private result(): SimulationResult {
    const owners = this.alive().flatMap((node) => node.shard.segments().filter(({ isOwner }) => isOwner));
    const sorted = owners
      .map(({ segment }) => segment)
      .sort((a, b) => a.range.table - b.range.table || a.range.segment - b.range.segment);
    const duplicates = [...this.nodes.values()].reduce(
      (sum, { shard }) => sum + shard.counters.figures().duplicates,
      0,
    );
    return {
      seed: this.config.seed,
      violations: this.violations,
      virtualMs: this.time.now,
      events: this.events,
      faults: this.injector.committed,
      messages: this.network.messages,
      bytes: this.network.bytes,
      acknowledged: this.pushes.acknowledgedCount,
      duplicates,
      skipped: [...this.nodes.values()].reduce((sum, node) => sum + node.skippedPushes, 0),
      traceHash: (this.hash >>> 0).toString(16).padStart(8, '0'),
      parameters: sorted.map((segment) => segment.state().values),
      nodes: [...this.nodes.values()],
      checkpoints: this.checkpoints,
    };
  }
}
