// The faults of one history, drawn from its seed: what happens when. Nothing here acts; the simulation does.
import type { Random } from '../random.ts';

export const faultKinds = [
  'kill-server',
  'kill-worker',
  'kill-scheduler',
  'join',
  'join-server',
  'leave',
  'leave-server',
  'break',
  'stall',
  'freeze',
  'signaling',
] as const;
export type FaultKind = (typeof faultKinds)[number];

export interface Fault {
  readonly kind: FaultKind;
  /** After training began. */
  readonly atMs: number;
  /** Uniform in [0, 1): which node, which pair. */
  readonly pick: number;
  readonly otherPick: number;
  readonly durationMs: number;
}

/** Pauses and stalls are shorter or longer than every timeout there is (0.2, 3 and 6 s). */
const DURATIONS_MS = [50, 300, 1_500, 4_000, 9_000];

/** @param count about how many; bursts of two or three at once happen */
export function drawFaults(random: Random, kinds: readonly FaultKind[], count: number, spanMs: number): Fault[] {
  const faults: Fault[] = [];
  while (faults.length < count && kinds.length > 0) {
    const atMs = random.unit() * spanMs;
    const burst = random.unit() < 0.25 ? 2 + random.below(2) : 1;
    for (let index = 0; index < burst; index++) {
      const kind = kinds[random.below(kinds.length)] ?? 'break';
      const durationMs = DURATIONS_MS[random.below(DURATIONS_MS.length)] ?? 300;
      const jitter = random.unit() * 20;
      faults.push({ kind, atMs: atMs + jitter, pick: random.unit(), otherPick: random.unit(), durationMs });
    }
  }
  return faults.sort((a, b) => a.atMs - b.atMs);
}
