// What can be changed while it trains: consistency, learning rate and filters.
import { useCommands, useView } from '../../store/use-view.ts';
import type { AggregatorView, ConsistencyView, FiltersView } from '../../store/view.ts';
import { AggregatorSentence } from '../common/aggregator-sentence.tsx';
import { aggregatorName } from '../common/aggregator-words.ts';
import { Explain } from '../common/explain.tsx';
import { FiltersChoice } from '../common/filters-choice.tsx';
import { Panel } from '../common/panel.tsx';
import { ReduceSentence } from '../common/reduce-sentence.tsx';
import { reduceName } from '../common/reduce-words.ts';
import { isAdding } from '../common/updaters.ts';
import { useDraft } from '../common/use-draft.ts';
import { ClockLanes } from './clock-lanes.tsx';
import { ConsistencyChoice } from './consistency-choice.tsx';
import { StalenessChoice } from './consistency-staleness.tsx';
import { FilterTraffic } from './filter-traffic.tsx';
import { LearningRateControl } from './learning-rate-control.tsx';
import { isRunOver } from './run-phase.ts';
import { ThisTab } from './this-tab.tsx';

const BSP: ConsistencyView = { kind: 'bsp' };

export function Steering() {
  const commands = useCommands();
  const consistency = useConsistency();
  const rate = useView((state) => state.run?.learningRate ?? 0);
  const updater = useView((state) => state.run?.updater ?? '');
  const reduce = useView((state) => state.run?.reduce ?? 'server');
  const roundSteps = useView((state) => state.run?.roundSteps ?? 1);
  const isOver = useView(({ run }) => run === null || isRunOver(run.phase));
  const [shown, change] = useDraft(consistency, (wanted) => commands.setConsistency(wanted));
  return (
    <Panel
      title="Steering"
      className="steering"
      explain={
        <Explain question="What is bounded delay?">
          <p>
            A <b>clock</b> is one iteration of a worker. With a <b>bounded delay</b> <span className="math">τ</span>, a
            worker may start its next clock only when every other one is at most <span className="math">τ</span> clocks
            behind.
          </p>
          <p>
            <span className="math">τ</span> = 0 is BSP, no bound is async. With <b>dynamic</b>, the scheduler moves{' '}
            <span className="math">τ</span> itself: as small as it can be while workers wait less than 2 % of the time.
            All of it can be changed while it trains.
          </p>
        </Explain>
      }
    >
      <fieldset className="steering-controls" disabled={isOver}>
        {reduce === 'server' && <ConsistencyChoice value={shown} onChange={change} />}
        {reduce === 'server' && !isAdding(updater) && <StalenessSteering isDisabled={shown.kind === 'bsp'} />}
        <ClockLanes consistency={shown} roundSteps={roundSteps} />
        {!isAdding(updater) && (
          <LearningRateControl value={rate} onChange={(value) => commands.setLearningRate(value)} />
        )}
        {reduce === 'server' && <FilterSteering />}
      </fieldset>
      <ThisTab />
      <FilterTraffic />
      {!isAdding(updater) && <AggregatorShown />}
      {reduce === 'ring' && <RingShown />}
    </Panel>
  );
}

/** Fixed for the run: it is shown, not steered; where it is as always there is nothing to say. */
function AggregatorShown() {
  const rule = useView((state): AggregatorView | null => state.run?.aggregator ?? null);
  if (rule === null || rule.kind === 'mean') return null;
  return (
    <div>
      <p className="choice-legend">Aggregator: {aggregatorName(rule)}</p>
      <AggregatorSentence value={rule} />
    </div>
  );
}

/** Fixed for the run, too; and with it what a ring can't do without. */
function RingShown() {
  return (
    <div>
      <p className="choice-legend">All-reduce: {reduceName('ring')}</p>
      <ReduceSentence value="ring" />
      <p className="muted small">
        Round a ring all workers keep step (BSP), and gradients travel as they are: consistency and filters can be
        chosen in a run that reduces at the servers.
      </p>
    </div>
  );
}

function StalenessSteering({ isDisabled }: { readonly isDisabled: boolean }) {
  const commands = useCommands();
  const isOn = useView(({ run }) => run?.isStalenessAware ?? false);
  const [shown, change] = useDraft(isOn, (wanted) => commands.setStalenessAware(wanted));
  return <StalenessChoice isOn={shown} isDisabled={isDisabled} onChange={change} />;
}

function FilterSteering() {
  const commands = useCommands();
  const choice = useView((state) => state.run?.filterChoice ?? null);
  const [shown, change] = useDraft(useFilters(), (wanted) => commands.setFilters(wanted));
  return <FiltersChoice value={shown} choice={choice} onChange={change} />;
}

function useFilters(): FiltersView {
  const kind = useView((state) => state.run?.filters.kind ?? 'off');
  const push = useView((state) => (state.run?.filters.kind === 'fixed' ? state.run.filters.push : ''));
  const pull = useView((state) => (state.run?.filters.kind === 'fixed' ? state.run.filters.pull : ''));
  return kind === 'fixed' ? { kind, push, pull } : { kind };
}

/** The same object while it means the same. */
function useConsistency(): ConsistencyView {
  const kind = useView((state) => state.run?.consistency.kind ?? 'bsp');
  const delay = useView(({ run }) => (run !== null && 'delay' in run.consistency ? run.consistency.delay : 0));
  if (kind === 'ssp' || kind === 'dynamic') return { kind, delay };
  return kind === 'async' ? { kind } : BSP;
}
