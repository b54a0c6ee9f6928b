// Histories under faults hold, the same seed is the same history, and the checks can fail: with the shard broken in one
// place each, a known range of seeds shows it.
import { afterEach, describe, expect, it } from 'vitest';
import { Room } from '../../signaling/room.ts';
import { parsePullFilters, parsePushFilters } from '../protocol/filters.ts';
import type { Push } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Consistency } from '../ps/consistency.ts';
import { HeldRows } from '../ps/filters/held-rows.ts';
import { HeldAcks } from '../ps/held-acks.ts';
import { HostedSegment } from '../ps/hosted-segment.ts';
import { NodeCore } from '../ps/node-core.ts';
import { RoomRoles } from '../ps/room-roles.ts';
import { RunSteering } from '../ps/run-steering.ts';
import { SegmentMoves } from '../ps/segment-moves.ts';
import { ShardCore } from '../ps/shard-core.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { measureGrowth } from './growth.ts';
import type { SimulationConfig } from './history.ts';
import { CONTROL_LANE } from './network.ts';
import { Simulation } from './simulation.ts';

const BSP: Consistency = { kind: 'bsp' };
const SSP: Consistency = { kind: 'ssp', delay: 4 };
const DYNAMIC: Consistency = { kind: 'dynamic', delay: 1 };
const ASYNC: Consistency = { kind: 'async' };

const config = (seed: number, change: Partial<SimulationConfig> = {}): SimulationConfig => ({
  seed,
  workers: 4,
  servers: 3,
  replicas: 1,
  consistency: BSP,
  steps: 40,
  faults: faultKinds,
  faultCount: 10,
  ...change,
});

const violationsOf = (seeds: number, change: Partial<SimulationConfig> = {}) =>
  Array.from({ length: seeds }, (_, seed) => new Simulation(config(seed, change)).run()).flatMap(
    ({ seed, violations }) => violations.map(({ invariant, text }) => `seed ${seed}: invariant ${invariant}: ${text}`),
  );

/** What restarts of the signaling server meet: a long run in which tabs come and go. */
const RESTARTS: Partial<SimulationConfig> = {
  faults: ['signaling', 'join', 'join-server', 'kill-worker', 'kill-server'],
  faultCount: 14,
  steps: 100,
};

/** What makes workers fall behind, and those go who help them, or are helped. */
const SLOWING: readonly FaultKind[] = ['slow', 'slow', 'freeze', 'kill-worker', 'kill-server', 'join', 'break-late'];

const LOSING: readonly FaultKind[] = [
  ...(['slow', 'freeze', 'kill-worker', 'kill-server', 'join'] as const),
  ...(['break', 'break-late', 'partition', 'leave'] as const),
];

/** What makes tabs hear late of a change. */
const STEERED: Partial<SimulationConfig> = {
  ...{ faults: ['steer', 'busy-page', 'freeze', 'slow'], faultCount: 12, steps: 80, segments: 2 },
};

/** Somebody stops the run; some hear of it late, and wait for who has stopped before. */
const STOPPED: Partial<SimulationConfig> = {
  ...{
    stops: true,
    segments: 2,
    faults: ['busy-page', 'busy-page', 'freeze', 'slow', 'kill-worker', 'kill-server', 'join'],
  },
};

const BEHIND: Partial<SimulationConfig> = { backups: true, segments: 2, workers: 5, steps: 80, faults: SLOWING };

/** Of the first history that fails; empty where all hold. */
function firstViolation(seeds: number, change: Partial<SimulationConfig> = {}): string {
  for (let seed = 0; seed < seeds; seed++) {
    const [found] = new Simulation(config(seed, change)).run().violations;
    if (found !== undefined) return `seed ${seed}: invariant ${found.invariant}: ${found.text}`;
  }
  return '';
}

