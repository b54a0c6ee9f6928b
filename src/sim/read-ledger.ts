// What owners have answered, beside what workers have read: filters must lose nothing on the way, whatever was lost, sent again
// or answered by an owner before.
import type { Answer, FilteredAnswer } from '../protocol/frames.ts';
import type { NodeId } from '../protocol/ids.ts';
import type { Violation } from './invariants.ts';

/** Answers that are remembered: what was lost on its way is forgotten with the oldest. */
const MAX_ANSWERS = 10_000;

interface Answered {
  readonly version: number;
  readonly values: Float32Array;
}

export class ReadLedger {
  private readonly answers = new Map<string, Answered[]>();

  /** @param values the whole segment as its owner has it; not changed afterwards */
  answered(worker: NodeId, { request, version }: Answer | FilteredAnswer, values: Float32Array): void {
    const name = `${worker} ${request}`;
    const known = this.answers.get(name) ?? [];
    this.answers.delete(name);
    this.answers.set(name, [...known, { version, values }]);
    const [oldest] = this.answers.keys();
    if (this.answers.size > MAX_ANSWERS && oldest !== undefined) this.answers.delete(oldest);
  }

  /** 8: a worker reads what an owner had when it answered. */
  check(worker: NodeId, { request, version }: Answer | FilteredAnswer, values: Float32Array): Violation | null {
    const answers = (this.answers.get(`${worker} ${request}`) ?? []).filter((answer) => answer.version === version);
    if (answers.length === 0 || answers.some((answer) => isEqual(answer.values, values))) return null;
    return { invariant: 8, text: `worker ${worker} read at version ${version} what no owner had: request ${request}` };
  }
}

const isEqual = (a: Float32Array, b: Float32Array): boolean =>
  a.length === b.length && a.every((value, at) => value === b[at]);
