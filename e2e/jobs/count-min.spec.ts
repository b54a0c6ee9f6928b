// A stream counted by two tabs, once through: every item is in, and the error is what was promised.
import { expect, test } from '../fixtures/test.ts';

test('two tabs count a stream; heavy hitters and the measured error are shown', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.page.getByRole('radio', { name: 'Counting a stream' }).check();
  await expect(a.data).toContainText('20,000 different ones');
  await a.start({});
  await a.finished();
  for (const tab of [a, b]) {
    const hitters = tab.page.getByRole('region', { name: 'Heavy hitters' });
    // 63 clocks of 64 packets of 250 items.
    await expect(hitters.getByRole('status', { name: 'Items counted' })).toHaveText('1,008,000');
    await expect(hitters.getByRole('listitem').first()).toContainText('item 0');
    await tab.hasValueOver('Within the bound', 0.9932);
    await tab.hasValueOver('Estimates within the bound', 0.9932);
  }
  await a.page.getByRole('textbox', { name: 'How often was' }).fill('item 0');
  await expect(a.page.getByText(/^[\d,]+ to [\d,]+ times$/)).toBeVisible();
});

test('one column of a CSV file is counted, each field as one', async ({ room }) => {
  const a = await room.joinTab();
  await a.page.getByRole('radio', { name: 'Counting a stream' }).check();
  await expect(a.data).toContainText('20,000 different ones');
  const rows = Array.from({ length: 3_000 }, (_, row) => `${row},${row % 3 ? 'New York' : `town ${row % 90}`}`);
  await a.drop([{ name: 'orders.csv', bytes: Buffer.from(`id,city\n${rows.join('\n')}\n`) }]);
  // As lines, all of them: a number and two words each, and the header.
  await expect(a.data).toContainText('9,002 words to learn from');
  await a.page.getByLabel('Words to count').selectOption({ label: 'the column city, each field as one' });
  await expect(a.data).toContainText('3,000 words to learn from, 31 different ones');
  await a.start({});
  await a.finished();
  const hitters = a.page.getByRole('region', { name: 'Heavy hitters' });
  await expect(hitters.getByRole('status', { name: 'Items counted' })).toHaveText('3,000');
  await expect(hitters.getByRole('listitem').first()).toContainText('New York');
});
