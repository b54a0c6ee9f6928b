// Gradients go round a ring of workers, and tabs come and go meanwhile.
import { expect, test } from './fixtures/test.ts';

test('two tabs train round a ring; a third joins, one is closed, and training goes on', async ({ room }) => {
  const first = await room.joinTab();
  const second = await room.joinTab({ role: 'worker' });
  await first.set({ steps: 3_000, batch: 96 });
  const reduce = first.page.getByRole('group', { name: 'All-reduce' });
  await reduce.getByRole('radio', { name: 'Ring', exact: true }).check();
  await first.isConsistency('BSP');
  await expect(first.page.getByRole('group', { name: 'Filters' }).getByRole('radio', { name: 'Off' })).toBeChecked();
  await first.button('Start training').click();
  await first.clockOver(10, await second.id());
  await expect(second.page.getByText('All-reduce: ring')).toBeVisible();
  // What a ring can't do without isn't offered.
  for (const name of ['Consistency', 'Filters']) await expect(second.page.getByRole('group', { name })).toHaveCount(0);

  const third = await room.joinTab({ role: 'worker' });
  const thirdId = await third.id();
  await first.clockOver(await first.clockOf(thirdId), thirdId);
  await second.page.close();
  await expect.poll(async () => (await first.nodes()).length, { message: 'two nodes are left' }).toBe(2);
  await first.clockOver(((await first.value('Clock')) ?? 0) + 20);
  await first.hasValueOver('Test accuracy', 0.5);
  await first.button('Stop').click();
  await expect(third.runState).toHaveText('Stopped');
  expect((await first.status()).run?.message ?? null).toBeNull();
});
