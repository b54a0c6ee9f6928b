// Bytes of both directions, before filters and on the wire.
import { useView } from '../../store/use-view.ts';
import { formatBytes } from '../format.ts';

const WAYS = [
  { way: 'push', name: 'Pushed' },
  { way: 'pull', name: 'Pulled' },
] as const;

export function FilterTraffic() {
  return (
    <dl className="filters-bytes">
      {WAYS.map(({ way, name }) => (
        <Way key={way} way={way} name={name} />
      ))}
    </dl>
  );
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
