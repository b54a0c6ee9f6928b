// The store as the page shows it. Figures of training come many times a second, from several sides: each would be rendered,
// laid out and painted by itself, on cores that compute. They are shown together, a few times a second.
import { createStore } from 'zustand/vanilla';
import type { ViewStore } from './store.ts';
import type { ViewState } from './view.ts';

/** Between two showings of figures, in milliseconds: as often as a worker reports. */
export const SHOWN_EVERY_MS = 250;

/** What changes by itself while it trains. Everything else is shown at once: somebody has done something, or should. */
const LIVE: ReadonlySet<string> = new Set<keyof ViewState>([
  'advice',
  'flows',
  'nodes',
  'ring',
  'run',
  'series',
  'transfers',
]);

/** The store for those who only look. */
export type ShownStore = Pick<ViewStore, 'getState' | 'getInitialState' | 'subscribe'>;

/** Follows `store`; returns what is shown of it, and the way to stop. */
export function pacedStore(store: ViewStore): { shown: ShownStore; stop: () => void } {
  const shown = createStore<ViewState>(() => store.getState());
  let timer: ReturnType<typeof setTimeout> | null = null;
  let shownAt = Number.NEGATIVE_INFINITY;
  const rest = () => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
  };
  const show = () => {
    rest();
    shownAt = performance.now();
    shown.setState(store.getState(), true);
  };
  const unsubscribe = store.subscribe((state) => {
    if (isMoreThanFigures(state, shown.getState())) show();
    // In a task of its own: what brought the news was one, too.
    else timer ??= setTimeout(show, Math.max(0, shownAt + SHOWN_EVERY_MS - performance.now()));
  });
  const stop = () => {
    rest();
    unsubscribe();
  };
  return { shown, stop };
}

function isMoreThanFigures(state: ViewState, shown: ViewState): boolean {
  if (state.run?.phase !== shown.run?.phase || state.run?.number !== shown.run?.number) return true;
  const names = Object.keys(state) as (keyof ViewState)[];
  return names.some((name) => !LIVE.has(name) && state[name] !== shown[name]);
}
