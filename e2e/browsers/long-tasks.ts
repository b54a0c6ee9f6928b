// The Long Tasks API (https://www.w3.org/TR/longtasks-1/), as functions to run in a page: they may use nothing from here.

declare global {
  interface Window {
    longTaskObserver?: PerformanceObserver;
    longestTaskMs?: number;
  }
}

export function watchLongTasks(): void {
  window.longestTaskMs = 0;
  window.longTaskObserver?.disconnect();
  window.longTaskObserver = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) window.longestTaskMs = Math.max(window.longestTaskMs ?? 0, duration);
  });
  window.longTaskObserver.observe({ type: 'longtask' });
}

/** Milliseconds; 0 where no task took over 50 ms since `watchLongTasks`; null before it. */
export function longestTask(): number | null {
  for (const { duration } of window.longTaskObserver?.takeRecords() ?? []) {
    window.longestTaskMs = Math.max(window.longestTaskMs ?? 0, duration);
  }
  return window.longestTaskMs ?? null;
}
