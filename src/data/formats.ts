// Every file format besides idx and libsvm. A new one is a file in this folder and a line here.
import { docword } from './docword.ts';
import type { FileFormat } from './file-format.ts';
import { ldac } from './ldac.ts';
import { ratingsFormat } from './ratings-format.ts';
import { tableFormat } from './table-format.ts';
import { textDocuments } from './text-documents.ts';

/** In the order in which they are asked. */
export const formats: readonly FileFormat[] = [ldac, docword, ratingsFormat, tableFormat, textDocuments];
