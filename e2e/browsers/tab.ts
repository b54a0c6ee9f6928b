// A tab as the command line drives it, whatever browser it is in: the page's own hooks, by name.
import { statSync } from 'node:fs';
import type { Automation } from '../../src/runtime/automation.ts';

// biome-ignore lint/suspicious/noExplicitAny: the widest function type there is; nothing is called through it.
type AnyFunction = (...args: any[]) => unknown;

/** Names of the hooks of `window.pushpull`, but those that hand out live objects. */
export type Hook = {
  [K in keyof Automation]: Automation[K] extends AnyFunction ? K : never;
}[keyof Automation];

export type HookArguments<K extends Hook> = Parameters<Automation[K]>;
export type HookResult<K extends Hook> = Awaited<ReturnType<Automation[K]>>;

export interface Tab {
  /** "worker 1". */
  readonly name: string;
  /** Calls a hook of the page and waits for what it returns. Arguments and results are cloned. */
  call<K extends Hook>(hook: K, ...args: HookArguments<K>): Promise<HookResult<K>>;
  /** As if these files had been picked in the page's file field. */
  chooseFiles(paths: readonly string[]): Promise<void>;
  /** Ends the tab's process as a crash does: nobody is told. @throws CannotDo where the browser offers no way */
  crash(): Promise<void>;
  /** Stops everything in the tab, its workers too, for so long. @throws CannotDo where the browser offers no way */
  freeze(ms: number): Promise<void>;
  /** Collects garbage. @returns resident memory that is the tab's own, its workers' included, in bytes; null where it can't be had */
  memoryBytes(): Promise<number | null>;
  /** Begins to watch the main thread. */
  watchLongTasks(): Promise<void>;
  /** The longest task over 50 ms since `watchLongTasks`, 0 without any, null where the browser can't tell. */
  longestTaskMs(): Promise<number | null>;
}

/** The page's two file fields. */
export const FOLDER_FIELD = 'input[webkitdirectory]';
const FILES_FIELD = 'input[type=file]:not([webkitdirectory])';

/** Which of them takes what a person would choose: a folder alone goes with all that is in it. */
export const fieldFor = ([first = '', ...others]: readonly string[]): string =>
  others.length === 0 && statSync(first, { throwIfNoEntry: false })?.isDirectory() ? FOLDER_FIELD : FILES_FIELD;

/** What this browser can't be made to do from outside. */
export class CannotDo extends Error {
  override name = 'CannotDo';
}

export interface TabHandlers {
  /** The tab is gone, or its browser: nothing more will come. */
  onCrash(what: string): void;
  /** An error that nobody caught in the page. */
  onError(what: string): void;
}

export interface OpenBrowser {
  /** "Chromium 156.0". */
  readonly version: string;
  openTab(name: string, url: string, handlers: TabHandlers): Promise<Tab>;
  close(): Promise<void>;
}

export interface BrowserOptions {
  readonly isHeaded: boolean;
}
