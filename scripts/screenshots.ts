// `npx tsx scripts/screenshots.ts [JOB…]`: the README's pictures, taken from real runs in a system browser. Trains in three
// tabs and saves what they show into docs/: a wide page in light and in dark, and a phone; then each job's own panel. With
// names of jobs only theirs.
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from '@playwright/test';
import { CHROMIUM_FLAGS } from '../e2e/browsers/chromium.ts';
import { findBrowser } from '../e2e/browsers/find.ts';
import { builtPage } from '../e2e/cluster/page-build.ts';
import { TabPage } from '../e2e/fixtures/tab-page.ts';
import { startServer } from '../signaling/http-server.ts';
import { PICTURED, takeJobPictures, until } from './job-pictures.ts';

const FOLDER = fileURLToPath(new URL('../docs', import.meta.url));

/** Anybody may see it: it ends with the script. */
const ROOM = '#room=demo&secret=shown-in-a-picture';

const WIDE: BrowserContextOptions = { viewport: { width: 1280, height: 960 }, deviceScaleFactor: 1.5 };
const PHONE: BrowserContextOptions = {
  viewport: { width: 390, height: 844 },
  deviceScaleFactor: 2,
  isMobile: true,
  hasTouch: true,
};

/** Long enough to be still training when the last picture is taken. */
const STEPS = 3_000;
const SHOWN_ACCURACY = 0.95;

/** What a picture waits for at most, on a busy machine. */
const TIMEOUT_MS = 600_000;

type Status = Awaited<ReturnType<TabPage['status']>>;

async function openTabs(browser: Browser, url: string): Promise<{ wide: TabPage; phone: TabPage }> {
  const contexts: BrowserContext[] = [];
  for (const options of [WIDE, WIDE, PHONE]) contexts.push(await browser.newContext(options));
  const tabs: TabPage[] = [];
  for (const context of contexts) {
    const tab = new TabPage(await context.newPage());
    await tab.page.goto(url);
    tabs.push(tab);
    const isConnected = ({ nodes }: Status) =>
      nodes.filter(({ peer }) => peer.phase === 'connected').length === tabs.length - 1;
    await until(tab, isConnected, TIMEOUT_MS);
  }
  const [wide, , phone] = tabs;
  if (wide === undefined || phone === undefined) throw new RangeError('Three tabs were opened.');
  return { wide, phone };
}

/** Puts a sample on the pad of "Try the model", and waits for the answer. */
async function tryModel({ page }: TabPage): Promise<void> {
  await page.getByRole('button', { name: 'Random example' }).click();
  await page.getByRole('status', { name: 'Prediction' }).waitFor({ timeout: TIMEOUT_MS });
  await page.mouse.move(0, 0);
}

async function save(page: Page, name: string, fullPage: boolean): Promise<void> {
  await page.screenshot({ path: join(FOLDER, `${name}.png`), fullPage });
  console.log(`docs/${name}.png`);
}

async function takePictures(browser: Browser, url: string): Promise<void> {
  const { wide, phone } = await openTabs(browser, url);
  await wide.start({ steps: STEPS });
  await until(wide, ({ run }) => (run?.accuracy ?? 0) > SHOWN_ACCURACY, TIMEOUT_MS);
  await tryModel(wide);
  await save(wide.page, 'page', true);
  await wide.page.emulateMedia({ colorScheme: 'dark' });
  await save(wide.page, 'page-dark', true);
  await save(phone.page, 'page-phone', false);
}

mkdirSync(FOLDER, { recursive: true });
const server = await startServer({ host: '127.0.0.1', port: 0, folder: await builtPage() });
const browser = await chromium.launch({ executablePath: findBrowser('chromium'), args: [...CHROMIUM_FLAGS] });
const jobs = process.argv.slice(2);
try {
  if (jobs.length === 0) await takePictures(browser, `${server.url}${ROOM}`);
  await takeJobPictures(browser, server.url, join(FOLDER, 'jobs'), jobs.length > 0 ? jobs : Object.keys(PICTURED));
} finally {
  await browser.close();
  await server.stop();
}
