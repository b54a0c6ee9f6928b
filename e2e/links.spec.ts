// The promises of every link, kept over real data channels of a real browser.
import { fileURLToPath } from 'node:url';
import { build } from 'vite';
import { linkCompliance } from '../src/net/link-compliance.ts';
import { test as base } from './fixtures/test.ts';

/** The suite as one script. */
async function bundle(): Promise<string> {
  const entry = fileURLToPath(new URL('./links/page.ts', import.meta.url));
  const outputs = await build({
    configFile: false,
    logLevel: 'error',
    build: { write: false, minify: false, lib: { entry, formats: ['iife'], name: 'links' } },
  });
  const [output] = [outputs].flat();
  if (output === undefined || !('output' in output)) throw new Error('Vite built nothing.');
  return output.output[0].code;
}

const test = base.extend<object, { script: string }>({
  // biome-ignore lint/correctness/noEmptyPattern: Playwright reads a fixture's needs from this pattern.
  script: [async ({}, use) => use(await bundle()), { scope: 'worker' }],
});

for (const { name } of linkCompliance) {
  test(`a data channel link ${name}`, async ({ page, script, server }) => {
    await page.goto(`${server.url}healthz`);
    await page.addScriptTag({ content: script });
    await page.evaluate((name) => window.linkCases.run(name), name);
  });
}
