// For how long a fault may hold steps up: what its kind costs by the time-outs that the room goes by, and no longer.

import { RESTORE_GRACE_MS } from '../../signaling/limits.ts';
import { LEAVE_TIMEOUT_MS, SILENCE_TIMEOUT_MS } from '../../src/ps/membership-core.ts';
import { UNREACHED_MS } from '../../src/ps/reachability.ts';
import type { PlannedFault } from '../cluster/fault-plan.ts';
import type { FaultSpan } from './stalls.ts';

/** A new map, what follows from it, and the steps after it, where eight tabs share two cores. */
export const SETTLE_MS = 3_000;

/** A newcomer that is connected fetches data and compiles its kernels, and others wait for its first step. */
export const WARM_UP_MS = 6_000;

/** A fault that was done. Milliseconds since 1970. */
export interface PastFault {
  readonly fault: PlannedFault;
  readonly fromMs: number;
  /** When a frozen tab was thawed, or a new one connected; infinite while it isn't. */
  endMs: number;
}

/** The signaling server was stopped, and started again. */
export interface Outage {
  readonly fromMs: number;
  toMs: number;
}

/** Of several faults; what needs a new map waits for the signaling server, without which none is made. */
export function spansOf(faults: readonly PastFault[], outages: readonly Outage[]): FaultSpan[] {
  return faults.flatMap(ownSpansOf).map((span) => prolonged(span, outages));
}

function ownSpansOf({ fault, fromMs, endMs }: PastFault): FaultSpan[] {
  const { text } = fault;
  const until = (toMs: number, from = fromMs): FaultSpan => ({ text, fromMs: from, toMs: toMs + SETTLE_MS });
  switch (fault.kind) {
    case 'kill':
      return [until(fromMs + SILENCE_TIMEOUT_MS)];
    case 'leave':
      return [until(fromMs + LEAVE_TIMEOUT_MS)];
    case 'join':
      return [until(endMs + WARM_UP_MS)];
    case 'pause':
      // Who is silent for longer is given up, and admitted again when it is back.
      return [until(Math.min(endMs, fromMs + SILENCE_TIMEOUT_MS)), until(endMs, endMs)];
    case 'cut':
      return [until(fromMs + UNREACHED_MS)];
    case 'stop-signaling':
    case 'restart-signaling':
      // Training goes on without it.
      return [];
    default:
      return fault satisfies never;
  }
}

function prolonged(span: FaultSpan, outages: readonly Outage[]): FaultSpan {
  const isAway = ({ fromMs, toMs }: Outage): boolean => fromMs < span.toMs && span.fromMs < toMs + RESTORE_GRACE_MS;
  const backMs = outages.filter(isAway).map(({ toMs }) => toMs + RESTORE_GRACE_MS + SETTLE_MS);
  return { ...span, toMs: Math.max(span.toMs, ...backMs) };
}
