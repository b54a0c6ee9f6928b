// The page over plain HTTP under another name than localhost, as a classroom's machines open it: no files for the page, no
// crypto, no GPU. It says what that costs.
import { CHROMIUM_FLAGS } from './browsers/chromium.ts';
import { findBrowser } from './browsers/find.ts';
import { download, keepOften, keeps } from './fixtures/checkpoints.ts';
import { expect, newRoom, test } from './fixtures/test.ts';

const NAME = 'classroom.test';

test.use({
  launchOptions: {
    executablePath: findBrowser('chromium'),
    args: [...CHROMIUM_FLAGS, `--host-resolver-rules=MAP ${NAME} 127.0.0.1`],
  },
});

test('checkpoints last as long as a tab does, and the page says so and why', async ({ room, server }) => {
  const site = new URL(server.url);
  site.hostname = NAME;
  const url = `${site}${newRoom()}`;
  const first = await room.openTab({ url });
  const second = await room.openTab({ url });
  await Promise.all([first.joined(2), second.joined(2)]);
  expect(await first.page.evaluate(() => isSecureContext)).toBe(false);
  await keepOften(first, { steps: 100_000, batch: 64, consistency: 'BSP', filters: 'Off' });
  await first.button('Start training').click();
  await keeps(first, 1);
  await expect(first.page.getByText(/Checkpoints are kept until this tab is closed\. Over plain HTTP/)).toBeVisible();

  // Of two copies one is left; a file outlives both.
  await first.button('Pause').click();
  await expect(first.runState).toHaveText('Paused');
  const { file, step } = await download(first);
  const fresh = await room.openTab({ url: `${site}${newRoom()}` });
  await expect(fresh.button('Start training')).toBeEnabled();
  await fresh.drop([{ name: 'checkpoint.safetensors', bytes: file }]);
  await fresh.clockOver(step + 5);
});
