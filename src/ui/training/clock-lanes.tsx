// Where every worker's clock is, relative to the slowest, and how far the bound lets them go: bounded delay, seen.
import { useView } from '../../store/use-view.ts';
import type { ConsistencyView } from '../../store/view.ts';
import { nodeColour } from '../node-style.ts';

/** Clocks shown ahead of the slowest; who is further stands at the end. */
const SHOWN_CLOCKS = 17;

interface ClockLanesProps {
  readonly consistency: ConsistencyView;
}

const boundOf = (consistency: ConsistencyView): number => {
  switch (consistency.kind) {
    case 'bsp':
      return 0;
    case 'ssp':
      return consistency.delay;
    case 'async':
      return SHOWN_CLOCKS;
    default:
      return consistency satisfies never;
  }
};

const place = (clocks: number): string => `${(Math.min(clocks, SHOWN_CLOCKS) / SHOWN_CLOCKS) * 100}%`;

export function ClockLanes({ consistency }: ClockLanesProps) {
  const nodes = useView((state) => state.nodes);
  const workers = nodes.flatMap(({ id, isWorker, clock }) => (isWorker && clock !== null ? [{ id, clock }] : []));
  const slowest = workers.reduce((least, { clock }) => Math.min(least, clock), Number.POSITIVE_INFINITY);
  return (
    <div className="lanes" aria-hidden="true">
      <div className="lanes-track">
        <i className="lanes-bound" style={{ width: place(boundOf(consistency)) }} />
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
        <span>clocks ahead →</span>
      </p>
    </div>
  );
}
