// Where every worker's clock is, relative to the slowest, and how far the bound lets them go: bounded delay, seen.
import { useView } from '../../store/use-view.ts';
import type { ConsistencyView } from '../../store/view.ts';
import { nodeColour } from '../node-style.ts';

/** Clocks shown ahead of the slowest, at least. */
const SHOWN_CLOCKS = 17;

interface ClockLanesProps {
  readonly consistency: ConsistencyView;
  /** Clocks between two exchanges. */
  readonly roundSteps: number;
}

/** Without a bound everything shown is allowed. */
const boundOf = (consistency: ConsistencyView): number => {
  switch (consistency.kind) {
    case 'bsp':
      return 0;
    case 'ssp':
    case 'dynamic':
      return consistency.delay;
    case 'async':
      return Number.POSITIVE_INFINITY;
    default:
      return consistency satisfies never;
  }
};

/** As many clocks as there is need for, in steps of 1, 2, 4, …: a scale that moved with every clock couldn't be read. */
function shownClocks(bound: number, ahead: number): { shown: number; step: number } {
  const wanted = Math.max(Number.isFinite(bound) ? bound : 0, ahead);
  const step = 2 ** Math.max(0, Math.ceil(Math.log2(wanted / SHOWN_CLOCKS)));
  return { shown: SHOWN_CLOCKS * step, step };
}

export function ClockLanes({ consistency, roundSteps }: ClockLanesProps) {
  const nodes = useView((state) => state.nodes);
  const workers = nodes.flatMap(({ id, isWorker, clock }) => (isWorker && clock !== null ? [{ id, clock }] : []));
  const slowest = workers.reduce((least, { clock }) => Math.min(least, clock), Number.POSITIVE_INFINITY);
  const front = workers.reduce((most, { clock }) => Math.max(most, clock), slowest);
  const round = roundSteps > 1 ? roundSteps : 0;
  const bound = boundOf(consistency) + round;
  const { shown, step } = shownClocks(bound, workers.length === 0 ? 0 : front - slowest);
  const place = (clocks: number): string => `${Math.min(clocks / shown, 1) * 100}%`;
  return (
    <>
      <div className="lanes" aria-hidden="true">
        <div className="lanes-track">
          <i className="lanes-bound" style={{ width: place(bound) }} />
          {workers.map(({ id, clock }, lane) => (
            <i
              key={id}
              className="lanes-worker"
              style={{
                left: place(clock - slowest),
                top: `${((lane + 1) / (workers.length + 1)) * 100}%`,
                background: nodeColour(id),
              }}
            />
          ))}
        </div>
        <p>
          <span>slowest worker</span>
          <span>{step === 1 ? 'clocks ahead →' : `a line each ${step} clocks ahead →`}</span>
        </p>
      </div>
      {round > 0 && (
        <p className="muted small">
          Parameters are exchanged every {round} steps: who has just done so is up to {round} clocks further ahead.
        </p>
      )}
    </>
  );
}
