// Facts about what the page says of owners and copies.
import { expect, test } from 'vitest';
import { nodeId } from '../../protocol/ids.ts';
import type { RingView } from '../../store/view.ts';
import { explainReplicas } from '../common/replicas-words.ts';
import { holdingsInWords, nearInWords, safetyOf } from './holdings-words.ts';

const [a, b, c] = [nodeId(1), nodeId(2), nodeId(3)];

/** One segment for each list of holders: owner, then replicas. */
const ringOf = (chains: (typeof a)[][], learners: (typeof a)[] = []): RingView => ({
  points: [],
  segments: chains.map(([owner = null, ...replicas], segment) => ({
    table: 't',
    segment,
    startKey: 0,
    endKey: 1,
    floats: 1,
    owner,
    replicas,
    learners,
    position: 0,
  })),
});

test('a node is said to own, keep and fill as much as it does', () => {
  expect(holdingsInWords({ owned: 0.28, copied: 0.31, filling: 0 })).toEqual([
    'owns 28 % of the parameters',
    'keeps copies of 31 %',
  ]);
  expect(holdingsInWords({ owned: 0, copied: 0, filling: 0.12 })).toEqual([
    'is filling copies of 12 % of the parameters',
  ]);
  expect(holdingsInWords({ owned: 0, copied: 0, filling: 0 })).toEqual([]);
});

test('the segment with the fewest copies says what may be closed', () => {
  expect(
    safetyOf(
      ringOf([
        [a, b],
        [b, a],
      ]),
      1,
    )?.text,
  ).toBe('Any tab may be closed: every parameter has a copy.');
  expect(
    safetyOf(
      ringOf([
        [a, b, c],
        [b, c, a],
      ]),
      2,
    )?.text,
  ).toContain('Any 2 tabs may be closed at once');
  expect(
    safetyOf(
      ringOf([
        [a, b, c],
        [b, c],
      ]),
      2,
    )?.text,
  ).toContain('Open another tab for 2.');
  expect(safetyOf(ringOf([[a, b], [a]]), 1)?.level).toBe('warning');
});

test('while copies are filled it is safe only if there are others', () => {
  expect(safetyOf(ringOf([[a]], [b]), 1)).toEqual({ level: 'warning', text: 'Copies are being filled…' });
  expect(safetyOf(ringOf([[a, b]], [c]), 2)?.level).toBe('info');
});

test('without segments there is nothing to lose; without replicas everything', () => {
  expect(safetyOf(ringOf([]), 1)).toBeNull();
  expect(safetyOf(ringOf([[a]]), 0)?.text).toContain('every server must stay open');
});

test('copies wait for as many tabs as they need', () => {
  expect(explainReplicas(2, 2)).toContain('as soon as 3 tabs are here');
  expect(explainReplicas(2, 3)).not.toContain('as soon as');
});

test('who is near a worker, and a server', () => {
  const near = [
    { worker: a, servers: [c, nodeId(4)] },
    { worker: c, servers: [a] },
    { worker: nodeId(5), servers: [c] },
  ];
  expect(nearInWords(near, a)).toBe('exchanges 32-bit values with node 3, node 4');
  expect(nearInWords(near, c)).toBe('exchanges 32-bit values with node 1, node 5');
  expect(nearInWords(near, b)).toBeNull();
});
