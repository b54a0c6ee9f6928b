// Bandwidth in words: "20Mbit", "500kB", "1.5MB".
const UNITS: Readonly<Record<string, number>> = { kbit: 125, mbit: 125_000, kb: 1_000, mb: 1_000_000 };

/** Bytes per second; null where the text says none. */
export function parseRate(text: string): number | null {
  const [, number, unit = ''] = /^(\d+(?:\.\d+)?)(kbit|mbit|kb|mb)$/i.exec(text) ?? [];
  const rate = Number(number) * (UNITS[unit.toLowerCase()] ?? Number.NaN);
  return rate > 0 ? rate : null;
}
