import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { MAX_COUNTED_WORKERS } from '../protocol/limits.ts';
import { PushCounts } from './push-counts.ts';

describe('the pushes in a history', () => {
  it('go on from what was handed over', () => {
    const before = new PushCounts();
    before.add(nodeId(1));
    before.add(nodeId(2));
    const after = new PushCounts(before.list());
    after.add(nodeId(1));
    expect(after.list()).toEqual([
      { node: 1, count: 2 },
      { node: 2, count: 1 },
    ]);
  });

  it('are all counted, by name for as many workers as there is room for', () => {
    const counts = new PushCounts();
    for (let node = 1; node <= MAX_COUNTED_WORKERS + 5; node++) counts.add(nodeId(node));
    counts.add(nodeId(1));
    const list = counts.list();
    expect(list).toHaveLength(MAX_COUNTED_WORKERS + 1);
    expect(list.at(-1)).toEqual({ node: 0, count: 5 });
    expect(list[0]).toEqual({ node: 1, count: 2 });
  });
});
