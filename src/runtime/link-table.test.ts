import { expect, it } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { LinkTable } from './link-table.ts';

const [ME, OTHER, NOBODY] = [nodeId(1), nodeId(2), nodeId(3)];
const PULL = { kind: 'blockRequest', epoch: { term: 1, counter: 1 }, request: 7, hash: 'ab'.repeat(32) } as const;

it('says how many bytes leave the tab: none to its own shard, nor without a link', () => {
  const table = new LinkTable({ onFrame: () => undefined });
  const channels = [new MessageChannel(), new MessageChannel()] as const;
  table.attach(ME, { kind: 'local', port: channels[0].port1 });
  table.attach(OTHER, { kind: 'joined', port: channels[1].port1 });
  expect(table.send(ME, PULL)).toBe(0);
  expect(table.send(NOBODY, PULL)).toBe(0);
  const bytes = table.send(OTHER, PULL);
  expect(bytes).toBeGreaterThan(32);
  expect(table.sentByKind.get('blockRequest')).toBe(bytes);
  // Nobody measures a port, and what stays in the tab has no way to be slow.
  expect(table.drains()).toEqual([]);
  for (const node of [ME, OTHER]) table.detach(node, 'done');
});
