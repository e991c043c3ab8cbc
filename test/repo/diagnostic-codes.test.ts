/** Catalogue, source and documentation name the same codes. `vitest -u` rewrites docs/diagnostics.md. */
import { globSync, readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { renderDiagnosticsPage } from '../../scripts/docs-diagnostics.ts';
import { CODES } from '../../src/policy/codes.ts';
