// The state of a cluster as a scheduler would announce it: all nodes there, one run going on. For benchmarks without a scheduler.
import type { ClusterState, RunPlan } from '../src/protocol/control.ts';
import type { NodeId } from '../src/protocol/ids.ts';
import { OPEN_ROOM } from '../src/protocol/privacy.ts';
import type { Schedule } from '../src/ps/consistency.ts';
import { rebalance, toRuns } from '../src/ps/leases.ts';
import { assignSegments } from '../src/ps/ring.ts';
import { cutSegments } from '../src/ps/table.ts';

export interface RunningCluster {
  /** Its `run` numbers the epochs too: a later run's map is newer. */
  readonly plan: RunPlan;
  readonly workers: readonly NodeId[];
  readonly servers: readonly NodeId[];
  readonly schedule: Schedule;
}

/** Blocks shared out evenly, segments as the ring says, no replicas, every incarnation 1. */
export function runningCluster({ plan, workers, servers, schedule }: RunningCluster): ClusterState {
  const { blocks, blockSamples, samples } = plan.data.train;
  const sizes = Array.from({ length: blocks }, (_, block) => Math.min(blockSamples, samples - block * blockSamples));
  const leases = rebalance(new Map(), sizes, workers);
  const chains = assignSegments(servers, cutSegments(plan.tables), 0);
  const [scheduler] = [...workers, ...servers];
  if (scheduler === undefined) throw new RangeError('A cluster needs a node.');
  return {
    kind: 'cluster',
    term: 1,
    revision: plan.run,
    scheduler,
    phase: 'running',
    lostIn: null,
    message: null,
    map: {
      epoch: { term: 1, counter: plan.run },
      run: plan.run,
      servers: [...servers],
      placements: chains.map((chain) => ({ chain: [...chain], learners: [] })),
      workers: workers.map((node) => ({ node, incarnation: 1 })),
    },
    plan,
    schedule: [...schedule],
    clockLimit: plan.steps,
    leases: workers.map((worker) => ({ worker, runs: toRuns(leases.get(worker) ?? []) })),
    holders: [],
    shutOut: [],
    sidelined: [],
    privacy: OPEN_ROOM,
    checkpoint: { cutAt: null, newest: null },
  };
}
