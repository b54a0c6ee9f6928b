// Where this machine's browsers are: a system's own first, then Playwright's. Looks only; install.ts gets what is missing.
import { accessSync, constants, existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { chromium } from '@playwright/test';

export type BrowserName = 'chromium' | 'firefox';

/** Names on the PATH, the likeliest to work with WebDriver or CDP first. */
const NAMES: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: ['chromium', 'chromium-browser', 'google-chrome', 'google-chrome-stable', 'chrome'],
  firefox: ['firefox-esr', 'firefox'],
};

/** Where installers put them that don't use the PATH. */
const PLACES: Readonly<Record<BrowserName, readonly string[]>> = {
  chromium: [
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    'C:/Program Files/Google/Chrome/Application/chrome.exe',
    'C:/Program Files (x86)/Google/Chrome/Application/chrome.exe',
  ],
  firefox: ['/Applications/Firefox.app/Contents/MacOS/firefox', 'C:/Program Files/Mozilla Firefox/firefox.exe'],
};

const ADVICE: Readonly<Record<BrowserName, string>> = {
  chromium: 'No Chromium or Chrome was found on this machine. `npm run browsers` installs one',
  firefox: 'No Firefox was found on this machine. `npm run browsers` installs one',
};

/** There is none; the message says how to get one. */
export class NoBrowser extends Error {
  override name = 'NoBrowser';
  constructor(name: BrowserName) {
    super(`${ADVICE[name]}, or use your system's package of it.`);
  }
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

/** The first of these programs on the PATH, or null. */
export function findProgram(names: readonly string[]): string | null {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => folder !== '');
  const paths = names.flatMap((name) => folders.map((folder) => join(folder, name)));
  return paths.find(isExecutable) ?? null;
}

/** Its executable, or null where there is none. */
export function lookForBrowser(name: BrowserName): string | null {
  const found = findProgram(NAMES[name]) ?? PLACES[name].find(isExecutable) ?? null;
  if (found !== null || name === 'firefox') return found;
  // Playwright's Firefox is a build of its own that speaks no WebDriver BiDi; its Chromium is a Chromium.
  const own = chromium.executablePath();
  return existsSync(own) ? own : null;
}

/** @throws NoBrowser */
export function findBrowser(name: BrowserName): string {
  const found = lookForBrowser(name);
  if (found === null) throw new NoBrowser(name);
  return found;
}
