// Facts about what the page shows of its store, and when.
import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { pacedStore, SHOWN_EVERY_MS } from './paced-store.ts';
import { createViewStore } from './store.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

/** A store, what is shown of it, and how often that has changed. */
function shownStore() {
  const store = createViewStore();
  const { shown, stop } = pacedStore(store);
  const seen = { times: 0 };
  shown.subscribe(() => void seen.times++);
  const send = (bytes: number) => store.setState({ transfers: { ...store.getState().transfers, updates: bytes } });
  return { store, shown, stop, seen, send };
}

test('figures of one moment are shown together, and not in the task that brought them', () => {
  const { store, shown, seen, send } = shownStore();
  send(1);
  store.setState({ ring: { points: [], segments: [] } });
  expect(seen.times).toBe(0);
  vi.advanceTimersByTime(0);
  expect(seen.times).toBe(1);
  expect(shown.getState()).toBe(store.getState());
});

test('however often figures come, they are shown every so many milliseconds, the newest at last', () => {
  const { shown, seen, send } = shownStore();
  for (let sent = 1; sent <= 100; sent++) {
    send(sent);
    vi.advanceTimersByTime(10);
  }
  vi.advanceTimersByTime(SHOWN_EVERY_MS);
  expect(seen.times).toBe(1000 / SHOWN_EVERY_MS + 1);
  expect(shown.getState().transfers.updates).toBe(100);
});

test('what somebody did is shown at once, with the figures that wait', () => {
  const { store, shown, seen, send } = shownStore();
  send(1);
  vi.advanceTimersByTime(0);
  send(2);
  store.setState({ role: 'worker' });
  expect(seen.times).toBe(2);
  expect(shown.getState().transfers.updates).toBe(2);
  vi.advanceTimersByTime(10 * SHOWN_EVERY_MS);
  expect(seen.times).toBe(2);
});

test('once stopped it shows nothing more', () => {
  const { stop, seen, send } = shownStore();
  send(1);
  stop();
  vi.advanceTimersByTime(10 * SHOWN_EVERY_MS);
  expect(seen.times).toBe(0);
});
