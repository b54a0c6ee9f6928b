// Pages of benchmarks in real tabs: built by Vite as the page itself is, served, and opened in Chromium, a process for each tab.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromium, type Page } from '@playwright/test';
import { build, preview } from 'vite';
import { CHROMIUM_FLAGS } from '../../e2e/browsers/chromium.ts';
import { findBrowser } from '../../e2e/browsers/find.ts';

const ROOT = fileURLToPath(new URL('.', import.meta.url));

/** Isolated, the browser's clock moves in steps of 5 µs instead of 100, and wasm may use threads: not so in the real page. */
const ISOLATED = { 'Cross-Origin-Opener-Policy': 'same-origin', 'Cross-Origin-Embedder-Policy': 'require-corp' };

/** No benchmark takes as long: something is waiting for what will never come. */
const PATIENCE_MS = 15 * 60_000;

export interface Tabs {
  /** "Chromium 156.0". */
  readonly browser: string;
  readonly pages: readonly Page[];
}

/**
 * Builds `NAME.html` of this folder, opens it in `count` tabs, gives them to `work`, and clears everything away after it.
 * @throws NoBrowser, and whatever a page doesn't catch
 */
export async function inTabs<T>(
  name: string,
  count: number,
  work: (tabs: Tabs) => Promise<T>,
  { isIsolated = false } = {},
): Promise<T> {
  const headers = isIsolated ? ISOLATED : {};
  const outDir = mkdtempSync(join(tmpdir(), 'pushpull-bench-'));
  const shared = { configFile: false, root: ROOT, logLevel: 'error', base: './' } as const;
  const output = { outDir, emptyOutDir: true, target: 'es2023', chunkSizeWarningLimit: 4000 };
  const input = join(ROOT, `${name}.html`);
  await build({ ...shared, worker: { format: 'es' }, build: { ...output, rolldownOptions: { input } } });
  const site = await preview({
    ...shared,
    build: { outDir },
    preview: { port: 0, host: '127.0.0.1', headers },
  });
  const browser = await chromium.launch({ executablePath: findBrowser('chromium'), args: [...CHROMIUM_FLAGS] });
  let fail: (error: Error) => void = () => undefined;
  const trouble = new Promise<never>((_, reject) => {
    fail = reject;
  });
  trouble.catch(() => undefined);
  const waited = setTimeout(
    () => fail(new Error(`${name}: not done after ${PATIENCE_MS / 60_000} minutes.`)),
    PATIENCE_MS,
  );
  try {
    const context = await browser.newContext();
    const pages: Page[] = [];
    for (let at = 0; at < count; at++) {
      const page = await context.newPage();
      page.on('pageerror', fail);
      page.on('crash', () => fail(new Error('A tab crashed.')));
      await page.goto(`${site.resolvedUrls?.local[0]}${name}.html`);
      pages.push(page);
    }
    return await Promise.race([work({ browser: `Chromium ${browser.version()}`, pages }), trouble]);
  } finally {
    clearTimeout(waited);
    await browser.close();
    await site.close();
    rmSync(outDir, { recursive: true, force: true });
  }
}
