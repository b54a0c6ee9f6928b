// The two curves that say whether it learns, and the switch of what they are drawn against.
import { useState } from 'react';
import { useView } from '../../store/use-view.ts';
import { Choice } from '../common/choice.tsx';
import { Panel } from '../common/panel.tsx';
import { formatLoss, formatPercent } from '../format.ts';
import { CurveChart } from './curve-chart.tsx';
import type { PlotStyle } from './curve-plot.ts';
import { X_AXES, X_AXIS_NAMES, type XAxis } from './x-axis.ts';
import './charts.css';

const LOSS: PlotStyle = {
  colour: '--push',
  isSmoothed: true,
  formatValue: (value) => (value === 0 ? '0' : value < 10 ? value.toFixed(2) : formatLoss(value)),
  valueRange: (_low, high) => [0, high > 0 ? high * 1.02 : 1],
};

/** Tenths below the lowest point, so that late progress stays visible; never above 1. */
const ACCURACY: PlotStyle = {
  colour: '--pull',
  isSmoothed: false,
  formatValue: (value) => formatPercent(value, value === Math.round(value * 100) / 100 ? 0 : 1),
  valueRange: (low, _high) => [Math.max(0, Math.floor(low * 10 - 0.2) / 10), 1],
};

/** A score that isn't a fraction is drawn like a loss, in the score's colour. */
const NUMBER: PlotStyle = { ...LOSS, colour: '--pull', isSmoothed: false };

const OPTIONS = X_AXIS_NAMES.map((value) => ({ value, label: X_AXES[value].label }));

export function Charts() {
  const [axis, setAxis] = useState<XAxis>('step');
  // A new run is a new curve: nothing of the old one may stay.
  const run = useView((state) => state.run?.number);
  const measures = useView((state) => state.run?.measures);
  const score = measures?.score;
  return (
    <Panel
      title="Learning"
      className="charts"
      aside={
        <Choice
          legend="Horizontal axis"
          isLegendHidden
          options={OPTIONS}
          value={axis}
          onChange={(chosen) => setAxis(chosen)}
        />
      }
    >
      <CurveChart
        key={`loss ${run}`}
        name={measures?.loss.name ?? 'Loss'}
        curve="loss"
        style={LOSS}
        axis={axis}
        empty="The first steps will appear here."
      />
      {score && (
        <CurveChart
          key={`accuracy ${run}`}
          name={score.name}
          curve="accuracy"
          style={score.format === 'percent' ? ACCURACY : NUMBER}
          axis={axis}
          empty="Measured every few steps, on data never trained on."
        />
      )}
    </Panel>
  );
}
