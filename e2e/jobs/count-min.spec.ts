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
