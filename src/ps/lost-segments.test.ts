import { describe, expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { lostInWords } from './lost-segments.ts';
import { tableOf } from './testing.ts';

const [A, B] = [nodeId(1), nodeId(2)];
const placed = (...chains: (typeof A)[][]) => chains.map((chain) => ({ chain, learners: [] }));

describe('lost segments', () => {
  it('are counted and their tables named, those with a living copy not among them', () => {
    const tables = [tableOf(4, 1, undefined, 'weights'), tableOf(4, 1, undefined, 'bias')];
    expect(lostInWords(tables, placed([A], [B, A]), (node) => node === B)).toBe('1 of 2 segments (weights)');
    expect(lostInWords(tables, placed([A], [A]), (node) => node === B)).toBe('2 of 2 segments (weights, bias)');
  });

  it('are told by no more than three names', () => {
    const tables = ['a', 'b', 'c', 'd', 'e'].map((name) => tableOf(4, 1, undefined, name));
    expect(lostInWords(tables, placed([A], [A], [A], [A], [A]), () => false)).toBe(
      '5 of 5 segments (a, b, c and 2 more)',
    );
  });
});
