// What a fault did, from what the tabs that are left have logged: when they heard of it, and when steps were done again.
import type { LoggedMap } from '../../src/runtime/automation.ts';
import type { LoggedStep } from '../../src/runtime/step-log.ts';
import type { PlannedFault } from './fault-plan.ts';

export interface FaultReport {
  /** As it was asked for: "kill-server@40". */
  readonly kind: string;
  /** Clock of the run, as the page showed it, when it was done. */
  readonly atStep: number;
  /** Id of the node that it was done to; null for signaling. */
  readonly node: number | null;
  /** Until a tab that is left acted under a map that knows of it; null for what changes no map. */
  readonly detectedMs: number | null;
  /**
   * Kills: from the kill to the first step that was begun by nobody before, acknowledged by every segment, moved ones
   * included, after the new map, or after the kill where the node was on no map. Joins: until the newcomer's first step, or its first segment. Leaving: until it owns
   * nothing. Pauses: from the thaw to the worker's next step. Signaling and cut connections: to the next step of anybody. Null: never.
   */
  readonly recoveryMs: number | null;
  readonly lossBefore: number | null;
  readonly lossAfter: number | null;
}

/** A fault that was done, and when. */
export interface DoneFault {
  readonly fault: PlannedFault;
  readonly atStep: number;
  readonly node: number | null;
  /** Milliseconds since 1970; for a pause, of its end; for a join, when its tab was opened. */
  readonly atMs: number;
}

/** What one tab has logged. */
export interface TabLog {
  readonly node: number;
  readonly maps: readonly LoggedMap[];
  readonly steps: readonly LoggedStep[];
}

/** [clock, samples, seconds, value], ascending. */
type Curve = readonly (readonly [number, number, number, number])[];

export function reportFault(done: DoneFault, logs: readonly TabLog[], loss: Curve): FaultReport {
  const { fault, atStep, node, atMs } = done;
  const heardAt = detectedAt(done, logs);
  const recoveredAt = recoveryAt(done, heardAt, logs);
  const since = (time: number | null): number | null => (time === null ? null : Math.max(0, Math.round(time - atMs)));
  return {
    kind: fault.text,
    atStep,
    node,
    detectedMs: since(heardAt),
    recoveryMs: since(recoveredAt),
    ...lossAround(atStep, loss),
  };
}

/** The points of the curve just before and after a clock. */
export const lossAround = (atStep: number, loss: Curve): Pick<FaultReport, 'lossBefore' | 'lossAfter'> => ({
  lossBefore: loss.filter(([clock]) => clock <= atStep).at(-1)?.[3] ?? null,
  lossAfter: loss.find(([clock]) => clock > atStep)?.[3] ?? null,
});

/** Does the map count on the node, as what the fault takes from it? */
function isIn({ fault, node }: DoneFault, { workers, keepers, scheduler }: LoggedMap): boolean {
  return fault.kind === 'kill' && fault.role === 'scheduler'
    ? scheduler === node
    : [...workers, ...keepers].some((member) => member === node);
}

/** When the first tab heard of a map that takes the fault into account. */
function detectedAt(done: DoneFault, logs: readonly TabLog[]): number | null {
  const { fault, node, atMs } = done;
  if (node === null || fault.kind === 'pause' || fault.kind === 'cut') return null;
  if (fault.kind !== 'join' && !wasIn(done, logs)) return null;
  const isKnown = (map: LoggedMap): boolean => isIn(done, map) === (fault.kind === 'join');
  return earliest(logs.flatMap(({ maps }) => maps.find((map) => map.atMs >= atMs && isKnown(map))?.atMs ?? []));
}

/** Did the newest map before the fault count on the node? A newcomer may end before it is on any. */
function wasIn(done: DoneFault, logs: readonly TabLog[]): boolean {
  const before = logs.flatMap(({ maps }) => maps.filter(({ atMs }) => atMs < done.atMs));
  const newest = before.sort((a, b) => a.atMs - b.atMs).at(-1);
  return newest !== undefined && isIn(done, newest);
}

function recoveryAt(done: DoneFault, heardAt: number | null, logs: readonly TabLog[]): number | null {
  const { fault, node, atMs } = done;
  const own = logs.find((log) => log.node === node);
  switch (fault.kind) {
    case 'kill': {
      const from = heardAt ?? (wasIn(done, logs) ? null : atMs);
      return from === null ? null : earliest(logs.flatMap(({ steps }) => newStepAfter(steps, from) ?? []));
    }
    case 'join':
      return fault.role === 'worker'
        ? (own?.steps[0]?.[1] ?? null)
        : earliest(logs.flatMap(({ maps }) => maps.find(({ owners }) => owners.some((id) => id === node))?.atMs ?? []));
    case 'leave':
      return heardAt ?? (wasIn(done, logs) ? null : atMs);
    case 'pause':
      return own === undefined ? null : newStepAfter(own.steps, atMs);
    default:
      return earliest(logs.flatMap(({ steps }) => newStepAfter(steps, atMs) ?? []));
  }
}

/** When the first step was done that is later than all steps done before `atMs`. */
function newStepAfter(steps: readonly LoggedStep[], atMs: number): number | null {
  const before = steps.filter(([, at]) => at < atMs).reduce((newest, [clock]) => Math.max(newest, clock), -1);
  return steps.find(([clock, at]) => at >= atMs && clock > before)?.[1] ?? null;
}

const earliest = (times: readonly number[]): number | null => (times.length === 0 ? null : Math.min(...times));
