// Everybody gone: a history that goes on from a checkpoint of another one, with other tabs, ends as the one that was never
// interrupted.
import { describe, expect, it } from 'vitest';
import type { Consistency } from '../ps/consistency.ts';
import { type FaultKind, faultKinds } from './faults.ts';
import type { SimulationConfig } from './history.ts';
import { Simulation } from './simulation.ts';

const BSP: Consistency = { kind: 'bsp' };

const run = (change: Partial<SimulationConfig>) =>
  new Simulation({
    seed: 1,
    workers: 4,
    servers: 3,
    replicas: 1,
    consistency: BSP,
    steps: 40,
    faults: [],
    faultCount: 10,
    ...change,
  }).run();

const clocksOf = ({ checkpoints }: ReturnType<typeof run>) => checkpoints.map(({ clock }) => clock);

describe('in BSP', () => {
  const calm = run({});
  const kept = run({ checkpoint: { steps: 10, seconds: null } });

  it('checkpoints change nothing, and end where whole tens of steps do', () => {
    expect(kept.violations).toEqual([]);
    expect(kept.parameters).toEqual(calm.parameters);
    expect(clocksOf(kept).length).toBeGreaterThan(1);
    // A ten that is over before the one before was complete is left out.
    for (const clock of clocksOf(kept)) expect([9, 19, 29, 39]).toContain(clock);
  });

  it.each([1, 2, 5])('a run resumed with %i servers ends with the bytes of the uninterrupted one', (servers) => {
    for (const from of kept.checkpoints) {
      const resumed = run({ seed: 2 + servers, servers, from });
      expect(resumed.violations).toEqual([]);
      expect(resumed.parameters).toEqual(calm.parameters);
    }
  });

  it('so does one resumed from a resumed one', () => {
    const [first] = kept.checkpoints;
    const again = run({ seed: 7, checkpoint: { steps: 15, seconds: null }, ...(first && { from: first }) });
    const [second] = again.checkpoints;
    expect(second?.clock).toBe(14);
    expect(run({ seed: 8, ...(second && { from: second }) }).parameters).toEqual(calm.parameters);
  });

  it('so do those whose servers come and go before and after', () => {
    const faults: readonly FaultKind[] = ['kill-server', 'leave-server', 'join-server', 'break'];
    for (const seed of [3, 4, 5, 6, 7, 8]) {
      const hit = run({ seed, servers: 4, faults, faultCount: 6, checkpoint: { steps: 8, seconds: null } });
      expect(hit.violations).toEqual([]);
      expect(hit.checkpoints.length).toBeGreaterThan(0);
      for (const from of hit.checkpoints.filter((_, index) => index % 2 === 0)) {
        const resumed = run({ seed: seed + 100, servers: 4, faults, faultCount: 4, from });
        expect(resumed.violations).toEqual([]);
        expect(resumed.parameters).toEqual(calm.parameters);
      }
    }
  });
});

/** Where some of a run was not in BSP, workers were ahead of the cut there. */
const STEADY = faultKinds.filter((kind) => kind !== 'steer');

describe('with workers lost, and with bounded delay and async', () => {
  it.each([
    ['BSP', BSP],
    ['bounded delay', { kind: 'ssp', delay: 4 }],
    ['async', { kind: 'async' }],
  ] as const)('%s: every acknowledged push of a resumed run is in exactly once', (_, consistency) => {
    let resumed = 0;
    for (let seed = 0; seed < 12; seed++) {
      const faults = consistency.kind === 'bsp' ? STEADY : faultKinds;
      const hit = run({ seed, consistency, faults, checkpoint: { steps: null, seconds: 0.5 } });
      expect(hit.violations).toEqual([]);
      const from = hit.checkpoints.findLast(({ clock }) => clock <= 35);
      if (from === undefined) continue;
      resumed++;
      const second = run({ seed: seed + 50, consistency, faults, from });
      // Receipts of the first run's later pushes are in, too, where workers were ahead: only in BSP there are none.
      if (consistency.kind === 'bsp') expect(second.violations).toEqual([]);
      else expect(second.violations.filter(({ invariant }) => invariant !== 1)).toEqual([]);
    }
    expect(resumed).toBeGreaterThan(0);
  });
});
