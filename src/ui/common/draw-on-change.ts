// From changes of the view state to drawings outside React.
import type { ShownStore } from '../../store/paced-store.ts';
import type { ViewState } from '../../store/view.ts';
import { drawing } from './drawings.ts';

/** Has what `pick` takes of the view state drawn, now and whenever it is another value; returns the way to stop. */
export function drawOnChange<Picked>(
  store: ShownStore,
  pick: (state: ViewState) => Picked,
  draw: (picked: Picked) => void,
): () => void {
  const { request, stop } = drawing(() => draw(pick(store.getState())));
  request();
  const unsubscribe = store.subscribe((state, before) => {
    if (pick(state) !== pick(before)) request();
  });
  return () => {
    unsubscribe();
    stop();
  };
}
