// Bytes of both directions, before filters and on the wire, and what moving them costs where that is much.
import { useView } from '../../store/use-view.ts';
import { isAdding } from '../common/updaters.ts';
import { formatBytes } from '../format.ts';
import { adviseOnCommunication, communicationShare } from './communication-words.ts';
import { FilterStages } from './filter-stages.tsx';

const WAYS = [
  { way: 'push', name: 'Pushed' },
  { way: 'pull', name: 'Pulled' },
] as const;

export function FilterTraffic() {
  const hasTraffic = useView(({ run }) => run !== null && run.traffic.push.wire + run.traffic.pull.wire > 0);
  return (
    <div className="filters-traffic">
      <CommunicationAdvice />
      {hasTraffic ? (
        <dl className="filters-bytes">
          {WAYS.map(({ way, name }) => (
            <Way key={way} way={way} name={name} />
          ))}
        </dl>
      ) : (
        <p className="filters-words">Nothing has left a tab in this run.</p>
      )}
      <FilterStages />
    </div>
  );
}

function CommunicationAdvice() {
  const advice = useView(({ run, nodes }) =>
    run?.phase === 'running'
      ? adviseOnCommunication(communicationShare(nodes), run.filters.kind, isAdding(run.updater))
      : null,
  );
  return advice === null ? null : <p className="filters-words">{advice}</p>;
}

function Way({ way, name }: { readonly way: 'push' | 'pull'; readonly name: string }) {
  const raw = useView((state) => state.run?.traffic[way].raw ?? 0);
  const wire = useView((state) => state.run?.traffic[way].wire ?? 0);
  return (
    <>
      <dt>{name}</dt>
      <dd>
        <output
          aria-label={`${name}: bytes before filters and on the wire`}
          aria-live="off"
          data-raw={raw}
          data-wire={wire}
        >
          {formatBytes(raw)} → <b>{formatBytes(wire)}</b>
        </output>
      </dd>
    </>
  );
}
