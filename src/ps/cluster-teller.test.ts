import { describe, expect, it } from 'vitest';
import { applyChange } from '../protocol/cluster-change.ts';
import type { ClusterState, ControlMessage } from '../protocol/control.ts';
import { nodeId } from '../protocol/ids.ts';
import { clusterOf } from '../protocol/testing.ts';
import { ClusterTeller } from './cluster-teller.ts';

const [A, B] = [nodeId(1), nodeId(2)];
const stateOf = (revision: number): ClusterState => clusterOf({ revision, clockLimit: revision });

/** What a node makes of a message. */
function heard(message: ControlMessage, has: ClusterState | null): ClusterState {
  if (message.kind === 'cluster') return message;
  if (message.kind !== 'change' || has === null) throw new Error(`a ${message.kind} is of no use`);
  return applyChange(has, message);
}

describe('what a node is told', () => {
  it('is the whole state first, then what has changed', () => {
    const teller = new ClusterTeller();
    const [first, second] = [stateOf(1), stateOf(2)];
    expect(teller.tell(A, first)).toBe(first);
    const message = teller.tell(A, second);
    expect(message.kind).toBe('change');
    expect(heard(message, first)).toEqual(second);
  });

  it('is a change of what this very node has, also where it was passed over', () => {
    const teller = new ClusterTeller();
    const states = [1, 2, 3].map(stateOf);
    const [first, second, third] = states as [ClusterState, ClusterState, ClusterState];
    for (const node of [A, B]) teller.tell(node, first);
    teller.tell(A, second);
    expect(heard(teller.tell(A, third), second)).toEqual(third);
    expect(heard(teller.tell(B, third), first)).toEqual(third);
  });

  it('is one and the same change for all who have the same', () => {
    const teller = new ClusterTeller();
    for (const node of [A, B]) teller.tell(node, stateOf(1));
    const [first, next] = [stateOf(2), stateOf(3)];
    for (const node of [A, B]) teller.tell(node, first);
    expect(teller.tell(A, next)).toBe(teller.tell(B, next));
  });

  it('is the whole state again on a new connection', () => {
    const teller = new ClusterTeller();
    teller.tell(A, stateOf(1));
    teller.forget(A);
    expect(teller.tell(A, stateOf(2)).kind).toBe('cluster');
  });

  it('is a change at once where the node has said what it has', () => {
    const teller = new ClusterTeller();
    const adopted = stateOf(1);
    teller.note(A, adopted);
    expect(heard(teller.tell(A, stateOf(2)), adopted)).toEqual(stateOf(2));
  });
});
