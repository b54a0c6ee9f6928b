// What the page's plots share: drawn by uPlot, outside React, as wide as their container, in the colours of the theme.
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import { resolveColour } from '../theme.ts';

const AXIS_FONT = '12px Geist, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif';

/** What a plot's options are made with. Colours are functions: the theme may change. */
export interface Paint<Colour extends string> {
  colour(name: Colour): () => string;
  axis(own: Partial<uPlot.Axis>): uPlot.Axis;
}

export class ThemedPlot<Colour extends string> {
  protected readonly plot: uPlot;
  private readonly resize: ResizeObserver;
  private readonly colours = new Map<string, string>();

  /**
   * @param height in CSS pixels
   * @param tokens CSS colour tokens by the names that `options` uses
   */
  constructor(
    container: HTMLElement,
    height: number,
    private readonly tokens: Readonly<Record<Colour, string>>,
    options: (paint: Paint<Colour>) => Omit<uPlot.Options, 'width' | 'height' | 'legend'>,
  ) {
    this.readColours();
    const colour = (name: string) => () => this.colours.get(name) ?? '';
    const axis = (own: Partial<uPlot.Axis>): uPlot.Axis => ({
      stroke: colour('text'),
      font: AXIS_FONT,
      gap: 6,
      grid: { stroke: colour('grid'), width: 1 },
      ticks: { show: false },
      ...own,
    });
    const own = options({ colour, axis });
    const size = { width: Math.max(1, container.clientWidth), height };
    const nothing: uPlot.AlignedData = [[], ...own.series.slice(1).map(() => [])];
    this.plot = new uPlot({ ...own, ...size, legend: { show: false } }, nothing, container);
    this.resize = new ResizeObserver(() => this.plot.setSize({ width: container.clientWidth, height }));
    this.resize.observe(container);
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
    const tokens: Readonly<Record<string, string>> = { grid: '--line', text: '--muted', ...this.tokens };
    for (const [name, token] of Object.entries(tokens)) this.colours.set(name, resolveColour(token));
  }
}
