// `npm run browsers`: installs what the tests need and this machine lacks. Playwright's own download where its host can be
// reached, else the system's packages (Debian's, as root).
import { spawnSync } from 'node:child_process';
import { type BrowserName, findProgram, lookForBrowser, NoBrowser } from './find.ts';

/** A download of 200 MB on a slow line. */
const INSTALL_TIMEOUT_MS = 15 * 60_000;

const DEBIAN_PACKAGES: Readonly<Record<BrowserName, string>> = { chromium: 'chromium', firefox: 'firefox-esr' };

function run(command: string, args: readonly string[]): boolean {
  console.log(`  ${command} ${args.join(' ')}`);
  const { status } = spawnSync(command, args, {
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: INSTALL_TIMEOUT_MS,
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
  });
  return status === 0;
}

let isListFresh = false;

/** Debian's package of that name, where this is a Debian and we are root. */
function installPackage(name: string): boolean {
  if (findProgram(['apt-get']) === null || process.getuid?.() !== 0) return false;
  if (!isListFresh) isListFresh = run('apt-get', ['-q', 'update']);
  return run('apt-get', ['-q', 'install', '-y', '--no-install-recommends', name]);
}

/** Downloads first: without the host there is no use in installing what the browser depends on. */
const installPlaywrights = (): boolean =>
  run('npx', ['playwright', 'install', 'chromium']) && run('npx', ['playwright', 'install-deps', 'chromium']);

/** The browser's executable, installed if need be. @throws NoBrowser */
export function ensureBrowser(name: BrowserName): string {
  const found = lookForBrowser(name);
  if (found !== null) return found;
  console.log(`There is no ${name} on this machine: installing one.`);
  if (name === 'chromium') installPlaywrights();
  if (lookForBrowser(name) === null) installPackage(DEBIAN_PACKAGES[name]);
  const installed = lookForBrowser(name);
  if (installed === null) throw new NoBrowser(name);
  return installed;
}

/** A screen for windows where there is none: a hidden tab needs a window to be hidden in. False where it can't be had. */
export function ensureScreen(): boolean {
  const has = () => findProgram(['Xvfb']) !== null;
  if (!has()) {
    console.log('There is no Xvfb on this machine: installing it.');
    installPackage('xvfb');
  }
  return has();
}
