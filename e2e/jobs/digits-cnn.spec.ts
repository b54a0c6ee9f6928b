// The convolutional network in two tabs, on generated digits, and what it makes of an example.
import { expect, test } from '../fixtures/test.ts';

test('generated digits are learnt by convolutions in two tabs, and an example is recognised', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab({ role: 'worker' })];
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByRole('radio', { name: /convolutions/ }).check();
  await a.start({ steps: 60, consistency: 'BSP' });
  await a.finished();
  await a.clockIs(60, await b.id());
  await a.hasValueOver('Test accuracy', 0.6);
  await a.button('Random example').click();
  await expect(a.page.getByRole('list', { name: /probab/i }).getByRole('listitem')).toHaveCount(10);
});
