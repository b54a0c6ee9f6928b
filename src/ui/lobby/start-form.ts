// What the start panel holds before a run exists: the chosen job's defaults, and what the user changed of them.
import { useState } from 'react';
import { useView } from '../../store/use-view.ts';
import {
  type AggregatorView,
  type CheckpointPolicyView,
  type ConsistencyView,
  DEFAULT_FILTERS,
  type FiltersView,
  type JobView,
  type OuterView,
  type ReduceView,
  type StartRequest,
} from '../../store/view.ts';

export interface Settings {
  readonly batch: number;
  readonly steps: number;
  readonly learningRate: number;
  readonly updater: string;
  readonly consistency: ConsistencyView;
  readonly replicas: number;
  readonly filters: FiltersView;
  readonly aggregator: AggregatorView;
  readonly reduce: ReduceView;
  readonly hasBackups: boolean;
  readonly localSteps: number;
  readonly outer?: OuterView;
  readonly seed: number;
  readonly checkpoints: CheckpointPolicyView;
}

export interface StartForm {
  readonly job: JobView | null;
  /** Differs from the job's defaults. */
  readonly isChanged: boolean;
  /** Null while the jobs aren't known yet. */
  readonly settings: Settings | null;
  change(part: Partial<Settings>): void;
  /** Back to the job's defaults. */
  reset(): void;
  request(): StartRequest | null;
}

/** Workers a little apart hide the network's delay and still learn like BSP: the start that suits most. */
const DEFAULT_CONSISTENCY: ConsistencyView = { kind: 'ssp', delay: 4 };
/** One tab may be closed at any moment, and nothing is lost. */
const DEFAULT_REPLICAS = 1;
const DEFAULT_SEED = 1;
/** At most half a minute of work is lost when everybody is gone at once. */
const DEFAULT_CHECKPOINTS: CheckpointPolicyView = { steps: 200, seconds: 30 };

const DEFAULT_AGGREGATOR: AggregatorView = { kind: 'mean' };

const DEFAULT_REDUCE: ReduceView = 'server';

const DEFAULTS = {
  consistency: DEFAULT_CONSISTENCY,
  replicas: DEFAULT_REPLICAS,
  filters: { kind: DEFAULT_FILTERS },
  aggregator: DEFAULT_AGGREGATOR,
  reduce: DEFAULT_REDUCE,
  hasBackups: false,
  localSteps: 1,
  seed: DEFAULT_SEED,
  checkpoints: DEFAULT_CHECKPOINTS,
};

/** Changes belong to the job they were made for: another job starts from its own defaults. */
export function useStartForm(): StartForm {
  const job = useView((state) => state.jobs.find(({ name }) => name === state.job) ?? null);
  const [changes, setChanges] = useState<{ job: string; part: Partial<Settings> }>({ job: '', part: {} });
  const own = job !== null && changes.job === job.name ? changes.part : {};
  const settings = job === null ? null : { ...DEFAULTS, ...job.defaults, ...own };
  return {
    job,
    settings,
    isChanged: Object.keys(own).length > 0,
    change: (part) => job && setChanges({ job: job.name, part: { ...own, ...part } }),
    reset: () => setChanges({ job: '', part: {} }),
    request: () => (job && settings ? requestOf(job.name, settings) : null),
  };
}

export const MEAN: OuterView = { learningRate: 1, momentum: 0 };
export const DILOCO: OuterView = { learningRate: 0.7, momentum: 0.9 };

/** What becomes of local steps. Outside BSP a momentum would take each worker's way on before the others know of it. */
export const outerOf = ({ outer, consistency }: Settings): OuterView =>
  outer ?? (consistency.kind === 'bsp' ? DILOCO : MEAN);

/** It is only asked for with them. */
function requestOf(job: string, settings: Settings): StartRequest {
  const { outer: _, ...rest } = settings;
  return { job, ...rest, ...(settings.localSteps > 1 ? { outer: outerOf(settings) } : {}) };
}
