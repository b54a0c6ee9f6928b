// Which fault comes next in a soak: drawn from those that the room can bear now, so that no last copy is destroyed and the
// room neither empties nor grows without end.
import type { Random } from '../../src/random.ts';
import type { PlannedFault } from '../cluster/fault-plan.ts';

/** What decides which faults may come. */
export interface RoomState {
  readonly workers: number;
  readonly servers: number;
  /** Role of the tab that is the scheduler. */
  readonly scheduler: 'worker' | 'server';
  /** Complete copies of the segment that has the fewest. */
  readonly copies: number;
  readonly isSignalingUp: boolean;
  /** A tab is frozen, or being opened. */
  readonly isBusy: boolean;
  readonly clock: number;
}

/** Tabs of a role: fewer are never left, more are never opened. Two cores carry no more than these. */
export const LEAST_TABS = 2;
export const MOST_TABS = 4;

/** A pause is over before, or well after, the others take the tab for gone (6 s). */
const PAUSE_SECONDS = [1, 9] as const;

type Drawn = { readonly kind: PlannedFault['kind']; readonly role?: 'worker' | 'server' | 'scheduler' };

/** As a soak is told to keep to some of them. */
export const FAULT_NAMES = [
  ...['cut-pair', 'pause-worker', 'stop-signaling', 'kill-worker', 'leave-worker', 'kill-server', 'leave-server'],
  ...['kill-scheduler', 'join-worker', 'join-server'],
] as const;
export type FaultName = (typeof FAULT_NAMES)[number];

/**
 * Draws once more than it needs to: the same number of draws whatever the state, so that a seed stays in step.
 * @param wanted no others
 */
export function nextFault(
  random: Random,
  state: RoomState,
  wanted: readonly FaultName[] = FAULT_NAMES,
): PlannedFault | null {
  const [choice, share] = [random.unit(), random.unit()];
  const possible = possibleFaults(state).filter((drawn) => wanted.includes(nameOf(drawn)));
  const drawn = possible[Math.floor(choice * possible.length)];
  if (drawn === undefined) return null;
  const [least, most] = PAUSE_SECONDS;
  const seconds = Math.floor(least + share * (most - least + 1));
  return planned(drawn, seconds, state.clock);
}

function possibleFaults(state: RoomState): Drawn[] {
  const { workers, servers, copies, isSignalingUp, isBusy } = state;
  const maySpare = (role: 'worker' | 'server'): boolean =>
    role === 'worker' ? workers > LEAST_TABS : servers > LEAST_TABS && copies > 1;
  const all: (Drawn | false)[] = [
    { kind: 'cut' },
    !isBusy && { kind: 'pause' },
    isSignalingUp && { kind: 'stop-signaling' },
    // Without signaling nobody is elected and nothing is moved: what is killed then stays missing.
    isSignalingUp && maySpare('worker') && { kind: 'kill', role: 'worker' },
    isSignalingUp && maySpare('worker') && { kind: 'leave', role: 'worker' },
    isSignalingUp && maySpare('server') && { kind: 'kill', role: 'server' },
    isSignalingUp && maySpare('server') && { kind: 'leave', role: 'server' },
    isSignalingUp && maySpare(state.scheduler) && { kind: 'kill', role: 'scheduler' },
    isSignalingUp && !isBusy && workers < MOST_TABS && { kind: 'join', role: 'worker' },
    isSignalingUp && !isBusy && servers < MOST_TABS && { kind: 'join', role: 'server' },
  ];
  return all.filter((drawn) => drawn !== false);
}

/** A pause is a worker's where there is one. */
function nameOf({ kind, role }: Drawn): FaultName {
  if (kind === 'cut') return 'cut-pair';
  return (kind === 'pause' ? 'pause-worker' : role === undefined ? kind : `${kind}-${role}`) as FaultName;
}

function planned(drawn: Drawn, seconds: number, atStep: number): PlannedFault {
  const { kind, role } = drawn;
  const text = nameOf(drawn);
  if (kind === 'pause') return { kind, seconds, atStep, text: `${text}:${seconds}s` };
  return { kind, role, atStep, text } as PlannedFault;
}
