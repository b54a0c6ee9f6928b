// The ratio advisor as a person uses it: what is measured and predicted stands on the page, the switch holds for the room, and who
// chooses a role by hand ends it.
import { expect, test } from './fixtures/test.ts';

test('the page says what other divisions would do; the room divides itself until a tab chooses its own role', async ({
  room,
}) => {
  const [a, b, c] = [await room.joinTab(), await room.joinTab(), await room.joinTab()];
  await a.joined(3);
  await a.start({ steps: 100_000, filters: 'Off', consistency: 'BSP' });
  const panelOf = ({ page }: typeof a) => page.getByRole('region', { name: 'Workers and servers' });
  await expect(panelOf(c).getByRole('status', { name: 'Division now' })).toHaveText(
    /^Now: 3 workers, \d servers?, [\d,]+ samples\/s\.$/,
    { timeout: 60_000 },
  );
  const divisions = panelOf(c).getByRole('table', { name: 'Samples per second by division' }).getByRole('row');
  // A head, and of one to three servers those that work as well and those that only serve.
  await expect(divisions).toHaveCount(1 + 5);
  const automatic = (tab: typeof a) => panelOf(tab).getByRole('checkbox', { name: 'Set the best by itself' });
  await automatic(a).check();
  await expect(automatic(b)).toBeChecked();
  await b.page.getByRole('combobox', { name: 'Role of this tab' }).selectOption('Worker');
  await expect(automatic(a)).not.toBeChecked();
  await expect(panelOf(a).getByRole('status', { name: 'Division now' })).toContainText('samples/s');
});
