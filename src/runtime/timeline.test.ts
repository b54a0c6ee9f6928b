// Facts about the list of what happened.
import { expect, test } from 'vitest';
import { nodeId } from '../protocol/ids.ts';
import { emptyCluster } from '../ps/cluster-state.ts';
import { runPlanOf } from '../ps/testing.ts';
import { createViewStore } from '../store/store.ts';
import { Timeline } from './timeline.ts';

const [one, two, three] = [nodeId(1), nodeId(2), nodeId(3)];

/** A run on one segment with this chain. */
function clusterOf(counter: number, servers: (typeof one)[], chain: (typeof one)[]) {
  const map = { epoch: { term: 1, counter }, run: 1, servers, placements: [{ chain, learners: [] }], workers: [] };
  return { ...emptyCluster(one, 1), phase: 'running' as const, plan: runPlanOf({ run: 1, replicas: 1 }), map };
}

const WITH_THREE = clusterOf(1, [one, two, three], [three, two]);
const WITHOUT = clusterOf(2, [one, two], [two]);
const WHOLE = 'Node 3 was closed; node 2 now owns what it had (100 % of the parameters).';

function open() {
  const store = createViewStore();
  const clock = { now: 0 };
  const timeline = new Timeline(store, () => clock.now);
  return { timeline, clock, texts: () => store.getState().notices.map(({ text }) => text) };
}

test('a departure is one line, whichever half is heard first', () => {
  for (const order of ['connection first', 'map first']) {
    const { timeline, texts } = open();
    timeline.onCluster(WITH_THREE);
    if (order === 'connection first') timeline.onGone(three, 'was closed');
    timeline.onCluster(WITHOUT);
    if (order === 'map first') timeline.onGone(three, 'was closed');
    expect(texts().filter((text) => text.includes('ode 3'))).toEqual([WHOLE]);
  }
});

test('a half that comes much later is a line of its own', () => {
  const { timeline, clock, texts } = open();
  timeline.onCluster(WITH_THREE);
  timeline.onGone(three, 'was closed');
  clock.now = 60_000;
  timeline.onCluster(WITHOUT);
  expect(texts().slice(0, 2)).toEqual([
    'Node 3 was closed.',
    'Node 2 now owns what node 3 had (100 % of the parameters).',
  ]);
});

test('what was so before this tab came is no event', () => {
  const { timeline, texts } = open();
  timeline.onCluster(WITH_THREE);
  expect(texts()).toEqual([]);
});

test('only the newest hundred are kept', () => {
  const { timeline, texts } = open();
  for (let count = 1; count <= 130; count++) timeline.note('info', `event ${count}`);
  expect(texts()).toHaveLength(100);
  expect(texts()[0]).toBe('event 31');
});

test('a connection that was rebuilt is told with the reason it was lost for; a first one, and one on its way, are not', () => {
  const { timeline, texts } = open();
  const [connected, lost] = [{ phase: 'connected' }, { phase: 'reconnecting', reason: 'the cable' }] as const;
  timeline.onPeer(three, undefined, connected);
  timeline.onPeer(three, connected, lost);
  timeline.onPeer(three, lost, lost);
  expect(texts()).toEqual([]);
  timeline.onPeer(three, lost, connected);
  expect(texts()).toEqual(['The connection to node 3 was lost and rebuilt: the cable.']);
});
