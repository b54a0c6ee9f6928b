// How the connection to another node is shown: what the mesh says now, and what was before. A pure function.
import type { PeerState } from '../net/peer-pair.ts';
import type { PeerView } from '../store/view.ts';

/**
 * A lost connection is being rebuilt until a first attempt has failed, then it is unreachable until one succeeds. So a
 * blip isn't shown as a fault, and no retry hides the reason.
 */
export function nextPeerView(before: PeerView | undefined, state: PeerState): PeerView {
  switch (state.phase) {
    case 'connected':
      return { phase: 'connected' };
    case 'connecting':
      if (before?.phase === 'connected') return { phase: 'reconnecting', reason: 'the other tab makes a new one' };
      return before ?? { phase: 'connecting' };
    case 'failed':
      return { phase: before?.phase === 'connected' ? 'reconnecting' : 'unreachable', reason: state.reason };
    default:
      return state satisfies never;
  }
}
