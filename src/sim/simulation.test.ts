// Histories under faults hold, the same seed is the same history, and the checks can fail: with the shard broken in one
// place each, a known range of seeds shows it.
import { afterEach, describe, expect, it } from 'vitest';
import { parsePullFilters, parsePushFilters } from '../protocol/filters.ts';
import type { Push } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Consistency } from '../ps/consistency.ts';
import { HostedSegment } from '../ps/hosted-segment.ts';
import { ShardCore } from '../ps/shard-core.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import { Simulation, type SimulationConfig } from './simulation.ts';

const BSP: Consistency = { kind: 'bsp' };
const SSP: Consistency = { kind: 'ssp', delay: 4 };
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

describe('histories with faults of every kind hold', () => {
  it.each([
    ['BSP', BSP],
    ['bounded delay', SSP],
    ['async', ASYNC],
  ] as const)('%s, one replica', (_, consistency) => {
    expect(violationsOf(40, { consistency })).toEqual([]);
  });

  it('two replicas, more nodes', () => {
    expect(violationsOf(8, { workers: 8, servers: 6, replicas: 2, faultCount: 16 })).toEqual([]);
  });

  it.each([BSP, SSP, ASYNC])(
    'with filters that keep whole numbers: coded, by difference, keys by signature',
    (consistency) => {
      const filters = { kind: 'fixed', push: parsePushFilters('f16'), pull: parsePullFilters('delta+f16') } as const;
      expect(violationsOf(6, { consistency, filters })).toEqual([]);
      const [coded, plain] = [{ filters }, {}].map((change) =>
        new Simulation(config(1, { faults: [], ...change })).run(),
      );
      expect(coded?.bytes).toBeLessThan(plain?.bytes ?? 0);
      expect(coded?.parameters).toEqual(plain?.parameters);
    },
  );

  it('no replicas: nobody who holds something is killed, but everything else happens', () => {
    expect(violationsOf(15, { servers: 2, replicas: 0 })).toEqual([]);
  });
});

describe('histories that once failed', () => {
  it.each([
    ['a scheduler cut off from one copy let go of it while nobody knew that the other was dead', 389, BSP],
    ['the same under bounded delay', 389, SSP],
    ['the same in async', 389, ASYNC],
    ['after its end every worker went', 402, BSP],
    ['a scheduler that thawed took everybody for gone, the last copies too', 463, BSP],
    ['signaling came back before the news that the other copy was dead', 559, BSP],
    ['a segment moved to two servers that were dead, and nobody knew', 738, BSP, 15],
    ['a learner joined a chain of the dead', 940, BSP, 15],
    ['a push came whose forerunners an earlier owner had acknowledged', 11, SSP, 15],
  ] as const)('%s', (_, seed, consistency, faultCount?: number) => {
    expect(new Simulation(config(seed, { consistency, faultCount: faultCount ?? 10 })).run().violations).toEqual([]);
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

  it('in BSP ends with the parameters of the run without faults when only servers are lost', () => {
    const calm = new Simulation(config(3, { faults: [] })).run();
    const faults: readonly FaultKind[] = ['kill-server', 'leave-server', 'join-server'];
    for (const seed of [3, 4, 5, 6, 7]) {
      const hit = new Simulation(config(seed, { servers: 4, faults, faultCount: 4 })).run();
      expect(hit.violations).toEqual([]);
      expect(hit.faults).toBeGreaterThan(0);
      expect(hit.parameters).toEqual(calm.parameters);
    }
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

  it('without deduplication an acknowledged push is in twice', () => {
    const original = HostedSegment.prototype.takePush;
    restore = breakMethod(HostedSegment.prototype, 'takePush', function (this: HostedSegment, push: Push) {
      const applied = this.segment.clocks.get(push.worker) ?? -1;
      if (push.clock <= applied && push.clock >= push.settled) method(this, 'applyAlone')(push);
      else original.call(this, push);
    });
    expect(violationsOf(30, { consistency: SSP }).join()).toContain('invariant 1');
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
    expect(violationsOf(40, { consistency: ASYNC }).length).toBeGreaterThan(0);
  });

  it('when a push is acknowledged before its replicas have it, it can be lost', () => {
    restore = breakMethod(HostedSegment.prototype, 'acknowledgeWhenSafe', function (this: HostedSegment, push: Push) {
      method(this, 'acknowledge')(push.worker, push.clock);
    });
    expect(violationsOf(60, { consistency: ASYNC, faults: ['kill-server', 'stall'] }).join()).toContain('invariant 1');
  });

  it('when parked pulls are not released, nothing moves', () => {
    restore = breakMethod(HostedSegment.prototype, 'release', () => undefined);
    expect(violationsOf(1, { faults: [] }).join()).toContain('invariant 6');
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
