// React's way to the view store and to the commands. The only file of store/ that knows React.
import { createContext, useContext } from 'react';
import { useStore } from 'zustand';
import { useShallow } from 'zustand/react/shallow';
import type { ShownStore } from './paced-store.ts';
import type { Commands, ViewState } from './view.ts';

export interface Page {
  readonly store: ShownStore;
  readonly commands: Commands;
}

export const PageContext = createContext<Page | null>(null);

function usePage(): Page {
  const page = useContext(PageContext);
  if (page === null) throw new Error('This component is outside the page: render it through mount().');
  return page;
}

/** A part of the view state; renders again only when that part is another value. Keep selectors narrow. */
export const useView = <T>(selector: (state: ViewState) => T): T => useStore(usePage().store, selector);

/** Like `useView` for selectors that build an object or a list: compares its fields one by one. */
export const useViewFields = <T>(selector: (state: ViewState) => T): T =>
  useStore(usePage().store, useShallow(selector));

/** The store itself, for what draws outside React (charts, canvases). */
export const useViewStore = (): ShownStore => usePage().store;

export const useCommands = (): Commands => usePage().commands;
