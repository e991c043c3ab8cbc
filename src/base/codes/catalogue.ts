/**
 * The catalogue of diagnostic codes. Codes are stable: one that is no longer used is never given to
 * something else. docs/diagnostics.md is generated from here.
 */
import { ADDRESS_CODES } from './addresses.ts';
import { ANALYSIS_CODES } from './analysis.ts';
import { CHART_CODES } from './charts.ts';
import { COMPILING_CODES } from './compiling.ts';
import { CONFIGURATION_CODES } from './configuration.ts';
import type { CodeEntry } from './entry.ts';
import { FILTERSPEC_CODES } from './filterspecs.ts';
import { PACKET_TEXT_CODES } from './packet-text.ts';
import { PROTOCOL_CODES } from './protocols.ts';
import { RULE_CODES } from './rules.ts';
import { STRUCTURE_CODES } from './structure.ts';

/** XP and four digits; the first two digits are the group, a file of this folder each. */
export type DiagnosticCode =
  | keyof typeof STRUCTURE_CODES
  | keyof typeof PROTOCOL_CODES
  | keyof typeof ADDRESS_CODES
  | keyof typeof RULE_CODES
  | keyof typeof ANALYSIS_CODES
  | keyof typeof FILTERSPEC_CODES
  | keyof typeof PACKET_TEXT_CODES
  | keyof typeof COMPILING_CODES
  | keyof typeof CHART_CODES
  | keyof typeof CONFIGURATION_CODES;

export const CODES: Readonly<Record<DiagnosticCode, CodeEntry>> = {
  ...STRUCTURE_CODES,
  ...PROTOCOL_CODES,
  ...ADDRESS_CODES,
  ...RULE_CODES,
  ...ANALYSIS_CODES,
  ...FILTERSPEC_CODES,
  ...PACKET_TEXT_CODES,
  ...COMPILING_CODES,
  ...CHART_CODES,
  ...CONFIGURATION_CODES,
};
