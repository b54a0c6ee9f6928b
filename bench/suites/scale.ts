// How cost grows with the room, in the simulator: the same cores as in the tabs, in virtual time. What one node sends in one step
// in larger rooms, beside a room of 10; every history is checked by the simulator's invariants.
import { GROWTH_SIZES, type GrowthRow, measureGrowth } from '../../src/sim/growth.ts';
import { type Benchmark, rowOf } from '../harness.ts';
import type { Row } from '../result.ts';

const QUICK_SIZES = [10, 30];

const FIGURES: readonly { readonly key: keyof GrowthRow; readonly what: string; readonly unit: string }[] = [
  { key: 'messages', what: 'messages of a node and step', unit: 'messages' },
  { key: 'kibibytes', what: 'traffic of a node and step', unit: 'KiB' },
  { key: 'controlKibibytes', what: 'control messages of a node and step', unit: 'KiB' },
  { key: 'schedulerKibibytes', what: 'control messages of the scheduler and step', unit: 'KiB' },
  { key: 'stepMs', what: 'a step', unit: 'virtual ms' },
  { key: 'joinMs', what: 'a tab opened until it is a worker', unit: 'virtual ms' },
  { key: 'failoverMs', what: 'a server crashed until it is replaced', unit: 'virtual ms' },
  { key: 'recoveryMs', what: 'a server crashed until the next step is done', unit: 'virtual ms' },
];

export const benchmark: Benchmark = {
  what: 'messages, bytes and times by number of nodes, simulated',
  async run({ isQuick, args }) {
    const [first = 10, ...sizes] = args.length > 1 ? args.map(Number) : isQuick ? QUICK_SIZES : GROWTH_SIZES;
    const small = measureGrowth(first);
    return sizes.flatMap((size): Row[] => {
      const large = measureGrowth(size);
      return FIGURES.map(({ key, what, unit }) =>
        rowOf({
          what: `${size} nodes: ${what}`,
          unit,
          ours: [large[key]],
          reference: [small[key]],
          note: `beside ${first}`,
        }),
      );
    });
  },
};
