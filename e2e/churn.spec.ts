// Tabs come and go while it trains.
import { momentsOf } from './browsers/moments.ts';
import { expect, report, test } from './fixtures/test.ts';

test('a tab joins in mid-run and takes steps; a worker is closed in mid-run and training finishes', async ({
  room,
}) => {
  const first = await room.joinTab();
  const worker = await room.joinTab({ role: 'worker' });
  await first.start({ steps: 1_200 });
  await first.clockOver(10);

  const late = await room.joinTab();
  const lateId = await late.id();
  await first.clockOver(await first.clockOf(lateId), lateId);
  const moments = (await momentsOf(late.page)).map(([what, ms]) => `${what} ${ms} ms`);
  report('late tab, since it was opened', moments.join(', '));

  await worker.page.close();
  await expect.poll(async () => (await first.nodes()).length, { message: 'two nodes are left' }).toBe(2);
  await first.clockOver((await first.value('Clock')) ?? 0);
  await first.finished();
  await late.finished();
  // How stale gradients are, and so how fast it learns, depends on the machine; that it learns does not.
  await first.hasValueOver('Test accuracy', 0.6);
  await expect(first.runState).toHaveText('Finished');
});
