// Topics of generated bars, found by two tabs.
import { expect, test } from '../fixtures/test.ts';

test('two tabs find the bars, show them as pictures, and count every word once', async ({ room }) => {
  const [a, b] = [await room.joinTab(), await room.joinTab()];
  await a.page.getByRole('radio', { name: 'Topics of documents' }).check();
  await expect(a.data).toContainText('25 different ones');
  // Forty times through the documents.
  await a.start({ steps: 320 });
  await a.finished();
  for (const tab of [a, b]) {
    const topics = tab.page.getByRole('region', { name: 'Topics' });
    await expect(topics.getByRole('img', { name: /^Topic \d+$/ })).toHaveCount(10);
    // 25 pixels by chance; the planted bars themselves reach about 20.5.
    await expect.poll(() => tab.value('Held-out perplexity')).toBeLessThan(22.5);
    await expect(topics.getByRole('status', { name: 'Coherence' })).not.toBeEmpty();
  }
  const figures = await a.page.evaluate(() => window.pushpull.modelFigures());
  expect(figures).toEqual({ tokens: 200_000, counted: 200_000, unbalancedWords: 0 });
});

test('documents of one’s own: a text, a document a line', async ({ room }) => {
  const tab = await room.joinTab();
  await tab.page.getByRole('radio', { name: 'Topics of documents' }).check();
  const lines = Array.from({ length: 60 }, (_, i) =>
    i % 2 === 0 ? 'the cat chased the dog and the dog the cat' : 'a bank sold the bond and bought the stock',
  );
  await tab.pick([{ name: 'notes.txt', bytes: new TextEncoder().encode(lines.join('\n')) }]);
  await expect(tab.data).toContainText('notes.txt');
  await tab.start({ steps: 40 });
  await tab.finished();
  await tab.page.getByRole('textbox', { name: 'What is a text about?' }).fill('my cat and my dog');
  const topics = tab.page.getByRole('region', { name: 'Topics' });
  await expect(topics.getByRole('list').last()).toContainText(/cat|dog|chased/);
});
