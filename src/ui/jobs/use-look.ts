// A question to the live parameters, asked again whenever they have moved on: one at a time, and not more often than a
// panel needs. What comes back is parsed: it was computed elsewhere.
import { useEffect, useState } from 'react';
import type { ZodType } from 'zod';
import { useCommands, useViewStore } from '../../store/use-view.ts';
import type { ViewState } from '../../store/view.ts';

/** Between an answer and the next question: nobody reads faster. */
const PAUSE_MS = 1_000;
/** Answers are computed in the thread that trains, and every tab asks: they may take a tenth of its time, no more. */
const PAUSES_PER_ANSWER = 9;

/** Milliseconds to wait after an answer that took so long. While nothing trains there is no time to be taken from it. */
export const pauseAfter = (ms: number, isTraining: boolean): number =>
  isTraining ? Math.max(PAUSE_MS, PAUSES_PER_ANSWER * ms) : PAUSE_MS;

const isTraining = ({ run }: ViewState): boolean => run?.phase === 'running' || run?.phase === 'finishing';

export interface Look<Answer> {
  readonly answer: Answer | null;
  /** Why there is no newer answer, in a sentence. */
  readonly error: string | null;
}

const NOTHING_YET = { answer: null, error: null };

/** Asks one question after the other, with pauses between; what is asked for meanwhile is asked once, later. */
export class PacedAsking {
  isClosed = false;
  private isBusy = false;
  private isOutdated = false;
  private pause: ReturnType<typeof setTimeout> | undefined;

  /** @param question resolves when its answer has come, and never rejects */
  constructor(
    private readonly question: () => Promise<void>,
    private readonly isTraining: () => boolean,
  ) {}

  ask(): void {
    if (this.isBusy) this.isOutdated = true;
    else void this.askNow();
  }

  /** A long pause has lost its reason. */
  hurry(): void {
    if (this.pause !== undefined) this.endPause();
  }

  close(): void {
    this.isClosed = true;
    clearTimeout(this.pause);
  }

  private async askNow(): Promise<void> {
    this.isBusy = true;
    this.isOutdated = false;
    const start = performance.now();
    await this.question();
    if (this.isClosed) return;
    this.pause = setTimeout(() => this.endPause(), pauseAfter(performance.now() - start, this.isTraining()));
  }

  private endPause(): void {
    clearTimeout(this.pause);
    this.pause = undefined;
    this.isBusy = false;
    if (this.isOutdated) this.ask();
  }
}

/**
 * The newest answer to `request`; an answer to an older request is never shown.
 * @param request plain data, or null to ask nothing
 * @param schema must be the same object at every call
 */
export function useLook<Answer>(request: unknown, schema: ZodType<Answer>): Look<Answer> {
  const commands = useCommands();
  const store = useViewStore();
  const question = request === null ? null : JSON.stringify(request);
  const [look, setLook] = useState<Look<Answer> & { readonly question: string | null }>({
    ...NOTHING_YET,
    question: null,
  });

  useEffect(() => {
    if (question === null) return;
    const asking = new PacedAsking(
      async () => {
        const found = await answerTo(commands.look(JSON.parse(question)), schema);
        if (!asking.isClosed) setLook((before) => ({ ...keepAnswer(before, question, found), question }));
      },
      () => isTraining(store.getState()),
    );
    asking.ask();
    const unsubscribe = store.subscribe((now, before) => {
      if (now.series.version !== before.series.version && !document.hidden) asking.ask();
      if (isTraining(before) && !isTraining(now)) asking.hurry();
    });
    return () => {
      asking.close();
      unsubscribe();
    };
  }, [commands, store, question, schema]);

  return look.question === question ? look : NOTHING_YET;
}

async function answerTo<Answer>(asked: Promise<unknown>, schema: ZodType<Answer>): Promise<Look<Answer>> {
  try {
    return { answer: schema.parse(await asked), error: null };
  } catch (error) {
    return { answer: null, error: error instanceof Error ? error.message : String(error) };
  }
}

/** A question that fails once (a server was just lost) leaves the last answer in sight. */
function keepAnswer<Answer>(
  before: Look<Answer> & { readonly question: string | null },
  question: string,
  found: Look<Answer>,
): Look<Answer> {
  return found.answer === null && before.question === question ? { answer: before.answer, error: found.error } : found;
}
