// Two workers side by side, one computing at a time: ours, with the jobs as the trainer worker has them, and TF.js.
import { type Remote, wrap } from 'comlink';
import type { JobSteps } from './job-steps.worker.ts';
import type { TfjsSteps } from './tfjs-steps.worker.ts';

declare global {
  interface Window {
    computeBench: { readonly jobs: Remote<JobSteps>; readonly tfjs: Remote<TfjsSteps> };
  }
}

window.computeBench = {
  jobs: wrap<JobSteps>(new Worker(new URL('./job-steps.worker.ts', import.meta.url), { type: 'module' })),
  tfjs: wrap<TfjsSteps>(new Worker(new URL('./tfjs-steps.worker.ts', import.meta.url), { type: 'module' })),
};
