// A rate limit with a burst: tokens come back at a steady rate and every message costs some.

export interface Rate {
  /** Tokens at the start and at most. */
  readonly burst: number;
  readonly perSecond: number;
}

/** Time is passed in, so that it can be tested without waiting. */
export class TokenBucket {
  private tokens: number;

  constructor(
    private readonly rate: Rate,
    private at: number,
  ) {
    this.tokens = rate.burst;
  }

  /** Takes `cost` tokens; false when there aren't as many. */
  take(cost: number, now: number): boolean {
    this.tokens = Math.min(this.rate.burst, this.tokens + ((now - this.at) / 1000) * this.rate.perSecond);
    this.at = now;
    if (this.tokens < cost) return false;
    this.tokens -= cost;
    return true;
  }
}
