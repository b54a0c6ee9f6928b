// Numbers, bytes and times as people read them. Pure; a thin space-free style that never changes width needlessly.

/** What stands where no number is known yet. */
export const NOTHING = '–';

const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const formatCount = (value: number): string => (Number.isFinite(value) ? whole.format(value) : NOTHING);

/** A big count in at most four characters and a letter: 950, 12.3k, 1.2M. */
export function formatShort(value: number): string {
  if (!Number.isFinite(value)) return NOTHING;
  if (Math.abs(value) < 9_999.5) return whole.format(value);
  if (Math.abs(value) < 999_950) return `${(value / 1e3).toFixed(1)}k`;
  return `${(value / 1e6).toFixed(1)}M`;
}

/** Loss: four decimals while small, fewer when large; huge ones by their power of ten. */
export function formatLoss(value: number | null): string {
  if (value === null) return NOTHING;
  if (Number.isNaN(value)) return 'NaN';
  if (!Number.isFinite(value)) return value > 0 ? '∞' : '−∞';
  const size = Math.abs(value);
  if (size >= 1e5) return value.toExponential(1);
  return value.toFixed(size < 10 ? 4 : size < 1000 ? 2 : 0);
}

/** A fraction as a percentage with one decimal: 0.9481 → "94.8 %". */
export const formatPercent = (fraction: number | null, decimals = 1): string =>
  fraction === null || !Number.isFinite(fraction) ? NOTHING : `${(fraction * 100).toFixed(decimals)} %`;

/** A job's score, as its measures say. */
export const formatScore = (value: number | null, format: 'percent' | 'number' | undefined): string =>
  format === 'number' ? formatLoss(value) : formatPercent(value);

const BYTE_UNITS = ['B', 'kB', 'MB', 'GB', 'TB'] as const;

/** Bytes in powers of 1000: "0 B", "999 B", "1.2 MB". */
export function formatBytes(bytes: number): string {
  if (!Number.isFinite(bytes)) return NOTHING;
  let value = bytes;
  let unit = 0;
  // 999.95 would print as "1000.0".
  while (value >= (unit === 0 ? 999.5 : 999.95) && unit < BYTE_UNITS.length - 1) {
    value /= 1000;
    unit++;
  }
  return `${unit === 0 ? Math.round(value) : value.toFixed(1)} ${BYTE_UNITS[unit]}`;
}

/** A duration as a clock: 65 s → "1:05", 3,700 s → "1:01:40". */
export function formatDuration(seconds: number): string {
  if (!Number.isFinite(seconds)) return NOTHING;
  const total = Math.max(0, Math.floor(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  const minutes = Math.floor(total / 60);
  if (minutes < 60) return `${minutes}:${two(total % 60)}`;
  return `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${two(total % 60)}`;
}

export function formatMilliseconds(ms: number | null): string {
  if (ms === null || !Number.isFinite(ms)) return NOTHING;
  return `${ms < 10 ? ms.toFixed(1) : whole.format(ms)} ms`;
}

/** A learning rate without noise: 0.001, 0.05, 1e-6. */
export const formatRate = (rate: number): string =>
  rate !== 0 && Math.abs(rate) < 1e-4 ? rate.toExponential().replace('e-', 'e−') : String(Number(rate.toPrecision(3)));

/** "1 tab", "3 tabs". */
export const plural = (count: number, word: string): string => `${formatCount(count)} ${word}${count === 1 ? '' : 's'}`;

/** How long ago, roughly: "just now", "3 minutes ago", "2 days ago". */
export function formatAge(ms: number): string {
  const minutes = Math.floor(ms / 60_000);
  if (minutes < 1) return 'just now';
  if (minutes < 60) return `${plural(minutes, 'minute')} ago`;
  const hours = Math.floor(minutes / 60);
  return hours < 48 ? `${plural(hours, 'hour')} ago` : `${plural(Math.floor(hours / 24), 'day')} ago`;
}
