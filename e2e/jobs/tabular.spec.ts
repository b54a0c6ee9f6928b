// Tables in two tabs: generated customers, and a file whose columns are corrected.
import { expect, test } from '../fixtures/test.ts';

test('generated customers are learnt in two tabs; importances and a filled-in row are answered', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab({ role: 'worker' })];
  await expect(a.button('Start training')).toBeEnabled();
  await a.page.getByRole('radio', { name: /Tables/ }).check();
  await expect(a.data).toContainText('7 columns to predict leaves from (2 classes)');
  await a.start({ steps: 400 });
  await a.finished();
  await a.clockIs(400, await b.id());
  // The best possible is 0.86, a linear model's 0.72.
  await a.hasValueOver('Test accuracy', 0.78);
  const bars = a.page.getByRole('list', { name: 'Loss of score without each column' }).getByRole('listitem');
  await expect(bars).toHaveCount(7);
  // What says nothing of the target comes last.
  await expect(bars.nth(6)).toContainText(/city|shoe size/);
  const answer = a.output('Prediction of leaves');
  await expect(answer).toHaveText(/^(yes|no)$/);
  const fill = async (visits: string, plan: string) => {
    await a.page.getByLabel('visits').fill(visits);
    await a.page.getByLabel('plan').selectOption(plan);
  };
  // Planted: few visits and the basic plan make customers leave.
  await fill('2', 'basic');
  await expect(answer).toHaveText('yes');
  await fill('25', 'family');
  await expect(answer).toHaveText('no');
});

test('the columns of a CSV file are shown, and what is corrected counts, also after a reload', async ({ room }) => {
  const a = await room.joinTab();
  await expect(a.button('Start training')).toBeEnabled();
  const rows = Array.from({ length: 600 }, (_, row) => {
    return `${row};${(row * 37) % 100},5;${row % 3 ? 'red' : 'blue'};${((row * 37) % 100) * 2 + (row % 3)}.5`;
  });
  await a.pick([{ name: 'things.csv', bytes: Buffer.from(`id;size;colour;price\n${rows.join('\n')}\n`) }]);
  await expect(a.data).toContainText('500 training and 100 test samples; 2 columns to predict price from (a number)');
  await a.page.getByText('predicting price').click();
  // A comma for a decimal point: taken for words.
  await expect(a.page.getByLabel('Kind of size')).toHaveValue('category');
  await a.page.getByLabel('Kind of size').selectOption('ignored');
  await expect(a.data).toContainText('1 column to predict price from');
  // A tab that is loaded again still has the file, and what was said of it.
  await a.page.reload();
  await expect(a.data).toContainText('1 column to predict price from');
  await a.page.getByText('predicting price').click();
  await expect(a.page.getByLabel('Kind of size')).toHaveValue('ignored');
  await a.page.getByRole('combobox', { name: /^Predict/ }).selectOption('colour');
  await expect(a.data).toContainText('to predict colour from (2 classes)');
  await a.start({ steps: 60 });
  await a.finished();
  await expect(a.output('Prediction of colour')).toHaveText(/^(red|blue)$/);
});
