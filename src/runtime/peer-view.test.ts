// Facts about how a connection is shown.
import { expect, test } from 'vitest';
import type { PeerState } from '../net/peer-pair.ts';
import type { PeerView } from '../store/view.ts';
import { nextPeerView } from './peer-view.ts';

const failed = (reason: string): PeerState => ({ phase: 'failed', reason, retryInMs: 250 });
const connecting: PeerState = { phase: 'connecting' };
const connected: PeerState = { phase: 'connected' };

/** What is shown after each of the states. */
function shown(...states: PeerState[]): PeerView[] {
  const views: PeerView[] = [];
  for (const state of states) views.push(nextPeerView(views.at(-1), state));
  return views;
}

test('a first connection is connecting, then connected', () => {
  expect(shown(connecting, connected)).toEqual([{ phase: 'connecting' }, { phase: 'connected' }]);
});

test('a lost connection is reconnecting with its reason, also while the next attempt runs', () => {
  const lost = { phase: 'reconnecting', reason: 'the cable' };
  expect(shown(connected, failed('the cable'), connecting).slice(1)).toEqual([lost, lost]);
  expect(shown(connected, failed('the cable'), connecting, connected).at(-1)).toEqual({ phase: 'connected' });
});

test('when rebuilding fails too it is unreachable, and stays so through retries', () => {
  const far = { phase: 'unreachable', reason: 'no route' };
  const states = [connected, failed('the cable'), connecting, failed('no route'), connecting];
  expect(shown(...states).slice(-2)).toEqual([far, far]);
});

test('what never connected is unreachable at its first failure', () => {
  expect(shown(connecting, failed('a firewall')).at(-1)).toEqual({ phase: 'unreachable', reason: 'a firewall' });
});

test('a connection replaced while it worked is reconnecting', () => {
  expect(shown(connected, connecting).at(-1)?.phase).toBe('reconnecting');
});
