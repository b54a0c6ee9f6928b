// One figure: a curve with its heading, the value under the pointer, and the same in words and numbers for who can't see it.
import { memo, type RefObject, useEffect, useId, useRef, useState } from 'react';
import { useView, useViewStore } from '../../store/use-view.ts';
import { drawOnChange } from '../common/draw-on-change.ts';
import { onThemeChange } from '../theme.ts';
import { CurvePlot, type PlotStyle } from './curve-plot.ts';
import { CurveTable } from './curve-table.tsx';
import { X_AXES, type XAxis } from './x-axis.ts';

export interface CurveChartProps {
  readonly name: string;
  readonly curve: 'loss' | 'accuracy';
  readonly style: PlotStyle;
  readonly axis: XAxis;
  /** What stands in the plot while there are no points. */
  readonly empty: string;
}

/** React renders the figure once; points go from the store to the plot when it is its turn to be drawn. */
export const CurveChart = memo(function CurveChart({ name, curve, style, axis, empty }: CurveChartProps) {
  const container = useRef<HTMLDivElement>(null);
  const reading = useRef<HTMLSpanElement>(null);
  const summary = useId();
  const [isReading, setIsReading] = useState(false);
  const isEmpty = useView((state) => state.series[curve].value.length === 0);
  usePlot(container, reading, { curve, style, axis });

  return (
    <figure
      className="chart"
      aria-label={name}
      aria-describedby={summary}
      onPointerEnter={() => setIsReading(true)}
      onPointerLeave={() => setIsReading(false)}
    >
      <div className="chart-head">
        <h3>{name}</h3>
        <span className="chart-reading" ref={reading} hidden={!isReading} aria-hidden="true" />
      </div>
      <div className="chart-plot" ref={container} aria-hidden="true">
        {isEmpty && <p className="chart-empty">{empty}</p>}
      </div>
      <CurveTable id={summary} name={name} curve={curve} format={style.formatValue} />
    </figure>
  );
});

type Drawn = Pick<CurveChartProps, 'curve' | 'style' | 'axis'>;

/** Keeps a plot in the container; draws it when the series has grown, repaints it when the theme changes. */
function usePlot(
  container: RefObject<HTMLDivElement | null>,
  reading: RefObject<HTMLSpanElement | null>,
  { curve, style, axis }: Drawn,
): void {
  const store = useViewStore();
  useEffect(() => {
    if (container.current === null) return;
    const { format, place } = X_AXES[axis];
    const plot = new CurvePlot(container.current, style, format, (point) => {
      if (reading.current === null) return;
      reading.current.textContent = point ? `${style.formatValue(point.value)} ${place(point.x)}` : '';
    });
    const stopDrawing = drawOnChange(
      store,
      ({ series }) => series,
      (series) => plot.draw(series[curve], axis),
    );
    const stopRepainting = onThemeChange(() => plot.repaint());
    let isGone = false;
    // A canvas doesn't notice when its font has come.
    void document.fonts.ready.then(() => {
      if (!isGone) plot.repaint();
    });
    return () => {
      isGone = true;
      stopDrawing();
      stopRepainting();
      plot.destroy();
    };
  }, [store, container, reading, curve, style, axis]);
}
