// A Chromium with a window on a screen of its own, over a bare DevTools connection: Playwright keeps its pages from ever
// being hidden, and throttling off. Here a tab behind another one is hidden, as it is to a person.
import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { WebSocket } from 'ws';
import { z } from 'zod';
import { CHROMIUM_FLAGS } from './chromium.ts';
import { findBrowser } from './find.ts';

const targetSchema = z.object({ webSocketDebuggerUrl: z.string() });
const answerSchema = z.object({
  id: z.number(),
  result: z
    .object({
      result: z.object({ value: z.unknown() }).loose(),
      exceptionDetails: z.object({ text: z.string() }).loose().optional(),
    })
    .optional(),
  error: z.object({ message: z.string() }).optional(),
});

export interface WindowedChromium {
  /** Opens a tab in front of all others. */
  openTab(url: string): Promise<WindowedTab>;
  close(): Promise<void>;
}

/** Starts a screen and a browser with one window on it. @throws NoBrowser */
export async function openWindowedChromium(): Promise<WindowedChromium> {
  const screen = spawn('Xvfb', ['-displayfd', '3', '-screen', '0', '1400x1000x24', '-nolisten', 'tcp'], {
    stdio: ['ignore', 'ignore', 'ignore', 'pipe'],
  });
  const profile = mkdtempSync(join(tmpdir(), 'pushpull-profile-'));
  const display = await firstLine(screen, screen.stdio[3] as Readable, /^(\d+)$/);
  const browser = spawn(
    findBrowser('chromium'),
    [
      ...CHROMIUM_FLAGS,
      '--remote-debugging-port=0',
      `--user-data-dir=${profile}`,
      '--no-default-browser-check',
      'about:blank',
    ],
    { stdio: ['ignore', 'ignore', 'pipe'], env: { ...process.env, DISPLAY: `:${display}` } },
  );
  const port = await firstLine(browser, browser.stderr, /DevTools listening on ws:\/\/[^:]+:(\d+)\//);
  const tabs: WindowedTab[] = [];
  return {
    openTab: async (url) => {
      const response = await fetch(`http://127.0.0.1:${port}/json/new?${encodeURIComponent(url)}`, { method: 'PUT' });
      const { webSocketDebuggerUrl } = targetSchema.parse(await response.json());
      const tab = await WindowedTab.connect(webSocketDebuggerUrl);
      tabs.push(tab);
      return tab;
    },
    close: async () => {
      for (const tab of tabs) tab.close();
      await end(browser);
      await end(screen);
      rmSync(profile, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** What a pattern catches in a process's output; fails when it ends before. */
function firstLine(process: ChildProcess, output: Readable, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    process.once('error', reject);
    process.once('exit', (code) => reject(new Error(`${process.spawnfile} ended with ${code} before it was ready.`)));
    createInterface({ input: output }).on('line', (line) => {
      const found = pattern.exec(line)?.[1];
      if (found !== undefined) resolve(found);
    });
  });
}

function end(process: ChildProcess): Promise<void> {
  return new Promise((resolve) => {
    if (process.exitCode !== null || process.signalCode !== null) return resolve();
    process.once('exit', () => resolve());
    process.kill();
  });
}

/** One tab: evaluates text in its page. */
export class WindowedTab {
  private calls = 0;

  private constructor(private readonly socket: WebSocket) {}

  static connect(url: string): Promise<WindowedTab> {
    const socket = new WebSocket(url);
    return new Promise((resolve, reject) => {
      socket.once('open', () => resolve(new WindowedTab(socket)));
      socket.once('error', reject);
    });
  }

  /** The value of an expression, awaited if it is a promise, cloned. */
  evaluate(expression: string): Promise<unknown> {
    const id = ++this.calls;
    const params = { expression, awaitPromise: true, returnByValue: true };
    return new Promise((resolve, reject) => {
      const listen = (data: unknown): void => {
        const message = answerSchema.safeParse(JSON.parse(String(data)));
        if (!message.success || message.data.id !== id) return;
        this.socket.off('message', listen);
        const { result, error } = message.data;
        const problem = error?.message ?? result?.exceptionDetails?.text;
        if (problem !== undefined) reject(new Error(`${expression}: ${problem}`));
        else resolve(result?.result.value);
      };
      this.socket.on('message', listen);
      this.socket.send(JSON.stringify({ id, method: 'Runtime.evaluate', params }));
    });
  }

  close(): void {
    this.socket.close();
  }
}
