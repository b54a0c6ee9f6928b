// End-to-end tests: real tabs of a system Chromium against the built page and a real signaling server on this machine.
import { defineConfig } from '@playwright/test';
import { CHROMIUM_FLAGS } from './e2e/browsers/chromium.ts';
import { findBrowser } from './e2e/browsers/find.ts';

export default defineConfig({
  testDir: 'e2e',
  testMatch: '**/*.spec.ts',
  // A cluster takes every core that there is: two tests at once would only wait for each other.
  workers: 1,
  fullyParallel: false,
  retries: 0,
  forbidOnly: process.env.CI !== undefined,
  // What is awaited is always a state; these bound how long a busy two-core machine may take to reach it.
  timeout: 240_000,
  expect: { timeout: 90_000 },
  use: {
    viewport: { width: 1280, height: 900 },
    actionTimeout: 30_000,
    launchOptions: { executablePath: findBrowser('chromium'), args: [...CHROMIUM_FLAGS] },
  },
});
