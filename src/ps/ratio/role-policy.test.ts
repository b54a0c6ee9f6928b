import { expect, test } from 'vitest';
import { type NodeId, nodeId } from '../../protocol/ids.ts';
import type { RolePolicy } from '../../protocol/ratio.ts';
import { rolesWithout, withoutRole } from './role-policy.ts';

const [A, B, C] = [1, 2, 3].map(nodeId) as [NodeId, NodeId, NodeId];

const POLICY: RolePolicy = {
  isAutomatic: true,
  assigned: [
    { node: A, role: 'server' },
    { node: B, role: 'worker' },
    { node: C, role: 'worker' },
  ],
};

test('nothing follows while all are there', () => {
  expect(rolesWithout(POLICY, [A, B, C])).toBeNull();
  expect(rolesWithout(undefined, [A])).toBeNull();
});

test('where the last server has gone, the oldest of the others serves as well', () => {
  expect(rolesWithout(POLICY, [B, C])?.assigned).toEqual([
    { node: B, role: 'both' },
    { node: C, role: 'worker' },
  ]);
});

test('where the last worker has gone, the server works as well', () => {
  expect(rolesWithout(POLICY, [A])?.assigned).toEqual([{ node: A, role: 'both' }]);
});

test('a tab that chooses for itself has its choice, and the scheduler no longer chooses for the room', () => {
  const { isAutomatic, assigned } = withoutRole(POLICY, B);
  expect(isAutomatic).toBe(false);
  expect(assigned.map(({ node }) => node)).toEqual([A, C]);
});
