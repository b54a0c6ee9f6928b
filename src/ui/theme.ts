// Light or dark: the user's choice over the system's, kept in this browser; colours for what isn't styled by CSS.

export type ThemeChoice = 'system' | 'light' | 'dark';

const STORAGE_KEY = 'pushpull-theme';
const CHOICES: readonly ThemeChoice[] = ['system', 'light', 'dark'];
const listeners = new Set<() => void>();

export function readTheme(): ThemeChoice {
  try {
    const stored = localStorage.getItem(STORAGE_KEY);
    return CHOICES.find((choice) => choice === stored) ?? 'system';
  } catch {
    // Storage is blocked in this browser: the system's theme it is.
    return 'system';
  }
}

const systemTheme = matchMedia('(prefers-color-scheme: dark)');

/** Everything follows `[data-theme]`: `light-dark()` by the colour scheme that tokens.css sets for it. */
export function applyTheme(choice: ThemeChoice): void {
  const root = document.documentElement;
  root.dataset.theme = choice === 'system' ? (systemTheme.matches ? 'dark' : 'light') : choice;
  for (const listener of listeners) listener();
}

/** Applies the kept choice, now and when the system changes its mind. */
export function followTheme(): void {
  applyTheme(readTheme());
  systemTheme.addEventListener('change', () => applyTheme(readTheme()));
}

export function keepTheme(choice: ThemeChoice): void {
  try {
    localStorage.setItem(STORAGE_KEY, choice);
  } catch {
    // Storage is blocked: the choice lasts as long as the page.
  }
  applyTheme(choice);
}

export const nextTheme = (choice: ThemeChoice): ThemeChoice =>
  CHOICES[(CHOICES.indexOf(choice) + 1) % CHOICES.length] ?? 'system';

/** Calls `listener` whenever colours may have changed, by the user's choice or the system's; returns the way out. */
export function onThemeChange(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** A colour token as canvases need it: `light-dark()` and the like worked out. Costs a style pass: don't call per frame. */
export function resolveColour(token: string): string {
  const probe = document.createElement('span');
  probe.style.color = `var(${token})`;
  document.body.append(probe);
  const colour = getComputedStyle(probe).color;
  probe.remove();
  return colour;
}
