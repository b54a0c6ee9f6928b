// `npm run browsers`.
import { NoBrowser } from './find.ts';
import { ensureBrowser, ensureScreen } from './install.ts';

try {
  for (const name of ['chromium', 'firefox'] as const) console.log(`${name}: ${ensureBrowser(name)}`);
  console.log(ensureScreen() ? 'Xvfb: there' : 'Xvfb: missing; the test of hidden tabs will be skipped');
} catch (error) {
  if (!(error instanceof NoBrowser)) throw error;
  console.error(error.message);
  process.exitCode = 1;
}
