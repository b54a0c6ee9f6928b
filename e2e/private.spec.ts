// Data that stay in each tab: two tabs with files of their own train one model, and no sample leaves either.
import { clickFile } from './fixtures/files.ts';
import { expect, test } from './fixtures/test.ts';

const table = (name: string, from: number, kinds: readonly string[]) => {
  const rows = Array.from({ length: 400 }, (_, i) => `${from + (i % 10)},${kinds[i % 10 < 5 ? 0 : 1]}`);
  return { name, bytes: Buffer.from(`size,kind\n${rows.join('\n')}\n`) };
};

test('two tabs train on files of their own with other classes; data sent is 0, a third is asked for its own', async ({
  room,
}) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab({ role: 'worker' })];
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByLabel('Data stay in each tab').check();
  await expect(b.page.getByLabel('Data stay in each tab')).toBeChecked();
  await expect(b.page.getByText('Drop your own files here')).toBeVisible();
  await a.drop([table('mine.csv', 0, ['cat', 'dog'])]);
  await b.drop([table('yours.csv', 10, ['dog', 'eel'])]);
  const told = a.page.getByRole('status', { name: 'Data of each tab' });
  await expect(told).toContainText(`node ${await b.id()}: 334 samples`);
  // A step takes a few milliseconds: the run must outlast the other tab's way into it.
  await a.start({ steps: 1_000_000, batch: 64 });
  await expect(c.page.getByText('This run learns from files that stay in each tab')).toBeVisible();
  await a.clockOver(100, await b.id());
  // Four stretches of sizes, three classes: neither tab alone could know them all.
  await a.hasValueOver('Test accuracy', 0.6);
  await a.button('Stop').click();
  await expect(a.runState).toHaveText('Stopped');
  for (const tab of [a, b]) {
    const meter = tab.page.getByRole('region', { name: 'What left this tab' });
    await expect(meter.getByLabel('Bytes of data sent')).toHaveAttribute('data-bytes', '0');
  }
  // One of them serves; the other's updates went there over WebRTC.
  await expect(b.page.getByLabel('Bytes of updates sent')).not.toHaveAttribute('data-bytes', '0');
});

test('data of another kind are told apart, and the tab learns why it takes no part', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByLabel('Data stay in each tab').check();
  await a.drop([table('mine.csv', 0, ['cat', 'dog'])]);
  await b.drop([clickFile('clicks.txt', 500)]);
  await expect(a.page.getByRole('status', { name: 'Data of each tab' })).toContainText('417 samples');
  await a.start({ steps: 2_000, batch: 64 });
  await expect(b.alert).toContainText('this run learns from tabular');
  await a.finished();
});
