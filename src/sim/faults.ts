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
  'break-late',
  'partition',
  'partition-one-way',
  'cut-off',
  'slow',
  'kill-in-migration',
  'kill-in-election',
  'unreachable',
  'dead-link',
  'busy-page',
  'steer',
] as const;
export type FaultKind = (typeof faultKinds)[number];

/** What each does, for the help. */
export const faultWords: Readonly<Record<FaultKind, string>> = {
  'kill-server': 'a server crashes',
  'kill-worker': 'a worker crashes',
  'kill-scheduler': 'the scheduler crashes',
  join: 'a tab opens, in any role',
  'join-server': 'a server opens',
  leave: 'a tab says that it leaves, hands over and goes',
  'leave-server': 'a server does so',
  break: 'a connection breaks and is rebuilt; what was under way is lost',
  stall: 'one direction of a connection stands still',
  freeze: 'a tab stands still, with everything that reaches it; afterwards others get through to it late',
  signaling: 'the signaling server is away',
  'break-late': 'a connection breaks; what was under way arrives after it is rebuilt, some of it twice',
  partition: 'the room falls apart into two groups',
  'partition-one-way': 'the same, but one group still reaches the other',
  'cut-off': 'a tab reaches neither the others nor the signaling server',
  slow: 'a tab computes ten times slower',
  'kill-in-migration': 'a tab of a segment that moves crashes, or the scheduler does',
  'kill-in-election': 'the scheduler crashes, and during the election the next one, or a server',
  unreachable: 'two tabs can no longer connect, for seconds or for ever, though both reach the scheduler',
  'dead-link': 'the data channels of a connection die, the connection itself lives',
  'busy-page': 'a tab’s page stands still, its workers go on: they hear late of what was decided',
  steer: 'someone changes the consistency, or the number of local steps, in the middle of the run',
};

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
