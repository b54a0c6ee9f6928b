import { expect, test } from 'vitest';
import { adviseOnCommunication, communicationShare } from './communication-words.ts';

const worker = (communicate: number, wait: number) => ({ isWorker: true, communicate, wait });

test('what the slowest worker loses is lost to the links; what others lose, they wait for it', () => {
  expect(communicationShare([worker(0.02, 0.01), worker(0.3, 0.6)])).toBe(0.05);
  expect(
    communicationShare([worker(0.02, 0.8), worker(0.3, 0.6), { isWorker: false, communicate: 0, wait: 0 }]),
  ).toBeCloseTo(0.8);
  expect(communicationShare([])).toBeNull();
});

test('a notable share is said, with what to do about it', () => {
  expect(adviseOnCommunication(0.2, 'off', false)).toBeNull();
  expect(adviseOnCommunication(null, 'off', false)).toBeNull();
  expect(adviseOnCommunication(0.8, 'off', false)).toBe(
    '80 % of the time goes into moving parameters: choose Automatic, or start with a larger batch.',
  );
  expect(adviseOnCommunication(0.8, 'auto', false)).toMatch(/: a larger batch, or fewer tabs, would help\.$/);
  expect(adviseOnCommunication(0.8, 'off', true)).toMatch(/: a larger batch, or fewer tabs, would help\.$/);
});
