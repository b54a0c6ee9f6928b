// Speed by number of servers, drawn by uPlot, outside React: a line for tabs that all train, one for servers that only serve, and
// dots for what was measured.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { AdviceView } from '../../store/view.ts';
import { formatShort } from '../format.ts';
import { resolveColour } from '../theme.ts';

/** CSS pixels; the width follows the container. */
const HEIGHT_PX = 170;
const AXIS_FONT = '12px Geist, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';
const WHOLE_STEPS = [1, 2, 5, 10, 20];

const COLOURS = { both: '--pull', apart: '--push', grid: '--line', text: '--muted' } as const;

export class RatioPlot {
  private readonly plot: uPlot;
  private readonly resize: ResizeObserver;
  private colours = { both: '', apart: '', grid: '', text: '' };

  constructor(container: HTMLElement) {
    this.readColours();
    this.plot = new uPlot(this.options(container.clientWidth), [[], [], [], [], []], container);
    this.resize = new ResizeObserver(() => this.plot.setSize({ width: container.clientWidth, height: HEIGHT_PX }));
    this.resize.observe(container);
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

  /** Call when the theme has changed. */
  repaint(): void {
    this.readColours();
    this.plot.redraw(false, true);
  }

  destroy(): void {
    this.resize.disconnect();
    this.plot.destroy();
  }

  private readColours(): void {
    for (const name of ['both', 'apart', 'grid', 'text'] as const) this.colours[name] = resolveColour(COLOURS[name]);
  }

  private options(width: number): uPlot.Options {
    return {
      width: Math.max(1, width),
      height: HEIGHT_PX,
      padding: [10, 14, 0, 0],
      legend: { show: false },
      cursor: { show: false },
      scales: {
        x: { time: false, range: (_plot, low, high) => [(low ?? 1) - 0.3, (high ?? 1) + 0.3] },
        y: { range: (_plot, _low, high) => [0, (high ?? 1) * 1.08] },
      },
      axes: [
        this.axis({ incrs: WHOLE_STEPS, size: 28, space: 30 }),
        this.axis({ values: (_plot, splits) => splits.map(formatShort), size: 52, space: 36 }),
      ],
      series: [{}, this.line('both'), this.line('apart'), this.dots('both'), this.dots('apart')],
    };
  }

  private axis(own: Partial<uPlot.Axis>): uPlot.Axis {
    return {
      stroke: () => this.colours.text,
      font: AXIS_FONT,
      gap: 6,
      grid: { stroke: () => this.colours.grid, width: 1 },
      ticks: { show: false },
      ...own,
    };
  }

  private line(colour: 'both' | 'apart'): uPlot.Series {
    return {
      stroke: () => this.colours[colour],
      width: 2,
      ...(colour === 'apart' && { dash: [6, 4] }),
      points: { show: false },
    };
  }

  private dots(colour: 'both' | 'apart'): uPlot.Series {
    const fill = () => this.colours[colour];
    return { stroke: fill, width: 0, paths: () => null, points: { show: true, size: 10, stroke: fill, fill } };
  }
}
