// Asks for predictions, at most one in flight: what comes meanwhile waits, and only the newest of it is asked.

export type Answer =
  | { readonly kind: 'probabilities'; readonly probabilities: Float32Array }
  | { readonly kind: 'error'; readonly text: string };

export class PredictLoop {
  private waiting: Float32Array | null = null;
  private isAsking = false;

  constructor(
    private readonly predict: (image: Float32Array) => Promise<Float32Array>,
    private readonly onAnswer: (answer: Answer) => void,
  ) {}

  ask(image: Float32Array): void {
    this.waiting = image;
    if (!this.isAsking) void this.run();
  }

  /** Forgets what waits: an answer on its way is dropped. */
  cancel(): void {
    this.waiting = null;
    this.generation++;
  }

  private generation = 0;

  private async run(): Promise<void> {
    this.isAsking = true;
    while (this.waiting !== null) {
      const image = this.waiting;
      const { generation } = this;
      this.waiting = null;
      const answer = await this.answerTo(image);
      if (generation === this.generation) this.onAnswer(answer);
    }
    this.isAsking = false;
  }

  private async answerTo(image: Float32Array): Promise<Answer> {
    try {
      return { kind: 'probabilities', probabilities: await this.predict(image) };
    } catch (error) {
      return { kind: 'error', text: error instanceof Error ? error.message : String(error) };
    }
  }
}
