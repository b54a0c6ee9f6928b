// A member that misbehaves on the wire: every frame is refused for the reason that the test names, told in the sender's
// row; who sends what no honest tab could have sent is shut out; training goes on.
import { MAX_VIOLATIONS } from '../src/protocol/limits.ts';
import { HostileTab } from './fixtures/hostile-tab.ts';
import type { TabPage } from './fixtures/tab-page.ts';
import { expect, type Room, test } from './fixtures/test.ts';

/** Two honest tabs in a BSP run. */
async function train(room: Room): Promise<TabPage> {
  const honest = await room.joinTab();
  const other = await room.joinTab();
  await honest.start({ steps: 100_000, consistency: 'BSP' });
  await honest.clockOver(2, await other.id());
  return honest;
}

/** A hostile worker that the run counts on. @returns it, and its id */
async function joinHostile(room: Room, honest: TabPage): Promise<[HostileTab, number]> {
  // Who was there before is off the map: it changes no more while frames are under way.
  await honest.joined(2);
  const hostile = await HostileTab.join(room, honest);
  await hostile.joined(3);
  const id = await hostile.id();
  await honest.clockOver(2, id);
  return [hostile, id];
}

/** Ten more steps, all of them in good order. */
async function isUnharmed(honest: TabPage): Promise<void> {
  await honest.clockOver(((await honest.value('Clock')) ?? 0) + 10);
  await expect
    .poll(async () => (await honest.value('Loss')) ?? Number.NaN, { message: 'the loss is what it was' })
    .toBeLessThan(5);
}

const HUGE = new Float32Array(256).fill(1e6);

/** What is sent, as the row calls it, and how. */
const SHUT_OUT: readonly [what: string, told: string, send: (tab: HostileTab) => Promise<void>][] = [
  ['messages that are no chunks', 'bytes that are no frames', (tab) => tab.sendMessage(Uint8Array.of(1, 2, 3))],
  ['frames of garbage', 'bytes that are no frames', (tab) => tab.sendFrame(new Uint8Array(64).fill(7))],
  [
    'gradients that are not numbers',
    'values that are no numbers',
    async (tab) =>
      tab.sendFrame(await tab.pushFrame({ values: new Float32Array(256).fill(Number.NaN) }), MAX_VIOLATIONS),
  ],
  [
    'keys that no table has',
    'keys that no table has',
    async (tab) => tab.sendFrame(await tab.pushFrame({ keys: Uint32Array.of(4_000_000) }), MAX_VIOLATIONS),
  ],
  [
    'clocks far ahead',
    'clocks that the run has not',
    async (tab) => tab.sendFrame(await tab.pushFrame({ clock: 2_000_000_000 }), MAX_VIOLATIONS),
  ],
  [
    'pushes in another worker’s name',
    'in another worker’s name, or of none',
    async (tab) => tab.sendFrame(await tab.pushFrame({ worker: await tab.otherWorker() }), MAX_VIOLATIONS),
  ],
  [
    'a flood of frames of another room’s epoch',
    'under a map not heard of yet',
    // A kilobyte each: what may wait for a map is full after four thousand.
    async (tab) => tab.sendFrame(await tab.pushFrame({ epoch: { term: 4_000_000, counter: 1 }, values: HUGE }), 8_000),
  ],
];

// One room for all: opening it takes longer than all that is sent.
test('who sends what no honest tab could have sent is shut out, by name and reason, and training goes on', async ({
  room,
}) => {
  const honest = await train(room);
  for (const [what, told, send] of SHUT_OUT) {
    await test.step(`a worker that sends ${what}`, async () => {
      const [hostile, id] = await joinHostile(room, honest);
      await send(hostile);
      await expect(honest.row(id)).toContainText(new RegExp(`[1-9]\\d* ${told}`));
      await expect(honest.page.getByRole('region', { name: 'What happened' })).toContainText(
        `Node ${id} is shut out of this run`,
      );
      await expect.poll(() => honest.clockOf(id), { message: 'it works no more' }).toBe(-1);
      await isUnharmed(honest);
      await hostile.page.close();
    });
  }
});

test('frames of an older epoch and of another term are refused, and change nothing', async ({ room }) => {
  const honest = await train(room);
  const [hostile, id] = await joinHostile(room, honest);
  const { term, counter } = await hostile.epoch();
  const stale = [
    { term, counter: counter - 1 },
    { term: term - 1, counter: counter + 7 },
  ];
  for (const epoch of stale) await hostile.sendFrame(await hostile.pushFrame({ epoch, values: HUGE }), MAX_VIOLATIONS);
  // At two shards, of both kinds; an honest tab's late frames come on top.
  await expect(honest.row(id)).toContainText(/(6[4-9]|[7-9]\d|\d{3,}) sent under an older map/);
  // An honest tab may be late too: it is not held against it.
  await honest.clockOver(((await honest.value('Clock')) ?? 0) + 10, id);
  await isUnharmed(honest);
  await honest.button('Stop').click();
  await expect(honest.runState).toHaveText('Stopped');
});
