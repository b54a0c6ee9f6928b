// What the scheduler says to a request that it can't meet.

/** Why a request can't be met, and what to do. */
export type Denial = readonly [text: string, advice: string];
