// A promise with its handles outside: for what is completed by an event.
export class Deferred<T> {
  readonly promise: Promise<T>;
  resolve: (value: T) => void = () => undefined;
  reject: (reason: unknown) => void = () => undefined;

  constructor() {
    this.promise = new Promise<T>((resolve, reject) => {
      this.resolve = resolve;
      this.reject = reject;
    });
    // Whoever awaits the promise sees the failure; a task that nobody awaits must not end the worker.
    this.promise.catch(() => undefined);
  }
}

/** Lets waiters know that something changed, so that they can look again. */
export class Signal {
  private waiting = new Deferred<void>();

  /** Resolves at the next `notify`. */
  next(): Promise<void> {
    return this.waiting.promise;
  }

  notify(): void {
    const { resolve } = this.waiting;
    this.waiting = new Deferred<void>();
    resolve();
  }
}
