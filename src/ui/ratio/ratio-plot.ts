// Speed by number of servers: a line for tabs that all train, one for servers that only serve, and dots for what was measured.
import type uPlot from 'uplot';
import type { AdviceView } from '../../store/view.ts';
import { type Paint, ThemedPlot } from '../charts/themed-plot.ts';
import { formatShort } from '../format.ts';

const HEIGHT_PX = 170;
const WHOLE_STEPS = [1, 2, 5, 10, 20];

const COLOURS = { both: '--pull', apart: '--push' } as const;

type Colour = keyof typeof COLOURS;

export class RatioPlot extends ThemedPlot<Colour> {
  constructor(container: HTMLElement) {
    super(container, HEIGHT_PX, COLOURS, optionsOf);
  }

  /** Nothing where nothing is known: what held for other tabs says nothing of these. */
  draw(advice: AdviceView | null): void {
    if (advice === null) return this.plot.setData([[], [], [], [], []]);
    const { tabs, points } = advice;
    const servers = Array.from({ length: tabs }, (_, index) => index + 1);
    const column = (isBoth: boolean, value: 'predicted' | 'measured') =>
      servers.map((count) => {
        const workers = isBoth ? tabs : tabs - count;
        return points.find((point) => point.servers === count && point.workers === workers)?.[value] ?? null;
      });
    this.plot.setData([
      servers,
      column(true, 'predicted'),
      column(false, 'predicted'),
      column(true, 'measured'),
      column(false, 'measured'),
    ]);
  }
}

function optionsOf({ axis, colour }: Paint<Colour>): Omit<uPlot.Options, 'width' | 'height'> {
  const line = (name: Colour): uPlot.Series => ({
    stroke: colour(name),
    width: 2,
    ...(name === 'apart' && { dash: [6, 4] }),
    points: { show: false },
  });
  const dots = (name: Colour): uPlot.Series => {
    const fill = colour(name);
    return { stroke: fill, width: 0, paths: () => null, points: { show: true, size: 10, stroke: fill, fill } };
  };
  return {
    padding: [10, 14, 0, 0],
    cursor: { show: false },
    scales: {
      x: { time: false, range: (_plot, low, high) => [(low ?? 1) - 0.3, (high ?? 1) + 0.3] },
      y: { range: (_plot, _low, high) => [0, (high ?? 1) * 1.08] },
    },
    axes: [
      axis({ incrs: WHOLE_STEPS, size: 28, space: 30 }),
      axis({ values: (_plot, splits) => splits.map(formatShort), size: 52, space: 36 }),
    ],
    series: [{}, line('both'), line('apart'), dots('both'), dots('apart')],
  };
}
