// How many tabs should train and how many should serve: what is predicted, what was measured, and a button that sets it.
import { type RefObject, useEffect, useRef } from 'react';
import { useCommands, useView, useViewStore } from '../../store/use-view.ts';
import type { AdviceView } from '../../store/view.ts';
import { drawOnChange } from '../common/draw-on-change.ts';
import { Explain } from '../common/explain.tsx';
import { Panel } from '../common/panel.tsx';
import { useDraft } from '../common/use-draft.ts';
import { formatCount } from '../format.ts';
import { onThemeChange } from '../theme.ts';
import { isRunOver } from '../training/run-phase.ts';
import { RatioPlot } from './ratio-plot.ts';
import { adviceSentence, figuresSentence, isSameRatio, rateOf, ratioName } from './ratio-words.ts';
import './ratio.css';

/** Only where there is something to divide. */
export function RatioPanel() {
  const isShown = useView(({ nodes, run }) => nodes.length > 1 && run !== null && !isRunOver(run.phase));
  if (!isShown) return null;
  return (
    <Panel
      title="Workers and servers"
      className="ratio"
      explain={
        <Explain question="How many tabs should serve?">
          <p>
            More workers share the computation out; more servers share the parameters out. Which tabs do what is best
            depends on the model, on the links, and on who shares a computer’s cores.
          </p>
          <p>
            From what a clock takes now, the speed of every other division is predicted: lines are predictions, dots
            were measured. A tab that does both moves a part of its bytes without a link.
          </p>
        </Explain>
      }
    >
      <Division />
    </Panel>
  );
}

function Division() {
  const commands = useCommands();
  const advice = useView((state) => state.advice);
  const isAutomatic = useView((state) => state.isRatioAutomatic);
  const [shown, change] = useDraft(isAutomatic, (wanted) => commands.setRatioAutomatic(wanted));
  const now = advice === null ? null : rateOf(advice, advice.current);
  return (
    <>
      <p className="ratio-now" role="status" aria-label="Division now" aria-live="off">
        {advice === null
          ? 'Measuring: a few seconds of training are enough.'
          : `Now: ${ratioName(advice.current)}${now === null ? '' : `, ${formatCount(now.rate)} samples/s`}.`}
      </p>
      <RatioChart />
      {advice !== null && <p>{adviceSentence(advice)}</p>}
      <div className="ratio-controls">
        {advice !== null && <SetBest advice={advice} isAutomatic={shown} />}
        <label className="check">
          <input type="checkbox" checked={shown} onChange={(event) => change(event.target.checked)} />
          <span>Set the best by itself</span>
          <span className="muted small">changes the roles of all tabs but those that only watch</span>
        </label>
      </div>
      {advice !== null && <p className="muted small">{figuresSentence(advice)}</p>}
    </>
  );
}

function SetBest({ advice: { best, current }, isAutomatic }: { advice: AdviceView; isAutomatic: boolean }) {
  const commands = useCommands();
  const isBest = isSameRatio(best, current);
  return (
    <button type="button" className="button" disabled={isBest || isAutomatic} onClick={() => commands.setRatio(best)}>
      {isBest ? 'This is the best known' : `Set ${ratioName(best)}`}
    </button>
  );
}

function RatioChart() {
  const container = useRef<HTMLDivElement>(null);
  usePlot(container);
  return (
    <figure className="ratio-chart" aria-label="Samples per second by number of servers">
      <div className="ratio-plot" ref={container} aria-hidden="true" />
      <figcaption className="muted small">
        <span className="ratio-key" data-kind="both">
          all tabs train
        </span>
        <span className="ratio-key" data-kind="apart">
          servers only serve
        </span>
        <span>by number of servers; dots: measured</span>
      </figcaption>
      <RatioTable />
    </figure>
  );
}

/** Keeps a plot in the container; draws it when there is other advice, repaints it when the theme changes. */
function usePlot(container: RefObject<HTMLDivElement | null>): void {
  const store = useViewStore();
  useEffect(() => {
    if (container.current === null) return;
    const plot = new RatioPlot(container.current);
    const stopDrawing = drawOnChange(
      store,
      ({ advice }) => advice,
      (advice) => plot.draw(advice),
    );
    const stopRepainting = onThemeChange(() => plot.repaint());
    return () => {
      stopDrawing();
      stopRepainting();
      plot.destroy();
    };
  }, [store, container]);
}

/** The same in numbers, for who can't see it. */
function RatioTable() {
  const points = useView((state) => state.advice?.points);
  if (points === undefined) return null;
  return (
    <table className="sr-only">
      <caption>Samples per second by division</caption>
      <thead>
        <tr>
          <th scope="col">Division</th>
          <th scope="col">Predicted</th>
          <th scope="col">Measured</th>
        </tr>
      </thead>
      <tbody>
        {points.map((point) => (
          <tr key={ratioName(point)}>
            <td>{ratioName(point)}</td>
            <td>{formatCount(point.predicted)}</td>
            <td>{point.measured === null ? 'not yet' : formatCount(point.measured)}</td>
          </tr>
        ))}
      </tbody>
    </table>
  );
}