describe('histories with faults of every kind hold', () => {
  it.each([
    ['BSP', BSP],
    ['bounded delay', SSP],
    ['a delay that the scheduler moves', DYNAMIC],
    ['async', ASYNC],
  ] as const)('%s, one replica', (_, consistency) => {
    expect(violationsOf(16, { consistency })).toEqual([]);
  });

  it('two replicas, more nodes', () => {
    expect(violationsOf(3, { workers: 8, servers: 6, replicas: 2, faultCount: 16 })).toEqual([]);
  });

  it.each([BSP, SSP, ASYNC].flatMap((consistency) => ['f16', 'whole'].map((codec) => [consistency, codec] as const)))(
    'with filters that keep whole numbers: coded, by difference, keys by signature (%o, %s)',
    (consistency, codec) => {
      const [push, pull] = [parsePushFilters(codec), parsePullFilters(`delta+${codec}`)];
      const filters = { kind: 'fixed', push, pull } as const;
      expect(violationsOf(6, { consistency, filters })).toEqual([]);
      const [coded, plain] = [{ filters }, {}].map((change) => {
        let bytes = 0;
        const onSend: SimulationConfig['onSend'] = (_from, _to, lane, size) => {
          if (lane !== CONTROL_LANE) bytes += size;
        };
        const { parameters } = new Simulation(config(1, { faults: [], onSend, ...change })).run();
        return { bytes, parameters };
      });
      expect(coded?.bytes).toBeLessThan(plain?.bytes ?? 0);
      expect(coded?.parameters).toEqual(plain?.parameters);
    },
  );

  // Others' rounds, and a worker that hears late of them, waited for each other: `HostedSegment.isReached`.
  it('consistency and local steps change in mid-run, and some hear of it late', () => {
    for (const consistency of [BSP, SSP, ASYNC]) expect(violationsOf(6, { ...STEERED, consistency })).toEqual([]);
    expect(violationsOf(21, { ...STEERED, drifts: true })).toEqual([]);
  });

  it('somebody stops the run: every worker ends at one clock', () => {
    for (const consistency of [BSP, SSP, DYNAMIC, ASYNC]) {
      expect(violationsOf(8, { ...STOPPED, consistency })).toEqual([]);
      expect(violationsOf(8, { ...STOPPED, consistency, drifts: true })).toEqual([]);
    }
    expect(violationsOf(8, { ...STOPPED, reduce: 'ring' })).toEqual([]);
    expect(violationsOf(4, { ...STOPPED, ...BEHIND })).toEqual([]);
  });

  it('gradients added up round a ring, workers killed and cut off in the middle of it', () => {
    const ring = { reduce: 'ring', segments: 2, steps: 25 } as const;
    expect(violationsOf(12, ring)).toEqual([]);
    expect(violationsOf(12, { ...ring, workers: 1, servers: 1, both: 4 })).toEqual([]);
    const faults: readonly FaultKind[] = ['kill-worker', 'join', 'break', 'freeze', 'slow'];
    expect(violationsOf(12, { ...ring, workers: 3, servers: 2, both: 2, faults, faultCount: 14 })).toEqual([]);
  });

  it.each([BSP, SSP, DYNAMIC, ASYNC])('drifts that cover several clocks, as many as the seed draws', (consistency) => {
    expect(violationsOf(8, { consistency, drifts: true, segments: 2 })).toEqual([]);
  });

  it('idle workers make the gradients of those far behind, too: each is in once, whoever was first', () => {
    const results = Array.from({ length: 4 }, (_, seed) => new Simulation(config(seed, BEHIND)).run());
    expect(results.flatMap(({ seed, violations }) => violations.map(({ text }) => `seed ${seed}: ${text}`))).toEqual(
      [],
    );
    expect(results.reduce((sum, { skipped }) => sum + skipped, 0)).toBeGreaterThan(0);
  });

  it('idle workers take several batches for those far behind', () => {
    expect(violationsOf(2, { ...BEHIND, drifts: true })).toEqual([]);
  });

  // What was pushed for a worker was lost with its server, and the worker, already past it, did not say so.
  it('what an idle worker has made is lost with a server', () => {
    expect(new Simulation(config(90, { ...BEHIND, faults: LOSING })).run().violations).toEqual([]);
  });

  it('signaling restarts again and again, while tabs come and go', () => {
    expect(violationsOf(8, RESTARTS)).toEqual([]);
    expect(new Simulation(config(22, RESTARTS)).run().violations).toEqual([]);
  });

  it('no replicas: nobody who holds something is killed, but everything else happens', () => {
    expect(violationsOf(8, { servers: 2, replicas: 0 })).toEqual([]);
  });
});

