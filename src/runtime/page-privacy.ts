// A room in which data stay in their tabs, as a page handles it: keeps the room told of what this tab has.
import type { Request } from '../protocol/control.ts';
import type { Offer } from '../protocol/privacy.ts';
import type { ViewStore } from '../store/store.ts';

/** What the room hasn't heard is said again after this long: the scheduler may have changed meanwhile. */
const REPEAT_MS = 1_000;

export class PagePrivacy {
  private offer: Offer | null = null;
  private said: string | null = null;
  private saidAt = Number.NEGATIVE_INFINITY;

  constructor(
    private readonly store: ViewStore,
    private readonly request: (request: Request) => void,
  ) {
    store.subscribe((state, before) => {
      if (state.privacy !== before.privacy || state.self !== before.self || state.transfers !== before.transfers)
        this.tell();
    });
  }

  choose(isPrivate: boolean): void {
    this.request({ ask: 'privacy', isPrivate });
  }

  /** What this tab's user has chosen; null for data that aren't its own. */
  setOffer(offer: Offer | null): void {
    this.offer = offer;
    this.said = null;
    this.tell();
  }

  /** Only a private room hears anything of what this tab has. */
  private tell(): void {
    const { privacy, self } = this.store.getState();
    if (self === null) return;
    const known = privacy.tabs.find(({ node }) => node === self) ?? null;
    const wanted = privacy.isPrivate ? this.offer : null;
    if ((known?.shape ?? null) === (wanted?.shape ?? null) && (known?.samples ?? 0) === (wanted?.train.samples ?? 0))
      return;
    const words = JSON.stringify(wanted);
    const now = performance.now();
    if (words === this.said && now - this.saidAt < REPEAT_MS) return;
    this.said = words;
    this.saidAt = now;
    this.request({ ask: 'offer', offer: wanted });
  }
}
