// Frames of a node that the shards did not take, and why, in words.

/** By reason, as shards count them. What honest tabs send too, when a map has just changed, comes first. */
const WORDS: Readonly<Record<string, string>> = {
  'stale-epoch': 'sent under an older map',
  'not-owner': 'for parameters that had moved',
  early: 'under a map not heard of yet',
  'out-of-order': 'ahead of one that was lost',
  'unknown-keys': 'keys to be named again',
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
  const all = reasons.reduce((sum, [, count]) => sum + count, 0);
  const words = reasons.map(([reason, count]) => `${count} ${WORDS[reason] ?? reason}`).join('; ');
  return (
    <details className="nodes-refused">
      <summary>{all} refused</summary>
      <small>{words}</small>
    </details>
  );
}
