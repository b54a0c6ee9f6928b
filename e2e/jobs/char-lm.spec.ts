// A text model in two tabs: sums in writing, and a text that was dropped; it writes while it learns.
import { expect, test } from '../fixtures/test.ts';

test('generated sums are learnt in two tabs, and written on from a prompt', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab({ role: 'worker' })];
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByRole('radio', { name: /Text, character by character/ }).check();
  await expect(a.data).toContainText('13 different ones');
  await expect(a.data).toContainText(/\d\+\d+=\d/);
  await a.start({ steps: 40, consistency: 'BSP' });
  await a.finished();
  await a.clockIs(40, await b.id());
  // Thirteen characters, each as likely as any other, are 2.56.
  await expect.poll(() => a.value('Loss per character'), { timeout: 60_000 }).toBeLessThan(2.2);
  await a.page.getByRole('textbox', { name: 'Begin with' }).fill('12+7=');
  await expect(a.page.getByTestId('written')).toContainText(/^12\+7=[\d+=\n]{100}/);
});

test('a text is read, held out and trained on', async ({ room }) => {
  const a = await room.joinTab();
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByRole('radio', { name: /Text, character by character/ }).check();
  const text = 'The quick brown fox jumps over the lazy dog, again and again.\n'.repeat(200);
  await a.pick([{ name: 'fox.txt', bytes: Buffer.from(text) }]);
  await expect(a.data).toContainText('rows of 129 characters');
  await a.start({ steps: 8 });
  await a.finished();
  await expect(a.page.getByTestId('written')).toContainText('The quick brown fox');
});
