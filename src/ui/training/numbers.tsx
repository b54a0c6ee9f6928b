// The four numbers that say how it goes. Each is an <output> that a machine can read too: data-value holds the exact value.
import type { ReactNode } from 'react';
import { useView } from '../../store/use-view.ts';
import { Explain } from '../common/explain.tsx';
import { formatCount, formatLoss, formatScore, formatShort } from '../format.ts';

interface FigureProps {
  readonly name: string;
  readonly value: number | null;
  readonly text: string;
  readonly kind: 'loss' | 'accuracy' | 'plain';
  readonly after?: string;
  readonly explain?: ReactNode;
}

function LiveNumber({ name, value, text, kind, after, explain }: FigureProps) {
  return (
    <div className="number-card" data-kind={kind}>
      <div className="number-name">
        <span>{name}</span> {explain}
      </div>
      {/* Outputs announce every change by themselves; the announcer speaks at a human pace instead. */}
      <output aria-label={name} aria-live="off" data-value={value === null ? '' : String(value)}>
        {text}
        {after && <small>{after}</small>}
      </output>
    </div>
  );
}

export function Numbers() {
  const loss = useView((state) => state.run?.loss ?? null);
  const accuracy = useView((state) => state.run?.accuracy ?? null);
  const measures = useView((state) => state.run?.measures);
  const score = measures?.score;
  const clock = useView((state) => state.run?.clock ?? 0);
  const steps = useView((state) => state.run?.steps ?? 0);
  const rate = useView((state) => state.run?.samplesPerSecond ?? 0);
  return (
    <div className="numbers">
      <LiveNumber name={measures?.loss.name ?? 'Loss'} kind="loss" value={loss} text={formatLoss(loss)} />
      {score && (
        <LiveNumber name={score.name} kind="accuracy" value={accuracy} text={formatScore(accuracy, score.format)} />
      )}
      <LiveNumber
        name="Clock"
        kind="plain"
        value={clock}
        text={formatCount(clock)}
        after={` of ${formatCount(steps)}`}
        explain={
          <Explain question="What is a clock?">
            One clock is one step of training: every worker has computed a gradient on its share of the batch and pushed
            it.
          </Explain>
        }
      />
      <LiveNumber name="Samples per second" kind="plain" value={rate} text={formatShort(rate)} />
    </div>
  );
}
