import { describe, expect, it } from 'vitest';
import type { LoggedMap } from '../../src/runtime/automation.ts';
import { type DoneFault, reportFault, type TabLog } from './fault-report.ts';

const map = (atMs: number, workers: number[], keepers: number[], scheduler = 1): LoggedMap =>
  ({ atMs, workers, keepers, owners: keepers, scheduler }) as unknown as LoggedMap;

const done = (fault: object, node: number | null, atMs: number): DoneFault =>
  ({ fault: { text: 'x', atStep: 10, ...fault }, atStep: 10, node, atMs }) as DoneFault;

const LOSS = [
  [8, 0, 0, 2],
  [10, 0, 0, 1.5],
  [12, 0, 0, 1.25],
] as const;

describe('the report of a kill', () => {
  const killed = done({ kind: 'kill', role: 'server' }, 4, 1_000);
  const logs: TabLog[] = [
    {
      node: 1,
      maps: [map(0, [1, 2], [3, 4]), map(1_300, [1, 2], [3])],
      // Step 11 was on its way when the server died: acknowledged before the new map, it proves nothing.
      steps: [
        [10, 990],
        [11, 1_005],
        [12, 1_900],
      ],
    },
    {
      node: 2,
      maps: [map(0, [1, 2], [3, 4]), map(1_310, [1, 2], [3])],
      steps: [
        [10, 995],
        [11, 1_700],
        [12, 1_950],
      ],
    },
  ];

  it('counts from the kill to the first map without the node, and to the first new step under it', () => {
    expect(reportFault(killed, logs, LOSS)).toEqual({
      kind: 'x',
      atStep: 10,
      node: 4,
      detectedMs: 300,
      recoveryMs: 700,
      lossBefore: 1.5,
      lossAfter: 1.25,
    });
  });

  it('knows no recovery where nothing went on', () => {
    const stuck = logs.map((log) => ({ ...log, steps: log.steps.slice(0, 1) }));
    expect(reportFault(killed, stuck, LOSS).recoveryMs).toBeNull();
  });

  it('of a node that no map counted on is over with the next step: there is nothing to detect', () => {
    const report = reportFault({ ...killed, node: 9 }, logs, LOSS);
    expect([report.detectedMs, report.recoveryMs]).toEqual([null, 5]);
  });

  it('is open for as long as the newest map counts on it', () => {
    const early = logs.map((log) => ({ ...log, maps: log.maps.slice(0, 1) }));
    const report = reportFault(killed, early, LOSS);
    expect([report.detectedMs, report.recoveryMs]).toEqual([null, null]);
  });

  it('of a scheduler waits for the map of another', () => {
    const elected = [{ node: 2, maps: [map(0, [1, 2], [3]), map(1_800, [2], [3], 2)], steps: [[11, 2_000] as const] }];
    const report = reportFault(done({ kind: 'kill', role: 'scheduler' }, 1, 1_000), elected, LOSS);
    expect([report.detectedMs, report.recoveryMs]).toEqual([800, 1_000]);
  });
});

describe('the report of other faults', () => {
  it('a worker that joins: its first step', () => {
    const logs = [
      { node: 1, maps: [map(0, [1], [3]), map(1_500, [1, 5], [3])], steps: [] },
      { node: 5, maps: [], steps: [[11, 1_800] as const] },
    ];
    const report = reportFault(done({ kind: 'join', role: 'worker' }, 5, 1_000), logs, LOSS);
    expect([report.detectedMs, report.recoveryMs]).toEqual([500, 800]);
  });

  it('a pause: the next step of the worker itself', () => {
    const logs = [
      { node: 1, maps: [], steps: [[12, 1_010] as const] },
      { node: 2, maps: [], steps: [[10, 400] as const, [11, 1_200] as const] },
    ];
    expect(reportFault(done({ kind: 'pause', seconds: 1 }, 2, 1_000), logs, LOSS).recoveryMs).toBe(200);
  });

  it('signaling: no map knows of it', () => {
    const logs = [{ node: 1, maps: [map(1_100, [1], [1])], steps: [[10, 900] as const, [11, 1_050] as const] }];
    const report = reportFault(done({ kind: 'stop-signaling' }, null, 1_000), logs, LOSS);
    expect([report.detectedMs, report.recoveryMs]).toEqual([null, 50]);
  });
});
