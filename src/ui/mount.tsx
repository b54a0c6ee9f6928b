// Puts the page into the document: the only entry of ui/.
import { createRoot } from 'react-dom/client';
import { pacedStore } from '../store/paced-store.ts';
import type { ViewStore } from '../store/store.ts';
import { PageContext } from '../store/use-view.ts';
import type { Commands } from '../store/view.ts';
import './tokens.css';
import './base.css';
import { App } from './app.tsx';
import { followTheme } from './theme.ts';

/** Renders the view state and hands the user's wishes to `commands`. Returns the way out. */
export function mount(root: HTMLElement, store: ViewStore, commands: Commands): () => void {
  followTheme();
  const { shown, stop } = pacedStore(store);
  const react = createRoot(root);
  react.render(
    <PageContext value={{ store: shown, commands }}>
      <App />
    </PageContext>,
  );
  return () => {
    react.unmount();
    stop();
  };
}
