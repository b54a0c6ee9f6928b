import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { PacedAsking, pauseAfter } from './use-look.ts';

beforeEach(() => {
  vi.useFakeTimers();
});
afterEach(() => {
  vi.useRealTimers();
});

test('answers take a tenth of the trainer’s time at most, and come once a second at most', () => {
  expect(pauseAfter(10, true)).toBe(1_000);
  expect(pauseAfter(2_000, true)).toBe(18_000);
});

test('while nothing trains, a second after the answer is enough, however long it took', () => {
  expect(pauseAfter(2_000, false)).toBe(1_000);
});

/** Answers take two seconds. @returns when each question was asked, in milliseconds */
function asking() {
  const asked: number[] = [];
  const start = performance.now();
  const state = { isTraining: true };
  const paced = new PacedAsking(
    async () => {
      asked.push(performance.now() - start);
      await new Promise((resolve) => setTimeout(resolve, 2_000));
    },
    () => state.isTraining,
  );
  return { asked, paced, state };
}

test('what is asked for during an answer or the pause after it is asked once, when the pause is over', async () => {
  const { asked, paced } = asking();
  paced.ask();
  paced.ask();
  await vi.advanceTimersByTimeAsync(5_000);
  paced.ask();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([0, 20_000]);
});

test('when training ends nobody waits for the rest of a long pause, and later pauses are short', async () => {
  const { asked, paced, state } = asking();
  paced.ask();
  await vi.advanceTimersByTimeAsync(5_000);
  paced.ask();
  state.isTraining = false;
  paced.hurry();
  paced.ask();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([0, 5_000, 8_000]);
});

test('nothing is asked after the end', async () => {
  const { asked, paced } = asking();
  paced.ask();
  paced.ask();
  paced.close();
  await vi.advanceTimersByTimeAsync(60_000);
  expect(asked).toEqual([0]);
});