describe('histories that once failed', () => {
  // Each was found by its seed. The draw of faults has changed since; the causes themselves are pinned by the tests of
  // scheduler, membership and replication, and by the mutations below.
  it.each([
    ['a scheduler cut off from one copy let go of it while nobody knew that the other was dead', 389, BSP, 10],
    ['the same under bounded delay', 389, SSP, 10],
    ['the same in async', 389, ASYNC, 10],
    ['after its end every worker went', 402, BSP, 10],
    ['a scheduler that thawed took everybody for gone, the last copies too', 463, BSP, 10],
    ['signaling came back before the news that the other copy was dead', 559, BSP, 10],
    ['a segment moved to two servers that were dead, and nobody knew', 738, BSP, 15],
    ['a learner joined a chain of the dead', 940, BSP, 15],
    ['a learner joined the chain without the last pushes acknowledged before', 14, BSP, 10],
    ['a push came whose forerunners an earlier owner had acknowledged', 11, SSP, 15],
  ] as const)('%s', (_, seed, consistency, faultCount) => {
    expect(new Simulation(config(seed, { consistency, faultCount })).run().violations).toEqual([]);
  });
});

it('of many steps keeps every queue under its bound, with receipts that pushes share', () => {
  const faults: readonly FaultKind[] = ['break', 'break-late', 'stall', 'freeze', 'partition', 'signaling', 'slow'];
  const change = { workers: 2, servers: 2, segments: 1, consistency: SSP, faults, faultCount: 30, steps: 1_500 };
  const { violations, acknowledged, faults: committed } = new Simulation(config(1, change)).run();
  expect(violations).toEqual([]);
  expect(acknowledged).toBe(2 * 1_500);
  expect(committed).toBeGreaterThan(20);
});

describe('cost', () => {
  it('of a node does not grow with the room, and the scheduler has no more than its share', () => {
    const [small, large] = [measureGrowth(10), measureGrowth(30)];
    expect(large.messages).toBeLessThan(1.1 * small.messages);
    expect(large.kibibytes).toBeLessThan(1.1 * small.kibibytes);
    // Control messages follow the time, not the steps.
    expect(large.controlMessages / large.stepMs).toBeLessThan((1.3 * small.controlMessages) / small.stepMs);
    expect(large.schedulerMessages / large.stepMs).toBeLessThan((3 * 1.3 * small.schedulerMessages) / small.stepMs);
    expect(large.controlKibibytes / large.stepMs).toBeLessThan((1.3 * small.controlKibibytes) / small.stepMs);
    expect(large.schedulerKibibytes / large.stepMs).toBeLessThan((3 * 1.3 * small.schedulerKibibytes) / small.stepMs);
    expect(large.failoverMs).toBeLessThan(800);
  });
});

describe('a history', () => {
  it('is the same for the same seed, to the last byte of its trace', () => {
    const traces = [0, 1].map(() => {
      const lines: string[] = [];
      new Simulation(config(5, { onTrace: (line) => lines.push(line) })).run();
      return lines.join('\n');
    });
    expect(traces[0]).toBe(traces[1]);
    expect(traces[0]?.length).toBeGreaterThan(1_000);
  });

  it('is another one for another seed', () => {
    expect(new Simulation(config(5)).run().traceHash).not.toBe(new Simulation(config(6)).run().traceHash);
  });

  it('with a ring ends as without one, with fewer messages from and to the servers', () => {
    const lanes = (reduce: 'ring' | undefined) => {
      const counts = new Map<string, number>();
      const onSend = (_: NodeId, __: NodeId, lane: string) => counts.set(lane, (counts.get(lane) ?? 0) + 1);
      const calm = { workers: 4, servers: 2, replicas: 0, segments: 2, steps: 10, faults: [], onSend };
      const { parameters, violations } = new Simulation(config(3, { ...calm, ...(reduce && { reduce }) })).run();
      expect(violations).toEqual([]);
      return { counts, parameters };
    };
    const [ring, server] = [lanes('ring'), lanes(undefined)];
    // Whole numbers: their sum is the same in any order.
    expect(ring.parameters).toEqual(server.parameters);
    // 3 segments, 10 clocks: 4 pushes each to its server, or 3 from worker to worker and 1 to the server.
    expect(server.counts.get('shard push')).toBe(3 * 10 * 4);
    expect(ring.counts.get('shard push')).toBeUndefined();
    expect(ring.counts.get('shard ringPush')).toBe(3 * 10);
    expect(ring.counts.get('trainer ringPush')).toBe(3 * 10 * 3);
    expect(ring.counts.get('trainer ringAnswer')).toBe(3 * 10 * 3);
  });

  it('in BSP ends with the parameters of the run without faults when only servers are lost', () => {
    const calm = new Simulation(config(3, { faults: [] })).run();
    const faults: readonly FaultKind[] = ['kill-server', 'leave-server', 'join-server'];
    for (const seed of [3, 4, 5]) {
      const hit = new Simulation(config(seed, { servers: 4, faults, faultCount: 4 })).run();
      expect(hit.violations).toEqual([]);
      expect(hit.faults).toBeGreaterThan(0);
      expect(hit.parameters).toEqual(calm.parameters);
    }
  });

  it('with drifts has fewer pushes than clocks, each in once', () => {
    const calm = { faults: [], segments: 2, consistency: SSP };
    const [drifts, plain] = [true, false].map((drifts) => new Simulation(config(3, { ...calm, drifts })).run());
    expect(plain?.acknowledged).toBe(2 * 4 * 40);
    expect(drifts?.acknowledged).toBeLessThan(2 * 4 * 21);
    expect(drifts?.violations).toEqual([]);
  });
});

