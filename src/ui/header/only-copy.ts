// Would the run be lost with this tab? Pure.
import type { ViewState } from '../../store/view.ts';

/** Does this tab own a segment that no other node has a complete copy of? */
export const holdsOnlyCopy = ({ ring, self }: ViewState): boolean =>
  ring.segments.some(({ owner, replicas }) => owner === self && replicas.length === 0);
