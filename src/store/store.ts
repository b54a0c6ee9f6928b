// The page's one store: vanilla zustand, so that it works without React. Runtime writes it; ui subscribes.
import { createStore, type StoreApi } from 'zustand/vanilla';
import type { ViewState } from './view.ts';

export type ViewStore = StoreApi<ViewState>;

export const emptyView: ViewState = {
  connection: { phase: 'offline' },
  roomLink: null,
  lanLinks: [],
  self: null,
  role: 'auto',
  slowdown: 1,
  bandwidth: null,
  device: { wish: 'auto', choice: null },
  nodes: [],
  run: null,
  series: {
    version: 0,
    loss: { step: [], samples: [], seconds: [], value: [] },
    accuracy: { step: [], samples: [], seconds: [], value: [] },
  },
  ring: { points: [], segments: [] },
  flows: [],
  jobs: [],
  job: 'digits-mlp',
  dataset: null,
  privacy: { isPrivate: false, tabs: [], whyNot: null },
  transfers: { data: 0, updates: 0, parameters: 0, other: 0, fetched: [] },
  progress: null,
  checkpoint: null,
  startFrom: null,
  advice: null,
  isRatioAutomatic: false,
  trying: null,
  problem: null,
  notices: [],
};

export const createViewStore = (): ViewStore => createStore<ViewState>(() => emptyView);
