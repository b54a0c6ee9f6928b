// A browser and its system in two words, for the nodes table.

const BROWSERS: readonly [RegExp, string][] = [
  [/Firefox\//, 'Firefox'],
  [/Edg\//, 'Edge'],
  [/OPR\//, 'Opera'],
  [/Chrom(e|ium)\//, 'Chromium'],
  [/Safari\//, 'Safari'],
];

const SYSTEMS: readonly [RegExp, string][] = [
  [/Android/, 'Android'],
  [/iPhone|iPad/, 'iOS'],
  [/Windows/, 'Windows'],
  [/Mac OS X/, 'macOS'],
  [/Linux|X11/, 'Linux'],
];

const find = (list: readonly [RegExp, string][], userAgent: string, otherwise: string): string =>
  list.find(([pattern]) => pattern.test(userAgent))?.[1] ?? otherwise;

/** "Chromium on Linux". */
export const browserLabel = (userAgent: string): string =>
  `${find(BROWSERS, userAgent, 'A browser')} on ${find(SYSTEMS, userAgent, 'some system')}`;
