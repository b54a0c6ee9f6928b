// Firefox through puppeteer-core (WebDriver BiDi): Playwright can only drive a Firefox of its own.
import { type Browser, launch, type Page } from 'puppeteer-core';
import { findBrowser } from './find.ts';
import {
  type BrowserOptions,
  CannotDo,
  FOLDER_FIELD,
  fieldFor,
  type Hook,
  type HookArguments,
  type HookResult,
  type OpenBrowser,
  type Tab,
  type TabHandlers,
} from './tab.ts';

const PREFERENCES = {
  // Same-machine WebRTC: addresses as they are (nothing answers mDNS here), the loopback one among them.
  'media.peerconnection.ice.obfuscate_host_addresses': false,
  'media.peerconnection.ice.loopback': true,
  // Tabs of one site share four processes by default; here each tab gets its own.
  'dom.ipc.processCount.webIsolated': 32,
};

/** @throws NoBrowser */
export async function openFirefox({ isHeaded }: BrowserOptions): Promise<OpenBrowser> {
  const browser = await launch({
    browser: 'firefox',
    executablePath: findBrowser('firefox'),
    headless: !isHeaded,
    extraPrefsFirefox: PREFERENCES,
  });
  return {
    version: (await browser.version()).replace('/', ' '),
    openTab: (name, url, handlers) => openTab(browser, name, url, handlers),
    close: () => browser.close(),
  };
}

async function openTab(browser: Browser, name: string, url: string, handlers: TabHandlers): Promise<Tab> {
  const page = await browser.newPage();
  page.on('error', (error) => handlers.onCrash(`${name}: its tab crashed (${error.message})`));
  page.on('pageerror', (error) =>
    handlers.onError(`${name}: ${error instanceof Error ? error.message : String(error)}`),
  );
  browser.on('disconnected', () => handlers.onCrash(`${name}: its browser is gone`));
  await page.goto(url);
  return new FirefoxTab(name, page);
}

class FirefoxTab implements Tab {
  constructor(
    readonly name: string,
    readonly page: Page,
  ) {}

  call<K extends Hook>(hook: K, ...args: HookArguments<K>): Promise<HookResult<K>> {
    const call = (hook: Hook, args: unknown[]) =>
      (window.pushpull[hook] as (...args: unknown[]) => unknown).apply(window.pushpull, args);
    return this.page.evaluate(call, hook, args) as Promise<HookResult<K>>;
  }

  async chooseFiles(paths: readonly string[]): Promise<void> {
    if (fieldFor(paths) === FOLDER_FIELD) {
      throw new CannotDo('Firefox takes no folder from outside: use --browser chromium, or a .zip of it.');
    }
    const field = await this.page.waitForSelector('input[type=file]');
    await field?.uploadFile(...paths);
  }

  crash(): Promise<void> {
    return Promise.reject(new CannotDo('Firefox has no command that crashes a tab: use --browser chromium.'));
  }

  freeze(): Promise<void> {
    return Promise.reject(new CannotDo('Firefox has no command that freezes a tab: use --browser chromium.'));
  }

  /** Its processes are not told apart from outside. */
  async memoryBytes(): Promise<null> {
    return null;
  }

  /** Firefox has no Long Tasks API. */
  async watchLongTasks(): Promise<void> {}

  async longestTaskMs(): Promise<null> {
    return null;
  }
}
