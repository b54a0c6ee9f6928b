// Every file format besides idx and libsvm. A new one is a file in this folder and a line here.
import type { FileFormat } from './file-format.ts';
import { textFormat } from './text.ts';

/** In the order in which they are asked. */
export const formats: readonly FileFormat[] = [textFormat];
