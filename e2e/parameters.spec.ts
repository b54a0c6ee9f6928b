// Parameters go out of one room and into another: the next run begins where the last one ended.
import { readFileSync } from 'node:fs';
import { expect, newRoom, test } from './fixtures/test.ts';

test('downloaded parameters are dropped, tried without training, begun with, and learn on', async ({
  room,
  server,
}) => {
  const a = await room.joinTab();
  await a.start({ steps: 150 });
  await a.finished();
  const download = a.page.waitForEvent('download');
  await a.page.getByLabel('Download', { exact: true }).click();
  await a.button('Download parameters').click();
  const bytes = readFileSync(await (await download).path());
  await a.button('Change settings').click();
  await a.drop([{ name: 'mine.safetensors', bytes }]);
  await expect(a.page.getByRole('status', { name: 'Begins with' })).toContainText('mine.safetensors');
  // Without training, and in a room that has never trained.
  const fresh = await room.openTab({ url: `${server.url}${newRoom()}` });
  await fresh.joined(1);
  await fresh.drop([{ name: 'mine.safetensors', bytes }]);
  await fresh.button('Try the model without training').click();
  await fresh.button('Random example').click();
  await expect(fresh.output('Prediction')).toHaveText(/^[0-9]$/);
  await fresh.page.close();
  // Two steps from chance would be right one time in ten.
  await a.start({ steps: 2 });
  await a.finished();
  await a.hasValueOver('Test accuracy', 0.6);
});
