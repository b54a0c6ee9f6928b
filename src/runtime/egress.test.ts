import { expect, test } from 'vitest';
import { addEgress, egressOf, NO_EGRESS } from './egress.ts';

test('bytes are told by what they carry: of answered blocks some are data, the others parts of checkpoints', () => {
  const trainer = new Map([
    ['push', 100],
    ['filteredPush', 20],
    ['pull', 7],
    ['blockAnswer', 1_000],
  ] as const);
  const shard = new Map([
    ['update', 3],
    ['answer', 50],
    ['snapshot', 40],
    ['ack', 2],
  ] as const);
  const all = addEgress(egressOf([trainer], 600), egressOf([shard], 0));
  expect(all).toEqual({ data: 600, updates: 123, parameters: 490, other: 9 });
  expect(addEgress(NO_EGRESS, all)).toEqual(all);
});
