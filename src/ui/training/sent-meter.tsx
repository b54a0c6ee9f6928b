// What this tab has sent to others, by what it is, and what data came from whom: in sight where data stay in their tabs.
import { useView } from '../../store/use-view.ts';
import { nextInPrivate } from '../common/privacy-words.ts';
import { formatBytes, plural } from '../format.ts';

/** A section of its own in a private run; folded away elsewhere. */
export function SentMeter() {
  const isPrivate = useView((state) => state.run?.isPrivate ?? false);
  return isPrivate ? <PrivateMeter /> : <PlainMeter />;
}

function PrivateMeter() {
  const next = useView(nextInPrivate);
  return (
    <section className="sent panel" aria-label="What left this tab">
      <p>
        <b>Data stay in each tab.</b> Sent by this one: <Sent what="data" /> of data, <Sent what="updates" /> of
        updates.
      </p>
      <p className="muted small">
        Also <Sent what="parameters" /> of parameters that it serves, and <Sent what="other" /> of requests. Measured
        where frames are given to the links.
      </p>
      {next !== null && <p className="privacy-next">{next}</p>}
    </section>
  );
}

function PlainMeter() {
  return (
    <details className="sent panel">
      <summary>What this tab has sent and fetched</summary>
      <p>
        Sent: <Sent what="data" /> of data, <Sent what="updates" /> of updates, <Sent what="parameters" /> of parameters
        that it serves, <Sent what="other" /> of requests.
      </p>
      <Fetched />
    </details>
  );
}

function Sent({ what }: { readonly what: 'data' | 'updates' | 'parameters' | 'other' }) {
  const bytes = useView((state) => state.transfers[what]);
  return (
    <output className="sent-bytes" aria-label={`Bytes of ${what} sent`} aria-live="off" data-bytes={bytes}>
      {formatBytes(bytes)}
    </output>
  );
}

function Fetched() {
  const words = useView(({ transfers }) =>
    transfers.fetched
      .map(({ node, blocks, bytes }) => `${plural(blocks, 'block')} (${formatBytes(bytes)}) from node ${node}`)
      .join(', '),
  );
  return (
    <p>
      Data fetched: <output aria-label="Data fetched">{words === '' ? 'none' : words}</output>
    </p>
  );
}
