// Light, dark, or as the system has it.
import { useState } from 'react';
import { ThemeGlyph } from '../common/glyphs.tsx';
import { keepTheme, nextTheme, readTheme } from '../theme.ts';

export function ThemeButton() {
  const [theme, setTheme] = useState(readTheme);
  return (
    <button
      type="button"
      className="button button-quiet theme-button"
      aria-label={`Theme: ${theme}`}
      title={`Theme: ${theme}`}
      onClick={() => {
        const next = nextTheme(theme);
        keepTheme(next);
        setTheme(next);
      }}
    >
      <ThemeGlyph size={16} />
    </button>
  );
}
