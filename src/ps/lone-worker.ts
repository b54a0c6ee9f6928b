// When a worker may go on from its own parameters instead of waiting for a pull that has its push in it. Read-my-writes, as in
// Ho et al. 2013, "More effective distributed ML via a stale synchronous parallel parameter server", section 3: the bounded
// delay counts what a worker computes on, and its own pushes are in that. Pure.
import type { ClusterState } from '../protocol/control.ts';
import { delayOf, localStepsOf, scheduleAt } from './consistency.ts';

/**
 * Nobody but the one worker changes the parameters, and the servers go along just the way that it went: they will have what
 * it has. In BSP it waits all the same: there every clock begins with what the servers have.
 */
export function goesOnAlone({ plan, map, schedule }: ClusterState, clock: number): boolean {
  const entry = scheduleAt(schedule, clock);
  const isMean = plan?.outer?.learningRate === 1 && plan.outer.momentum === 0;
  return isMean && map.workers.length === 1 && delayOf(entry.consistency) >= 1 && localStepsOf(entry) > 1;
}
