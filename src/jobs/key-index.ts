// The keys of a sparse batch: which ones there are, and where each one's row lies among the parameters pulled.

/** Odd multiplier that spreads consecutive keys (2³² ÷ golden ratio; Knuth, TAOCP 3, section 6.4). */
const FIBONACCI = 0x9e3779b1;

/** Key → position in a list of unique keys. Open addressing in one typed array, at most half full. */
export class KeyIndex {
  private readonly keys: Uint32Array;
  /** Position + 1; 0 where free. */
  private readonly places: Uint32Array;
  private readonly mask: number;
  private count = 0;

  /** @param capacity most keys it will hold */
  constructor(capacity: number) {
    const size = 2 ** Math.ceil(Math.log2(2 * capacity + 2));
    this.places = new Uint32Array(size);
    this.mask = size - 1;
    this.keys = new Uint32Array(capacity);
  }

  /** An index of `keys`, which must be unique, by their order. */
  static of(keys: Uint32Array): KeyIndex {
    const index = new KeyIndex(keys.length);
    for (let i = 0; i < keys.length; i++) index.add(keys[i] as number);
    return index;
  }

  /** Position of `key`; a new key gets the next. */
  add(key: number): number {
    const place = this.find(key);
    const known = this.places[place] as number;
    if (known > 0) return known - 1;
    this.keys[this.count++] = key;
    this.places[place] = this.count;
    return this.count - 1;
  }

  /** Position of `key`, or −1. */
  position(key: number): number {
    return (this.places[this.find(key)] as number) - 1;
  }

  /** The keys added, ascending. */
  sorted(): Uint32Array {
    return this.keys.slice(0, this.count).sort();
  }

  /** Place of `key`, or the free one where it belongs. */
  private find(key: number): number {
    const hash = Math.imul(key, FIBONACCI);
    let place = (hash ^ (hash >>> 15)) & this.mask;
    for (;;) {
      const known = this.places[place] as number;
      if (known === 0 || this.keys[known - 1] === key) return place;
      place = (place + 1) & this.mask;
    }
  }
}

/** The different values in `indices`, ascending. */
export function uniqueKeys(indices: Uint32Array): Uint32Array {
  const index = new KeyIndex(indices.length);
  for (let i = 0; i < indices.length; i++) index.add(indices[i] as number);
  return index.sorted();
}