/** Replaces one method of a core for one test. */
function breakMethod(prototype: object, name: string, broken: (this: never, ...parts: never[]) => unknown): () => void {
  const original: unknown = Reflect.get(prototype, name);
  Reflect.set(prototype, name, broken);
  return () => Reflect.set(prototype, name, original);
}

/** A private method of a core, for a broken version to fall back on. */
const method = (target: object, name: string): ((...parts: unknown[]) => unknown) => {
  const found: unknown = Reflect.get(target, name);
  if (typeof found !== 'function') throw new Error(`no method ${name}`);
  return (...parts) => Reflect.apply(found, target, parts);
};

describe('the checks can fail', () => {
  let restore = () => {};
  afterEach(() => restore());

  it.each([
    ['an acknowledged push', {}],
    ['a drift', { drifts: true, segments: 2 }],
  ])('without deduplication %s is in twice', (_, change) => {
    const original = HostedSegment.prototype.takePush;
    restore = breakMethod(
      HostedSegment.prototype,
      'takePush',
      function (this: HostedSegment, from: NodeId, push: Push) {
        const applied = this.segment.clocks.get(push.worker) ?? -1;
        if (push.clock <= applied && push.clock >= push.settled) method(this, 'applyAlone')(push);
        else original.call(this, from, push);
      },
    );
    expect(firstViolation(30, { consistency: SSP, ...change })).toContain('invariant 1');
  });

  it('when a pull waits for who has pushed a longer round, those who hear of rounds late wait for ever', () => {
    restore = breakMethod(HostedSegment.prototype, 'isReached', function (this: HostedSegment, clock: number) {
      return clock <= this.segment.clocks.floor();
    });
    expect(firstViolation(21, { ...STEERED, drifts: true })).toContain('invariant 6');
  });

  it('when nobody follows who heard late of a stop, a run stops with workers at two clocks, or never', () => {
    restore = breakMethod(RunSteering.prototype, 'standTogether', () => undefined);
    expect(firstViolation(40, { ...STOPPED, consistency: SSP, drifts: true })).toMatch(/invariant [69]/);
  });

  it('when a gradient made for a slow worker is taken although its own is in, it counts twice', () => {
    const original = HostedSegment.prototype.takePush;
    restore = breakMethod(
      HostedSegment.prototype,
      'takePush',
      function (this: HostedSegment, from: NodeId, push: Push) {
        const isIn = push.clock <= (this.segment.clocks.get(push.worker) ?? -1);
        if (from !== push.worker.node && isIn) method(this, 'applyTogether')(push.clock, [push]);
        else original.call(this, from, push);
      },
    );
    expect(firstViolation(20, BEHIND)).toContain('invariant 1');
  });

  it('when a gradient of several is taken although some of it is in, a push counts twice', () => {
    restore = breakMethod(HostedSegment.prototype, 'standingOf', () => 'next');
    expect(firstViolation(20, { reduce: 'ring', segments: 2, steps: 25 })).toContain('invariant 1');
  });

  it('without the epoch check frames of an old epoch are applied, and pushes are lost or doubled', () => {
    const original: unknown = Reflect.get(ShardCore.prototype, 'judge');
    if (typeof original !== 'function') throw new Error('no method judge');
    restore = breakMethod(
      ShardCore.prototype,
      'judge',
      function (this: ShardCore, from: NodeId, frame: { epoch: object }) {
        return Reflect.apply(original, this, [from, { ...frame, epoch: this.epoch }]);
      },
    );
    expect(firstViolation(40, { consistency: ASYNC })).toContain('invariant');
  });

  it('when a push is acknowledged before its replicas have it, it can be lost', () => {
    restore = breakMethod(HostedSegment.prototype, 'acknowledgeWhenSafe', function (this: HostedSegment, push: Push) {
      method(this, 'acknowledge')(push.worker, push.clock);
    });
    expect(firstViolation(60, { consistency: ASYNC, faults: ['kill-server', 'stall'] })).toContain('invariant 1');
  });

  it('when a worker goes on from what it held before its owner changed, it reads what no owner had', () => {
    const filters = { kind: 'fixed', push: parsePushFilters('whole'), pull: parsePullFilters('delta+whole') } as const;
    restore = breakMethod(HeldRows.prototype, 'clear', () => undefined);
    expect(firstViolation(6, { filters })).toContain('invariant 8');
  });

  it('when parked pulls are not released, nothing moves', () => {
    restore = breakMethod(HostedSegment.prototype, 'release', () => undefined);
    expect(violationsOf(1, { faults: [] }).join()).toContain('invariant 6');
  });

  it('when copies are let go for others that may be dead, what is lost stays lost', () => {
    restore = breakMethod(SegmentMoves.prototype, 'keepProven', (_: unknown, next: unknown) => next);
    const faults: readonly FaultKind[] = ['kill-server', 'break', 'signaling', 'freeze', 'cut-off'];
    expect(new Simulation(config(19, { faults, faultCount: 12 })).run().violations).toMatchObject([{ invariant: 6 }]);
  });

  it('when who comes back to signaling first knows only of itself, ids are given twice', () => {
    const original: unknown = Reflect.get(Room.prototype, 'restore');
    if (typeof original !== 'function') throw new Error('no method restore');
    restore = breakMethod(Room.prototype, 'restore', function (this: Room, resume: { node: number }, now: number) {
      Reflect.apply(original, this, [{ ...resume, newest: resume.node }, now]);
    });
    expect(new Simulation(config(22, RESTARTS)).run().violations).toMatchObject([{ invariant: 6 }]);
  });

  it('when nobody is sidelined, a pair that can’t connect keeps the room waiting', () => {
    restore = breakMethod(RoomRoles.prototype, 'weigh', () => undefined);
    expect(firstViolation(20, { faults: ['unreachable'] })).toContain('invariant 6');
  });

  it('when a dead link is not rebuilt, neither does anything move', () => {
    restore = breakMethod(NodeCore.prototype, 'mend', () => undefined);
    expect(firstViolation(20, { faults: ['dead-link'] })).toContain('invariant 6');
  });

  it('when what was acknowledged is kept, memory grows over its bound', () => {
    const original: unknown = Reflect.get(HeldAcks.prototype, 'takeUpTo');
    if (typeof original !== 'function') throw new Error('no method takeUpTo');
    restore = breakMethod(HeldAcks.prototype, 'takeUpTo', function (this: HeldAcks, safe: unknown) {
      const taken: unknown = Reflect.apply(original, this, [safe]);
      if (Array.isArray(taken)) for (const ack of taken) this.hold(ack);
      return taken;
    });
    const restoreSettled = breakMethod(HeldAcks.prototype, 'forgetBefore', () => undefined);
    const restoreCount = breakMethod(HeldAcks.prototype, 'countOf', () => 0);
    try {
      expect(firstViolation(1, { consistency: ASYNC, faults: [] })).toContain('invariant 7');
    } finally {
      restoreSettled();
      restoreCount();
    }
  });

  it('when pulls are answered before their clocks are reached, the bounded delay is violated', () => {
    restore = breakMethod(HostedSegment.prototype, 'release', function (this: HostedSegment, by: unknown) {
      const parked: unknown = Reflect.get(this, 'parked');
      Reflect.set(this, 'parked', []);
      if (Array.isArray(parked)) for (const { from, pull } of parked) method(this, 'answer')(from, pull, from !== by);
    });
    expect(violationsOf(5).join()).toContain('invariant 3');
  });
});
