// Chromium or Chrome through Playwright.
import { setTimeout } from 'node:timers/promises';
import { type Browser, type BrowserContext, chromium, type Page } from '@playwright/test';
import { findBrowser } from './find.ts';
import { longestTask, watchLongTasks } from './long-tasks.ts';
import { collectGarbage, memoryOfProcess, processOf, stopProcessById } from './renderer-process.ts';
import {
  type BrowserOptions,
  fieldFor,
  type Hook,
  type HookArguments,
  type HookResult,
  type OpenBrowser,
  type Tab,
  type TabHandlers,
} from './tab.ts';

/** Everything here runs on this machine: no sandbox (root in CI), no GPU, and nothing that calls home. */
export const CHROMIUM_FLAGS: readonly string[] = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-quic',
  '--no-first-run',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  // A process for each tab; on a small machine Chromium would share one between tabs of the same site.
  '--renderer-process-limit=100',
  // `gc()` in pages and workers: `collectGarbage` in renderer-process.ts.
  '--js-flags=--expose-gc',
];

/** @throws NoBrowser */
export async function openChromium({ isHeaded }: BrowserOptions): Promise<OpenBrowser> {
  const executablePath = findBrowser('chromium');
  const args = [...CHROMIUM_FLAGS];
  const browser = await chromium.launch({ executablePath, headless: !isHeaded, args });
  // Dots that nobody sees move would take 3 % of two cores from those that compute.
  const reducedMotion = isHeaded ? 'no-preference' : 'reduce';
  const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, reducedMotion });
  return {
    version: `Chromium ${browser.version()}`,
    openTab: (name, url, handlers) => openTab(browser, context, name, url, handlers),
    close: () => browser.close(),
  };
}

async function openTab(
  browser: Browser,
  context: BrowserContext,
  name: string,
  url: string,
  handlers: TabHandlers,
): Promise<Tab> {
  const page = await context.newPage();
  page.on('crash', () => handlers.onCrash(`${name}: its tab crashed`));
  browser.on('disconnected', () => handlers.onCrash(`${name}: its browser is gone`));
  page.on('pageerror', (error) => handlers.onError(`${name}: ${error.message}`));
  await page.goto(url);
  return new ChromiumTab(name, page);
}

/** Chromium makes one trace at a time. */
let traced: Promise<unknown> = Promise.resolve();

class ChromiumTab implements Tab {
  private process: Promise<number> | null = null;

  constructor(
    readonly name: string,
    private readonly page: Page,
  ) {}

  call<K extends Hook>(hook: K, ...args: HookArguments<K>): Promise<HookResult<K>> {
    const call = ({ hook, args }: { hook: Hook; args: unknown[] }) =>
      (window.pushpull[hook] as (...args: unknown[]) => unknown).apply(window.pushpull, args);
    return this.page.evaluate(call, { hook, args }) as Promise<HookResult<K>>;
  }

  async crash(): Promise<void> {
    const session = await this.page.context().newCDPSession(this.page);
    const gone = new Promise<void>((resolve) => this.page.once('crash', () => resolve()));
    // Never answered: there is nobody left to.
    session.send('Page.crash').catch(() => undefined);
    await gone;
  }

  async freeze(ms: number): Promise<void> {
    const goOn = stopProcessById(await this.processId());
    await setTimeout(ms);
    goOn();
  }

  async memoryBytes(): Promise<number | null> {
    const id = await this.processId();
    await collectGarbage(this.page);
    return memoryOfProcess(id);
  }

  private processId(): Promise<number> {
    if (this.process === null) {
      this.process = traced.then(() => processOf(this.page));
      traced = this.process.catch(() => undefined);
    }
    return this.process;
  }

  chooseFiles(paths: readonly string[]): Promise<void> {
    return this.page.setInputFiles(fieldFor(paths), [...paths]);
  }

  watchLongTasks(): Promise<void> {
    return this.page.evaluate(watchLongTasks);
  }

  longestTaskMs(): Promise<number | null> {
    return this.page.evaluate(longestTask);
  }
}
