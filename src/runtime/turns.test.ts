import { expect, test } from 'vitest';
import { Turns } from './turns.ts';

/** Resolves to whether a message that was sent now has been heard when `work` is done. */
async function isHeardBy(work: () => Promise<void>): Promise<boolean> {
  const { port1, port2 } = new MessageChannel();
  let isHeard = false;
  port1.onmessage = () => {
    isHeard = true;
  };
  port2.postMessage(null);
  await work();
  port1.close();
  return isHeard;
}

test('messages are heard once they have waited for a while, and cost nothing before', async () => {
  let now = 0;
  const turns = new Turns(() => now);
  now = 19;
  expect(await isHeardBy(() => turns.give())).toBe(false);
  now = 20;
  expect(await isHeardBy(() => turns.give())).toBe(true);
  now = 39;
  expect(await isHeardBy(() => turns.give())).toBe(false);
  now = 40;
  expect(await isHeardBy(() => turns.give())).toBe(true);
});
