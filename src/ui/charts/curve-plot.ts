// One training curve: it reads the store's arrays and redraws when told, in ≤ 4 ms.
import type uPlot from 'uplot';
import type { SeriesView } from '../../store/view.ts';
import { Smoothing } from './smoothing.ts';
import { type Paint, ThemedPlot } from './themed-plot.ts';
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

/** Height of a plot, in CSS pixels. */
const HEIGHT_PX = 208;
/** Distances of the lines along x: steps, samples and seconds are read as whole numbers. */
const WHOLE_STEPS = Array.from({ length: 9 }, (_, power) => [1, 2, 5].map((step) => step * 10 ** power)).flat();

export class CurvePlot extends ThemedPlot<'line'> {
  private readonly smoothing = new Smoothing();

  constructor(
    container: HTMLElement,
    private readonly style: PlotStyle,
    formatX: (x: number) => string,
    onPoint: (point: Point | null) => void,
  ) {
    super(container, HEIGHT_PX, { line: style.colour }, (paint) => optionsOf(paint, style, formatX, onPoint));
  }

  /** Draws the curve as it is now. */
  draw(curve: Curve, axis: XAxis): void {
    const mean = this.style.isSmoothed ? this.smoothing.follow(curve.step, curve.value) : curve.value;
    this.plot.setData([curve[axis], this.style.isSmoothed ? curve.value : [], mean]);
  }
}

function optionsOf(
  { axis, colour }: Paint<'line'>,
  { formatValue, valueRange, isSmoothed }: PlotStyle,
  formatX: (x: number) => string,
  onPoint: (point: Point | null) => void,
): Omit<uPlot.Options, 'width' | 'height'> {
  const stroke = colour('line');
  const raw: uPlot.Series = { stroke, show: isSmoothed, alpha: 0.28, width: 1, points: { show: false } };
  // One point makes no line: alone it is a dot, or the plot would look empty beside the number that it shows.
  const dot: uPlot.Series.Points = { show: ({ data }) => data[0].length === 1, size: 7, fill: stroke, width: 0 };
  const mean: uPlot.Series = { stroke, width: 2, points: dot, spanGaps: true };
  return {
    padding: [8, 12, 0, 0],
    cursor: { drag: { x: false, y: false }, y: false, points: { size: 8 } },
    scales: {
      x: { time: false, range: (_plot, _low, high) => [0, high > 0 ? high : 1] },
      y: { range: (_plot, low, high) => valueRange(low ?? 0, high ?? 1) },
    },
    axes: [
      axis({
        // Without points there is nothing to measure along.
        values: ({ data }, splits) => splits.map((x) => (data[0].length === 0 ? '' : formatX(x))),
        incrs: WHOLE_STEPS,
        size: 28,
        space: 70,
      }),
      axis({ values: (_plot, splits) => splits.map(formatValue), size: 52, space: 36 }),
    ],
    series: [{}, raw, mean],
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
