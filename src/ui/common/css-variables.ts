// CSS custom properties for React's `style`, whose type doesn't know them.
import type { CSSProperties } from 'react';

export const cssVariables = (variables: Readonly<Record<`--${string}`, string>>): CSSProperties => variables;
