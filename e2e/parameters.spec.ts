// Parameters go out of one room and into another: the next run begins where the last one ended.
import { readFileSync } from 'node:fs';
import { expect, test } from './fixtures/test.ts';

test('downloaded parameters are dropped, begun with, and learn on', async ({ room }) => {
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
  // Two steps from chance would be right one time in ten.
  await a.start({ steps: 2 });
  await a.finished();
  await a.hasValueOver('Test accuracy', 0.6);
});
