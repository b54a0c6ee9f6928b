// One training curve drawn by uPlot, outside React: it reads the store's arrays and redraws when told, in ≤ 4 ms.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { SeriesView } from '../../store/view.ts';
import { resolveColour } from '../theme.ts';
import { Smoothing } from './smoothing.ts';
import type { XAxis } from './x-axis.ts';

export type Curve = SeriesView['loss'];

/** What differs between the curves of the page. */
export interface PlotStyle {
  /** CSS colour token of the line. */
  readonly colour: string;
  /** A noisy curve is drawn faint, with its running mean over it. */
  readonly isSmoothed: boolean;
  readonly formatValue: (value: number) => string;
  readonly valueRange: (low: number, high: number) => [number, number];
}

type Point = { x: number; value: number };

/** Height of a plot, in CSS pixels; its width follows the container. */
const HEIGHT_PX = 208;
/** Distances of the lines along x: steps, samples and seconds are read as whole numbers. */
const WHOLE_STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();
const AXIS_FONT = '12px Geist, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

export class CurvePlot {
  private readonly plot: uPlot;
  private readonly smoothing = new Smoothing();
  private readonly resize: ResizeObserver;
  private colours = { line: '', grid: '', text: '' };

  constructor(
    container: HTMLElement,
    private readonly style: PlotStyle,
    formatX: (x: number) => string,
    onPoint: (point: Point | null) => void,
  ) {
    this.readColours();
    this.plot = new uPlot(this.options(container.clientWidth, formatX, onPoint), [[], [], []], container);
    this.resize = new ResizeObserver(() => this.plot.setSize({ width: container.clientWidth, height: HEIGHT_PX }));
    this.resize.observe(container);
  }

  /** Draws the curve as it is now. */
  draw(curve: Curve, axis: XAxis): void {
    const mean = this.style.isSmoothed ? this.smoothing.follow(curve.step, curve.value) : curve.value;
    this.plot.setData([curve[axis], this.style.isSmoothed ? curve.value : [], mean]);
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
    this.colours = {
      line: resolveColour(this.style.colour),
      grid: resolveColour('--line'),
      text: resolveColour('--muted'),
    };
  }

  private options(
    width: number,
    formatX: (x: number) => string,
    onPoint: (point: Point | null) => void,
  ): uPlot.Options {
    const { formatValue, valueRange } = this.style;
    return {
      width: Math.max(1, width),
      height: HEIGHT_PX,
      padding: [8, 12, 0, 0],
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 } },
      scales: {
        x: { time: false, range: (_plot, _low, high) => [0, high > 0 ? high : 1] },
        y: { range: (_plot, low, high) => valueRange(low ?? 0, high ?? 1) },
      },
      axes: [
        this.axis({
          // Without points there is nothing to measure along.
          values: ({ data }, splits) => splits.map((x) => (data[0].length === 0 ? '' : formatX(x))),
          incrs: WHOLE_STEPS,
          size: 28,
          space: 70,
        }),
        this.axis({ values: (_plot, splits) => splits.map(formatValue), size: 52, space: 36 }),
      ],
      series: [{}, this.rawLine(), this.meanLine()],
      hooks: {
        setCursor: [
          (plot) => {
            const index = plot.cursor.idx;
            const [x, value] = [plot.data[0][index ?? -1], plot.data[2]?.[index ?? -1]];
            onPoint(x === undefined || value === undefined || value === null ? null : { x, value });
          },
        ],
      },
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

  private rawLine(): uPlot.Series {
    return {
      stroke: () => this.colours.line,
      show: this.style.isSmoothed,
      alpha: 0.28,
      width: 1,
      points: { show: false },
    };
  }

  private meanLine(): uPlot.Series {
    return { stroke: () => this.colours.line, width: 2, points: { show: false }, spanGaps: true };
  }
}
