// What a run loses to moving parameters, and what can be done about it, in a sentence.
import type { FiltersView, NodeView } from '../../store/view.ts';

/** Less than this is the price of training together, and nothing to do about. */
const NOTABLE_SHARE = 0.4;

/** Changes of a few per cent would make the sentence flicker. */
const STEP = 0.05;

/**
 * Share of the time that even the worker that others wait for spends without computing: that is no one's slowness, but
 * the way of parameters and gradients. Null where there are no workers.
 */
export function communicationShare(
  nodes: readonly Pick<NodeView, 'isWorker' | 'communicate' | 'wait'>[],
): number | null {
  const shares = nodes.filter(({ isWorker }) => isWorker).map(({ communicate, wait }) => communicate + wait);
  if (shares.length === 0) return null;
  return Math.round(Math.min(...shares) / STEP) * STEP;
}

/** Null where nothing need be said. */
export function adviseOnCommunication(
  share: number | null,
  filters: FiltersView['kind'],
  isAdding: boolean,
): string | null {
  if (share === null || share < NOTABLE_SHARE) return null;
  const what = `${Math.round(share * 100)} % of the time goes into moving parameters`;
  if (isAdding || filters === 'auto') return `${what}: a larger batch, or fewer tabs, would help.`;
  return `${what}: choose Automatic, or start with a larger batch.`;
}
