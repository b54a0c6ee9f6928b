// The most frequent items of the stream so far, as the sketch has them, with error bars; and the count of any item.
import { useId, useState } from 'react';
import { z } from 'zod';
import { useView } from '../../../store/use-view.ts';
import { Explain } from '../../common/explain.tsx';
import { Panel } from '../../common/panel.tsx';
import { formatCount, formatPercent, formatShort } from '../../format.ts';
import { useLook } from '../use-look.ts';
import './hitters.css';

const SHOWN = 10;

const hitterSchema = z.object({
  name: z.string(),
  estimate: z.number(),
  least: z.number(),
  exact: z.number().nullable(),
});
const hittersSchema = z.object({
  hitters: z.array(hitterSchema),
  total: z.number(),
  bound: z.number(),
  failure: z.number(),
  measured: z.object({ within: z.number(), worst: z.number(), mean: z.number() }).nullable(),
  cells: z.number(),
  items: z.number(),
  itemsPerPacket: z.number(),
});
const itemSchema = z.object({ hitter: hitterSchema.nullable() });

type Hitter = z.infer<typeof hitterSchema>;
type Hitters = z.infer<typeof hittersSchema>;

export function HittersPanel() {
  const { answer, error } = useLook({ ask: 'hitters', most: SHOWN }, hittersSchema);
  const rate = useView((state) => state.run?.samplesPerSecond ?? 0);
  return (
    <Panel
      title="Heavy hitters"
      className="hitters"
      aside={
        answer && (
          <span className="muted small">
            <output aria-label="Items per second" aria-live="off">
              {formatShort(rate * answer.itemsPerPacket)}
            </output>{' '}
            items/s
          </span>
        )
      }
      explain={
        <Explain question="What is a sketch?">
          <p>
            A few rows of counters. Each row hashes an item to one of its counters and adds one there; items that share
            a counter make it too high, so the least of an item’s counters is the best estimate.
          </p>
          <p>It is never too low. The bar’s end is faint as far as it may be too high; the tick is the exact count.</p>
        </Explain>
      }
    >
      {answer === null && <p className="muted small">{error ?? 'Asking the live counters…'}</p>}
      {answer !== null && <HitterBars hitters={answer.hitters} />}
      {answer !== null && <Bounds answer={answer} />}
      <TryItem />
    </Panel>
  );
}

function HitterBars({ hitters }: { readonly hitters: readonly Hitter[] }) {
  const most = Math.max(1, ...hitters.map(({ estimate }) => estimate));
  return (
    <ol className="hitter-bars">
      {hitters.map((hitter) => (
        <li key={hitter.name}>
          <span className="hitter-name">{hitter.name}</span>
          <HitterBar hitter={hitter} most={most} />
          <span className="hitter-count">{formatCount(hitter.estimate)}</span>
        </li>
      ))}
    </ol>
  );
}

function HitterBar({ hitter: { estimate, least, exact }, most }: { readonly hitter: Hitter; readonly most: number }) {
  const percent = (value: number) => `${(100 * value) / most}%`;
  const words = `between ${formatCount(least)} and ${formatCount(estimate)}${exact === null ? '' : `, exactly ${formatCount(exact)}`}`;
  return (
    <span className="hitter-bar" role="img" aria-label={words} title={words}>
      <span style={{ width: percent(least) }} />
      <span className="hitter-doubt" style={{ width: percent(estimate - least) }} />
      {exact !== null && <span className="hitter-exact" style={{ left: percent(exact) }} />}
    </span>
  );
}

function Bounds({ answer }: { readonly answer: Hitters }) {
  const { total, bound, failure, measured, cells, items } = answer;
  return (
    <dl className="hitter-facts small">
      <dt>Counted</dt>
      <dd>
        <output aria-label="Items counted" aria-live="off" data-value={total}>
          {formatCount(total)}
        </output>{' '}
        of {formatCount(items)} kinds, in {formatCount(cells)} counters
      </dd>
      <dt>Promised</dt>
      <dd>
        too high by {formatCount(Math.ceil(bound))} at most, for {formatPercent(1 - failure)} of the kinds
      </dd>
      {measured && (
        <>
          <dt>Measured</dt>
          <dd>
            <output aria-label="Within the bound" aria-live="off" data-value={measured.within}>
              {formatPercent(measured.within, 2)}
            </output>{' '}
            within it; {measured.mean.toFixed(1)} too high on average, {formatCount(measured.worst)} at worst
          </dd>
        </>
      )}
    </dl>
  );
}

function TryItem() {
  const [name, setName] = useState('');
  const field = useId();
  const { answer } = useLook(name.trim() === '' ? null : { ask: 'item', name }, itemSchema);
  return (
    <div className="hitter-try">
      <label htmlFor={field}>How often was</label>
      <input id={field} className="input" value={name} onChange={(event) => setName(event.target.value)} />
      <output aria-live="polite">
        {answer !== null && (answer.hitter === null ? 'not in the data' : inWords(answer.hitter))}
      </output>
    </div>
  );
}

const inWords = ({ estimate, least }: Hitter): string =>
  `${formatCount(Math.ceil(least))} to ${formatCount(estimate)} times`;
