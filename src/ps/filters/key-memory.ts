// Key lists that went over a link, by signature: the second time the signature is enough. Both ends remember as many; who
// has forgotten one says so, and gets it again.
import { signatureOf } from './key-list.ts';

/** Lists of one sender and segment: those of its pulls under way, and of the pushes that follow them. */
const MAX_KEY_LISTS = 4;

/** The receiver's: lists by sender and signature. */
export class KeyMemory {
  private readonly lists = new Map<number, Map<string, Uint32Array>>();

  remember(sender: number, keys: Uint32Array): void {
    const own = this.lists.get(sender) ?? new Map<string, Uint32Array>();
    this.lists.set(sender, own);
    touch(own, signatureOf(keys), keys);
  }

  /** @returns undefined where the list isn't known any more */
  find(sender: number, signature: string, count: number): Uint32Array | undefined {
    const own = this.lists.get(sender);
    const keys = own?.get(signature);
    if (own === undefined || keys === undefined || keys.length !== count) return undefined;
    touch(own, signature, keys);
    return keys;
  }

  /** A new epoch: senders that have gone are forgotten with the rest. */
  clear(): void {
    this.lists.clear();
  }
}

/** The sender's: signatures that the receiver should know. */
export class SentKeys {
  private readonly signatures = new Map<string, true>();

  /** Notes that the list goes out now. @returns whether its signature is enough */
  note(signature: string): boolean {
    const isKnown = this.signatures.has(signature);
    touch(this.signatures, signature, true);
    return isKnown;
  }
}

/** Makes an entry the newest; the oldest goes where there are too many. */
function touch<T>(entries: Map<string, T>, key: string, value: T): void {
  entries.delete(key);
  entries.set(key, value);
  if (entries.size <= MAX_KEY_LISTS) return;
  const [oldest] = entries.keys();
  if (oldest !== undefined) entries.delete(oldest);
}
