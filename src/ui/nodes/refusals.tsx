// Frames of a node that the shards did not take, and why, in words.

/** What honest tabs send too, when a map has just changed: it is simply sent again. */
const SENT_AGAIN: Readonly<Record<string, string>> = {
  'stale-epoch': 'sent under an older map',
  'not-owner': 'for parameters that had moved',
  early: 'under a map not heard of yet',
  'out-of-order': 'ahead of one that was lost',
  'unknown-keys': 'keys to be named again',
};

/** What none sends: by reason, as shards count it. */
const REFUSED: Readonly<Record<string, string>> = {
  'too-many': 'more than may wait',
  'not-a-worker': 'in another worker’s name, or of none',
  'bad-keys': 'keys that no table has',
  'not-finite': 'values that are no numbers',
  'bad-samples': 'more samples than a batch has',
  'bad-clock': 'clocks that the run has not',
  malformed: 'unreadable',
  'no-frame': 'bytes that are no frames',
};

export function Refusals({ refused }: { readonly refused: Readonly<Record<string, number>> }) {
  const reasons = Object.entries(refused);
  if (reasons.length === 0) return null;
  const count = (isCounted: (reason: string) => boolean) =>
    reasons.reduce((sum, [reason, frames]) => sum + (isCounted(reason) ? frames : 0), 0);
  const again = count((reason) => reason in SENT_AGAIN);
  const bad = count((reason) => !(reason in SENT_AGAIN));
  const words = reasons.map(([reason, frames]) => `${frames} ${SENT_AGAIN[reason] ?? REFUSED[reason] ?? reason}`);
  return (
    <details className="nodes-refused" data-bad={bad > 0}>
      <summary>{bad > 0 ? `${bad} refused` : `${again} sent again`}</summary>
      <small>{words.join('; ')}</small>
    </details>
  );
}
